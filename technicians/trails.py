"""Reading where many technicians are and were, at once: what a flush of pings asks."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from technicians.models import Position, PositionTrace, Technician


class Held(NamedTuple):
    """A position as it is stored, read by the hundred: an instance of the model would cost more than the query."""

    technician_id: UUID
    latitude: float
    longitude: float
    accuracy_m: float | None
    recorded_at: datetime
    location_at: datetime


def position_list_locked(technician_ids: Collection[UUID]) -> list[Held]:
    """Return the positions there are, locked in the order of their technicians: two batches cannot wait crosswise."""
    positions = _positions_of(technician_ids).select_for_update().order_by("pk")
    return [Held(*row) for row in positions.values_list(*Held._fields)]


def _positions_of(technician_ids: Collection[UUID]) -> QuerySet[Position]:
    if connection.vendor == "postgresql" and technician_ids:  # pragma: postgresql
        # One array: five hundred placeholders cost the client more than the rows.
        return Position.objects.extra(where=["technician_id = ANY(%s::uuid[])"], params=[array_of(technician_ids)])
    return Position.objects.filter(pk__in=technician_ids)


def array_of(values: Iterable[UUID | float | datetime | None]) -> str:  # pragma: postgresql
    """Return the values as PostgreSQL writes an array; none of these needs quotes, and the driver looks at each."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def technicians_lock_in_order(technician_ids: Collection[UUID]) -> None:
    """Lock technicians as a row that refers to them does, or stronger, before what comes after them is locked."""
    if technician_ids:
        rows = Technician.objects.select_for_update(no_key=True).filter(pk__in=technician_ids).order_by("pk")
        list(rows.values_list("pk"))


@dataclass(frozen=True, slots=True)
class Trail:
    """When a technician was last heard of, and the place of his last trace, if there is one."""

    location_at: datetime
    last: tuple[float, float] | None


def trails_of(technician_ids: Collection[UUID]) -> dict[UUID, Trail]:
    """Return the trail of everybody who has a position, in one query. Locks nothing."""
    traces = PositionTrace.objects.filter(technician=OuterRef("pk")).order_by("-at", "-id")
    last = Subquery(traces.values(place=JSONObject(latitude="latitude", longitude="longitude"))[:1])
    rows = _positions_of(technician_ids).values_list("pk", "location_at", last)
    return {pk: Trail(at, (place["latitude"], place["longitude"]) if place else None) for pk, at, place in rows}
