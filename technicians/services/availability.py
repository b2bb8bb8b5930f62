from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.db import transaction

from fixmate.core.errors import Invalid, NotFound
from technicians.availability import Slot
from technicians.models import AvailabilitySlot, Technician, TimeOff
from technicians.selectors import technician_get_locked
from technicians.services.history import history_note_all, history_note_of
from technicians.services.profile import check_time_zone


@transaction.atomic
def availability_replace(*, technician_id: UUID, time_zone: str, slots: Sequence[Slot]) -> Technician:
    """Set the weekly slots and the time zone they are in. No slots: available whenever online.

    :raises Invalid: if a slot ends before it starts, two overlap, or there is no such time zone
    """
    technician = technician_get_locked(technician_id)
    check_time_zone(time_zone)
    _check_slots(slots)
    technician.time_zone = time_zone
    technician.save(update_fields=["time_zone"])
    AvailabilitySlot.objects.filter(technician=technician).delete()
    AvailabilitySlot.objects.bulk_create(
        AvailabilitySlot(technician=technician, weekday=slot.weekday, starts_at=slot.starts_at, ends_at=slot.ends_at)
        for slot in slots
    )
    history_note_all(technician)
    return technician


@transaction.atomic
def time_off_add(*, technician_id: UUID, starts_at: datetime, ends_at: datetime, note: str = "") -> TimeOff:
    """Add a stretch without work.

    :raises Invalid: if it ends before it starts
    """
    if ends_at <= starts_at:
        raise Invalid(ends_at=["This has to be after the start."])
    technician = technician_get_locked(technician_id)
    time_off = TimeOff.objects.create(technician=technician, starts_at=starts_at, ends_at=ends_at, note=note)
    history_note_all(technician)
    return time_off


@transaction.atomic
def time_off_remove(*, technician_id: UUID, time_off_id: UUID) -> None:
    """:raises NotFound: if the technician has no such time off"""
    removed, _ = TimeOff.objects.filter(technician=technician_id, pk=time_off_id).delete()
    if not removed:
        raise NotFound
    history_note_of(technician_id)


def _check_slots(slots: Sequence[Slot]) -> None:
    if any(slot.is_empty for slot in slots):
        raise Invalid(slots=["A slot ends after it starts; 00:00 is the end of the day."])
    in_order = sorted(slots, key=lambda slot: (slot.weekday, slot.starts_at))
    if any(first.overlaps(second) for first, second in pairwise(in_order)):
        raise Invalid(slots=["Two slots overlap."])
