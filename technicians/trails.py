"""Reading where many technicians are, at once: what a flush of pings asks."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from fixmate.core.bulk import array_of
from technicians.models import Position

# Numbers in place of keys and of times, which cost the client five times as much as the rest of the row.
_HELD = """
SELECT ping.number::int4 - 1, held.latitude, held.longitude,
    date_part('epoch', held.recorded_at), date_part('epoch', held.location_at),
    held.traced_latitude, held.traced_longitude
FROM "technicians_position" AS held
JOIN unnest(%s::uuid[]) WITH ORDINALITY AS ping (technician_id, number) USING (technician_id)
ORDER BY held.technician_id FOR UPDATE"""


class Held(NamedTuple):
    """A position as it is stored, read by the hundred: an instance of the model would cost more than the query.

    Times are seconds since 1970: exact to the microsecond, as `datetime.timestamp` has them. `number` says whose it
    is: the place in the list that was asked for.
    """

    number: int
    latitude: float
    longitude: float
    recorded_s: float
    location_s: float
    traced_latitude: float | None
    traced_longitude: float | None


def position_list_locked(technician_ids: Sequence[UUID]) -> list[Held]:
    """Return the positions there are, locked in the order of their technicians: two batches cannot wait crosswise."""
    if connection.vendor == "postgresql":  # pragma: postgresql
        with connection.cursor() as cursor:
            cursor.execute(_HELD, [array_of(pk.hex for pk in technician_ids)])
            return [Held(*row) for row in cursor.fetchall()]
    numbers = {pk: number for number, pk in enumerate(technician_ids)}
    rows = Position.objects.filter(pk__in=technician_ids).order_by("pk")
    return [
        Held(numbers[pk], latitude, longitude, recorded_at.timestamp(), location_at.timestamp(), *traced)
        for pk, latitude, longitude, recorded_at, location_at, *traced in rows.values_list(
            "pk", "latitude", "longitude", "recorded_at", "location_at", "traced_latitude", "traced_longitude"
        )
    ]
