"""Writing many positions at once, and the rows of matching made of them."""

from collections.abc import Sequence

from django.db import connection

from fixmate.core.geo import cell_of
from technicians.models import Dispatchable, Position
from technicians.trails import array_of

# Arrays, not a list of values: the text of the statement is the same for one row and for five hundred.
_POSITIONS = """
UPDATE technicians_position AS held
SET latitude = ping.latitude, longitude = ping.longitude, accuracy_m = ping.accuracy_m,
    recorded_at = ping.recorded_at, location_at = ping.location_at
FROM unnest(%s::uuid[], %s::float8[], %s::float8[], %s::float8[], %s::timestamptz[], %s::timestamptz[])
    AS ping (technician_id, latitude, longitude, accuracy_m, recorded_at, location_at)
WHERE held.technician_id = ping.technician_id
"""
# Locked in the order of their key first: an UPDATE by itself takes rows in whatever order its plan finds them.
_DISPATCHABLE = """
WITH held AS MATERIALIZED (
    SELECT id, technician_id FROM technicians_dispatchable WHERE technician_id = ANY(%s::uuid[])
    ORDER BY technician_id, service_id FOR NO KEY UPDATE
)
UPDATE technicians_dispatchable AS row
SET cell = ping.cell, latitude = ping.latitude, longitude = ping.longitude, location_at = ping.location_at
FROM held JOIN unnest(%s::uuid[], %s::bigint[], %s::float8[], %s::float8[], %s::timestamptz[])
    AS ping (technician_id, cell, latitude, longitude, location_at) ON ping.technician_id = held.technician_id
WHERE row.id = held.id
"""


def positions_write(positions: Sequence[Position]) -> None:
    """Write positions that the caller has locked, and the dispatchable rows of their technicians.

    Two statements on PostgreSQL, however many there are; on SQLite, which has one writer, two for each.
    """
    if not positions:
        return
    if connection.vendor == "postgresql":  # pragma: postgresql
        _write_together(positions)
    else:
        _write_each(positions)


def _write_together(positions: Sequence[Position]) -> None:  # pragma: postgresql
    ids = array_of(one.pk for one in positions)
    latitudes, longitudes = array_of(one.latitude for one in positions), array_of(one.longitude for one in positions)
    recorded, located = array_of(one.recorded_at for one in positions), array_of(one.location_at for one in positions)
    accuracies = array_of(one.accuracy_m for one in positions)
    cells = array_of(cell_of(one.latitude, one.longitude) for one in positions)
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS, [ids, latitudes, longitudes, accuracies, recorded, located])
        cursor.execute(_DISPATCHABLE, [ids, ids, cells, latitudes, longitudes, located])


def _write_each(positions: Sequence[Position]) -> None:
    for one in positions:
        one.save(force_update=True)
        Dispatchable.objects.filter(technician=one.pk).update(
            cell=cell_of(one.latitude, one.longitude),
            latitude=one.latitude,
            longitude=one.longitude,
            location_at=one.location_at,
        )
