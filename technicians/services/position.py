from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.geo import cell_of, distance_m
from technicians.models import Dispatchable, Position
from technicians.selectors import position_get_locked, technician_get_locked
from technicians.services.dispatch import dispatchable_refresh

CLOCK_SKEW = timedelta(seconds=60)


@transaction.atomic
def position_record(
    *,
    technician_id: UUID,
    latitude: float,
    longitude: float,
    accuracy_m: float | None = None,
    recorded_at: datetime | None = None,
) -> None:
    """Take a ping. One that is not newer than the last is ignored: pings overtake each other on the way.

    A move under `POSITION_MIN_MOVE_M` writes no coordinates; it shows that the technician is there, every
    `POSITION_TOUCH_S` at most. Locks the position, and for the first ping the technician.

    :raises Invalid: if `recorded_at` lies in the future, beyond the skew of a phone's clock
    """
    held, at = position_get_locked(technician_id), clock.now()
    ping = Position(technician_id=technician_id, latitude=latitude, longitude=longitude, accuracy_m=accuracy_m)
    ping.recorded_at, ping.location_at = recorded_at or at, at
    if ping.recorded_at > at + CLOCK_SKEW:
        raise Invalid(recorded_at=["This lies in the future."])
    if held is None:
        _record_first(ping)
    else:
        _record_next(held, ping)


def _record_first(ping: Position) -> None:
    """Keep the first ping; two first ones at once line up on the technician."""
    technician = technician_get_locked(ping.technician_id)
    held = position_get_locked(technician.pk)
    if held is None:
        ping.save(force_insert=True)
        dispatchable_refresh(technician)
    else:
        _record_next(held, ping)


def _record_next(held: Position, ping: Position) -> None:
    if ping.recorded_at <= held.recorded_at:
        return
    moved_m = distance_m(held.latitude, held.longitude, ping.latitude, ping.longitude)
    if moved_m >= settings.POSITION_MIN_MOVE_M:
        _move(ping)
    elif ping.location_at - held.location_at >= timedelta(seconds=settings.POSITION_TOUCH_S):
        _touch(ping)


def _move(ping: Position) -> None:
    ping.save(force_update=True)
    Dispatchable.objects.filter(technician=ping.technician_id).update(
        cell=cell_of(ping.latitude, ping.longitude),
        latitude=ping.latitude,
        longitude=ping.longitude,
        location_at=ping.location_at,
    )


def _touch(ping: Position) -> None:
    ping.save(update_fields=["recorded_at", "location_at"])
    Dispatchable.objects.filter(technician=ping.technician_id).update(location_at=ping.location_at)
