from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class TechnicianApplied(Event):
    name: ClassVar[str] = "technicians.technician.applied"
    technician_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class TechnicianVerified(Event):
    name: ClassVar[str] = "technicians.technician.verified"
    technician_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class TechnicianRejected(Event):
    name: ClassVar[str] = "technicians.technician.rejected"
    technician_id: UUID
    user_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class TechnicianSuspended(Event):
    """The technician may not be matched any more; whoever holds offers of his takes them back."""

    name: ClassVar[str] = "technicians.technician.suspended"
    technician_id: UUID
    user_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class TechnicianWentOffline(Event):
    name: ClassVar[str] = "technicians.technician.went_offline"
    technician_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class TechnicianPaused(Event):
    """Too many offers in a row were left unanswered: none until then (ISO 8601), unless he resumes himself."""

    name: ClassVar[str] = "technicians.technician.paused"
    technician_id: UUID
    user_id: UUID
    until: str


@dataclass(frozen=True, kw_only=True)
class DocumentReviewed(Event):
    """`status` is APPROVED or REJECTED."""

    name: ClassVar[str] = "technicians.document.reviewed"
    document_id: UUID
    user_id: UUID
    kind: str
    status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentExpired(Event):
    name: ClassVar[str] = "technicians.document.expired"
    document_id: UUID
    user_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class DocumentExpiring(Event):
    name: ClassVar[str] = "technicians.document.expiring"
    document_id: UUID
    user_id: UUID
    kind: str
    expires_on: str
