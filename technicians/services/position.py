"""Where technicians are. One ping or five hundred go the same way: the same locks, the same rules, the same rows.

Locks: the positions, then the rows of matching, each in the order of their keys, so that no two of these, nor anybody
else, wait for each other crosswise. The first ping of a technician locks him before that. A trace refers to him, which
waits for nobody: whoever locks a technician leaves his key alone.
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
from technicians.services.position_rows import Step, positions_write
from technicians.trails import Held, position_list_locked

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
    place = {"latitude": ping.latitude, "longitude": ping.longitude}
    Position.objects.create(
        technician=technician,
        **place,
        accuracy_m=ping.accuracy_m,
        recorded_at=ping.recorded_at,
        location_at=ping.accepted_at,
        traced_latitude=ping.latitude,
        traced_longitude=ping.longitude,
    )
    PositionTrace.objects.create(technician=technician, at=ping.accepted_at, **place)
    dispatchable_refresh(technician)


@transaction.atomic
def positions_move(pings: Collection[Ping]) -> list[Ping]:
    """Write the pings, one a technician: two statements on PostgreSQL, however many they are.

    Return those of technicians without a position: the first ping makes rows of matching, each on its own.
    """
    newest = {ping.technician_id: ping for ping in pings}
    held = position_list_locked(list(newest))
    taken = list(newest.values())
    positions_write([step for one in held if (step := step_of(one, taken[one.number]))])
    known = {one.number for one in held}
    return [ping for number, ping in enumerate(taken) if number not in known]


def step_of(held: Held, ping: Ping) -> Step | None:
    """Return what the ping changes, or None if it changes nothing.

    `location_at` never goes back: a ping that waited for a flush may be younger by the phone's clock and older by ours.
    """
    if ping.recorded_at.timestamp() <= held.recorded_s:
        return None
    silent_s = ping.accepted_at.timestamp() - held.location_s
    moved_m = distance_m(held.latitude, held.longitude, ping.latitude, ping.longitude)
    is_move = moved_m >= settings.POSITION_MIN_MOVE_M
    if is_move or silent_s >= settings.POSITION_TOUCH_S:
        return Step(ping, held, is_move, silent_s > settings.POSITION_FRESH_S or _has_gone_on(held, ping))
    return None


def _has_gone_on(held: Held, ping: Ping) -> bool:
    """Tell whether the ping takes him `POSITION_TRACE_M` from the place of his last trace, if there is one."""
    if held.traced_latitude is None or held.traced_longitude is None:
        return True
    gone_m = distance_m(held.traced_latitude, held.traced_longitude, ping.latitude, ping.longitude)
    return gone_m >= settings.POSITION_TRACE_M
