"""The tables of technicians, by subject."""

from technicians.models.documents import Document
from technicians.models.hours import AvailabilitySlot, TimeOff
from technicians.models.presence import Dispatchable, Position, PositionTrace, TechnicianState
from technicians.models.technicians import Technician, TechnicianSkill

__all__ = [
    "AvailabilitySlot",
    "Dispatchable",
    "Document",
    "Position",
    "PositionTrace",
    "Technician",
    "TechnicianSkill",
    "TechnicianState",
    "TimeOff",
]
