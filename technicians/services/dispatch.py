"""Who could be offered a job now: going online and offline, and the table that the candidate query reads."""

from uuid import UUID

from django.db import transaction

from accounts.errors import AccountSuspended
from fixmate.core import clock, events
from fixmate.core.geo import Point, cell_of
from technicians.enums import Verification
from technicians.errors import TechnicianNotVerified
from technicians.events import TechnicianWentOffline
from technicians.models import Dispatchable, Position, Technician, TechnicianSkill
from technicians.selectors import position_get_locked, technician_get_locked

_PRESENCE = ["is_online", "online_since", "idle_since"]


def dispatchable_refresh(technician: Technician) -> None:
    """Write the technician's rows anew from the facts: one per skill, or none.

    The caller holds the lock on the technician, and calls this after saving whatever the rows are made of. The
    position is locked before the rows, as a ping does it: no ping slips in between, and none waits crosswise.
    """
    base, position = technician.base, position_get_locked(technician.pk)
    Dispatchable.objects.filter(technician=technician).delete()
    if base is None or position is None or not _is_dispatchable(technician):
        return
    services = TechnicianSkill.objects.filter(technician=technician).values_list("service_id", flat=True)
    Dispatchable.objects.bulk_create(_row(technician, base, position, service_id) for service_id in services)


def _is_dispatchable(technician: Technician) -> bool:
    is_at_work = technician.is_online and technician.verification == Verification.VERIFIED
    return is_at_work and technician.deleted_at is None and technician.user.is_verified


def _row(technician: Technician, base: Point, position: Position, service_id: UUID) -> Dispatchable:
    return Dispatchable(
        technician=technician,
        service_id=service_id,
        cell=cell_of(position.latitude, position.longitude),
        base_cell=cell_of(base.latitude, base.longitude),
        latitude=position.latitude,
        longitude=position.longitude,
        base_latitude=base.latitude,
        base_longitude=base.longitude,
        travel_radius_m=technician.travel_radius_m,
        location_at=position.location_at,
    )


@transaction.atomic
def technician_go_online(*, technician_id: UUID) -> Technician:
    """Make the technician available for offers. Idempotent.

    :raises TechnicianNotVerified: before approval, and while suspended
    :raises AccountSuspended: if the account does not work
    """
    technician = technician_get_locked(technician_id)
    if technician.verification != Verification.VERIFIED:
        raise TechnicianNotVerified
    if not technician.user.is_verified:
        raise AccountSuspended
    if technician.is_online:
        return technician
    technician.is_online = True
    technician.online_since = technician.idle_since = clock.now()
    technician.save(update_fields=_PRESENCE)
    dispatchable_refresh(technician)
    return technician


@transaction.atomic
def technician_go_offline(*, technician_id: UUID) -> Technician:
    """Take the technician off the search; jobs he has stay his. Idempotent: the event goes out once."""
    technician = technician_get_locked(technician_id)
    _go_offline(technician)
    return technician


@transaction.atomic
def technician_note_user_status(*, user_id: UUID) -> None:
    """Follow the account: while it does not work, its technician is offline. Idempotent, in any order of events."""
    for technician in Technician.objects.select_for_update().filter(user=user_id):
        if technician.user.is_verified:
            dispatchable_refresh(technician)
        else:
            _go_offline(technician)


def _go_offline(technician: Technician) -> None:
    if not technician.is_online:
        return
    technician.is_online = False
    technician.online_since = technician.idle_since = None
    technician.save(update_fields=_PRESENCE)
    dispatchable_refresh(technician)
    events.publish(TechnicianWentOffline(technician_id=technician.pk, user_id=technician.user_id))
