"""Where technicians are. One ping or five hundred go the same way: the same locks, the same rules, the same rows.

Locks: the technicians whose trace is due, then the positions, then the rows of matching, each in the order of their
keys, so that no two of these, nor anybody else, wait for each other crosswise.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.geo import distance_m
from technicians.models import Position, PositionTrace
from technicians.ping_queue import Ping
from technicians.selectors import position_get_locked, technician_get_locked
from technicians.services.dispatch import dispatchable_refresh
from technicians.services.position_rows import positions_write
from technicians.trails import Held, Trail, position_list_locked, technicians_lock_in_order, trails_of

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
    """Take a ping and write it. One that is not newer than the last is ignored: pings overtake each other on the way.

    A move under `POSITION_MIN_MOVE_M` writes no coordinates; it shows that the technician is there, every
    `POSITION_TOUCH_S` at most. `location_at` is the moment of acceptance, by the database's clock.

    :raises Invalid: if `recorded_at` lies in the future, beyond the skew of a phone's clock
    :raises NotFound: if there is no such technician
    """
    position_take(
        ping_accept(
            technician_id=technician_id,
            latitude=latitude,
            longitude=longitude,
            accuracy_m=accuracy_m,
            recorded_at=recorded_at,
        )
    )


def ping_accept(
    *, technician_id: UUID, latitude: float, longitude: float, accuracy_m: float | None, recorded_at: datetime | None
) -> Ping:
    """Return the ping with the time of its acceptance. Writes nothing.

    :raises Invalid: if `recorded_at` lies in the future, beyond the skew of a phone's clock
    """
    at = clock.now()
    ping = Ping(technician_id, latitude, longitude, accuracy_m, recorded_at=recorded_at or at, accepted_at=at)
    if ping.recorded_at > at + CLOCK_SKEW:
        raise Invalid(recorded_at=["This lies in the future."])
    return ping


@transaction.atomic
def position_take(ping: Ping) -> bool:
    """Write one accepted ping, the first of its technician or a later one. Applied twice, it changes nothing more.

    :raises NotFound: if there is no such technician
    """
    for first in positions_move([ping]):
        _begin(first)
    return True


def _begin(ping: Ping) -> None:
    """Keep the first ping; two first ones at once line up on the technician."""
    technician = technician_get_locked(ping.technician_id)
    held = position_get_locked(technician.pk)
    if held is not None:
        positions_move([ping])
        return
    position = _moved(ping, ping.accepted_at)
    position.save(force_insert=True)
    _trace(position).save(force_insert=True)
    dispatchable_refresh(technician)


@transaction.atomic
def positions_move(pings: Collection[Ping]) -> list[Ping]:
    """Write the pings, one a technician, with the same few statements however many they are.

    Return those of technicians without a position: the first ping makes rows of matching, each on its own.
    """
    newest = {ping.technician_id: ping for ping in pings}
    trails = trails_of(newest)
    traced = {pk for pk, trail in trails.items() if _leaves_trace(trail, newest[pk])}
    technicians_lock_in_order(traced)
    held = position_list_locked(trails)
    moved = [after for one in held if (after := position_after(one, newest[one.technician_id]))]
    positions_write(moved)
    PositionTrace.objects.bulk_create(_trace(position) for position in moved if position.pk in traced)
    return [ping for pk, ping in newest.items() if pk not in trails]


def position_after(held: Held, ping: Ping) -> Position | None:
    """Return the position as the ping leaves it, or None if it changes nothing.

    `location_at` never goes back: a ping that waited for a flush may be younger by the phone's clock and older by ours.
    """
    if ping.recorded_at <= held.recorded_at:
        return None
    moved_m = distance_m(held.latitude, held.longitude, ping.latitude, ping.longitude)
    at = max(held.location_at, ping.accepted_at)
    if moved_m >= settings.POSITION_MIN_MOVE_M:
        return _moved(ping, at)
    if ping.accepted_at - held.location_at >= timedelta(seconds=settings.POSITION_TOUCH_S):
        return _touched(held, ping, at)
    return None


def _moved(ping: Ping, at: datetime) -> Position:
    return Position(
        technician_id=ping.technician_id,
        latitude=ping.latitude,
        longitude=ping.longitude,
        accuracy_m=ping.accuracy_m,
        recorded_at=ping.recorded_at,
        location_at=at,
    )


def _touched(held: Held, ping: Ping, at: datetime) -> Position:
    return Position(
        technician_id=held.technician_id,
        latitude=held.latitude,
        longitude=held.longitude,
        accuracy_m=held.accuracy_m,
        recorded_at=ping.recorded_at,
        location_at=at,
    )


# Traces


def _leaves_trace(trail: Trail, ping: Ping) -> bool:
    """Tell whether the ping takes him on by `POSITION_TRACE_M`, or breaks a silence of `POSITION_FRESH_S`.

    Asked before the position is locked, because a trace locks the technician, who comes first. A ping that slips in
    between can only make it less due, or put it off to the next ping.
    """
    was_silent = ping.accepted_at - trail.location_at > timedelta(seconds=settings.POSITION_FRESH_S)
    if was_silent or trail.last is None:
        return True
    moved_m = distance_m(*trail.last, ping.latitude, ping.longitude)
    return moved_m >= settings.POSITION_TRACE_M


def _trace(position: Position) -> PositionTrace:
    return PositionTrace(
        technician_id=position.pk,
        at=position.location_at,
        latitude=position.latitude,
        longitude=position.longitude,
    )
