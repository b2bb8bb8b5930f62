"""Writing many positions at once, with their traces and the rows of matching made of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection

from fixmate.core.bulk import array_of
from fixmate.core.geo import cell_of
from technicians.models import Dispatchable, Position, PositionTrace
from technicians.ping_queue import Ping
from technicians.trails import Held

# Arrays, not a list of values: the text of the statement is the same for one row and for five hundred. What is NULL
# in a ping stays as it is. The rows of matching are locked in the order of their key before any of them is written:
# an UPDATE by itself takes rows in whatever order its plan finds them.
_WRITE = """
WITH moved AS (
    UPDATE technicians_position AS held
    SET latitude = coalesce(ping.latitude, held.latitude), longitude = coalesce(ping.longitude, held.longitude),
        accuracy_m = CASE WHEN ping.latitude IS NULL THEN held.accuracy_m ELSE ping.accuracy_m END,
        recorded_at = ping.recorded_at, location_at = greatest(held.location_at, ping.accepted_at),
        traced_latitude =
            CASE WHEN ping.is_traced THEN coalesce(ping.latitude, held.latitude) ELSE held.traced_latitude END,
        traced_longitude =
            CASE WHEN ping.is_traced THEN coalesce(ping.longitude, held.longitude) ELSE held.traced_longitude END
    FROM unnest(
        %s::uuid[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::timestamptz[], %s::timestamptz[],
        %s::bool[]
    ) AS ping (technician_id, cell, latitude, longitude, accuracy_m, recorded_at, accepted_at, is_traced)
    WHERE held.technician_id = ping.technician_id
    RETURNING held.technician_id, held.latitude, held.longitude, held.location_at, ping.cell, ping.is_traced
), traced AS (
    INSERT INTO technicians_positiontrace (technician_id, at, latitude, longitude)
    SELECT technician_id, location_at, latitude, longitude FROM moved WHERE is_traced
), locked AS MATERIALIZED (
    SELECT row.id, moved.cell, moved.latitude, moved.longitude, moved.location_at
    FROM technicians_dispatchable AS row JOIN moved USING (technician_id)
    ORDER BY row.technician_id, row.service_id FOR NO KEY UPDATE OF row
)
UPDATE technicians_dispatchable AS row
SET cell = locked.cell, latitude = locked.latitude, longitude = locked.longitude,
    location_at = locked.location_at
FROM locked WHERE row.id = locked.id
"""


class Step(NamedTuple):
    """What a ping changes: everything, or without a move only when the technician was last heard of."""

    ping: Ping
    held: Held
    is_move: bool
    is_traced: bool


def positions_write(steps: Sequence[Step]) -> None:
    """Write positions that the caller has locked, the traces due, and the dispatchable rows of their technicians.

    One statement on PostgreSQL, however many there are; on SQLite, which has one writer, two or three for each. A
    statement of its own, after the one that locked: rows made by whoever had the lock before are seen.
    """
    if not steps:
        return
    if connection.vendor == "postgresql":  # pragma: postgresql
        _write_together(steps)
    else:
        for step in steps:
            _write(step)


def _write_together(steps: Sequence[Step]) -> None:  # pragma: postgresql
    pings = [step.ping for step in steps]
    places = [(step.ping.latitude, step.ping.longitude) if step.is_move else None for step in steps]
    cells = [
        cell_of(*(place or (step.held.latitude, step.held.longitude)))
        for step, place in zip(steps, places, strict=True)
    ]
    columns = (
        [ping.technician_id.hex for ping in pings],
        [str(cell) for cell in cells],
        [repr(place[0]) if place else "NULL" for place in places],
        [repr(place[1]) if place else "NULL" for place in places],
        ["NULL" if ping.accuracy_m is None else repr(ping.accuracy_m) for ping in pings],
        [ping.recorded_at.isoformat() for ping in pings],
        [ping.accepted_at.isoformat() for ping in pings],
        ["t" if step.is_traced else "f" for step in steps],
    )
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [array_of(column) for column in columns])


def _write(step: Step) -> None:
    ping, held = step.ping, step.held
    at = max(ping.accepted_at, datetime.fromtimestamp(held.location_s, UTC))
    latitude, longitude = (ping.latitude, ping.longitude) if step.is_move else (held.latitude, held.longitude)
    changes = {"latitude": latitude, "longitude": longitude, "location_at": at}
    accuracy = {"accuracy_m": ping.accuracy_m} if step.is_move else {}
    traced = {"traced_latitude": latitude, "traced_longitude": longitude} if step.is_traced else {}
    Position.objects.filter(pk=ping.technician_id).update(recorded_at=ping.recorded_at, **changes, **accuracy, **traced)
    Dispatchable.objects.filter(technician=ping.technician_id).update(cell=cell_of(latitude, longitude), **changes)
    if step.is_traced:
        PositionTrace.objects.create(technician_id=ping.technician_id, at=at, latitude=latitude, longitude=longitude)
