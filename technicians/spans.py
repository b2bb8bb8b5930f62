"""Reading stretches of the candidate index, all those of a round in one statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from fixmate.core.bulk import array_of
from fixmate.core.geo import EARTH_RADIUS_M, cells_within, distance_m, eta_min
from technicians.models import Dispatchable
from technicians.ranking import GROWING_BELOW, Patience, key_growing

# How finely the database rounds distances down, and what its arithmetic may differ from ours by.
_RING_M = 200.0
_RING_SLACK_M = 1.0

Nearness = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Reach:
    """A point and how far around it to look."""

    latitude: float
    longitude: float
    radius_m: float

    def away_m(self, latitude: float, longitude: float) -> float:
        return distance_m(self.latitude, self.longitude, latitude, longitude)

    def cells(self) -> list[int]:
        return cells_within(self.latitude, self.longitude, self.radius_m)


@dataclass(frozen=True, slots=True)
class View:
    """From where and when the rows are looked at, and how near is worth how much, by minutes of travel."""

    service_id: UUID
    reach: Reach
    at: datetime
    nearness: Nearness
    patience: Patience
    with_busy: bool


class Span(NamedTuple):
    """A stretch of keys in a cell: from low up to, not including, high."""

    cell: int
    low: float
    high: float


_NO_LIMIT = 2**31 - 1


class Most(NamedTuple):
    """How many keys to read of each span, how many rows to return of all, the best; and the score they must have."""

    keys: int = _NO_LIMIT
    rows: int = _NO_LIMIT
    bar: float = -inf


# The outer query leaves out who is too far to clear the bar, before he costs the way to Python: `near` holds the most
# points that anybody in the first ring around the point can get for nearness, in the second, and so on to the radius.
_POSTGRES = """
SELECT technician_id, latitude, longitude, rank_static, rank_key FROM (
    SELECT found.*, (%(near)s::float8[])[1 + floor(sqrt(x * x + y * y) / %(ring)s)::int] + CASE
        WHEN rank_key >= %(border)s THEN rank_key
        ELSE greatest(rank_static, least(rank_key + %(grown)s, rank_static + %(patience)s)) END AS score
    FROM unnest(%(cells)s::bigint[], %(lows)s::float8[], %(highs)s::float8[]) AS span (cell, low, high)
    CROSS JOIN LATERAL (
        SELECT technician_id, latitude, longitude, rank_static, rank_key, radians(latitude - %(latitude)s) AS y,
            cos(radians((latitude + %(latitude)s) / 2)) *
            radians(least(abs(longitude - %(longitude)s), 360 - abs(longitude - %(longitude)s))) AS x
        FROM technicians_dispatchable
        WHERE service_id = %(service)s AND cell = span.cell
            AND rank_key >= span.low AND rank_key < span.high AND (NOT is_busy OR %(with_busy)s)
        ORDER BY rank_key DESC LIMIT %(keys)s
    ) AS found
) AS scored WHERE score >= %(bar)s ORDER BY score DESC LIMIT %(rows)s
"""
# SQLite has no LATERAL; CROSS JOIN keeps the order of the tables, and IN looks the few rows up by their key.
_SQLITE = """
WITH span (cell, low, high) AS (VALUES {spans})
SELECT technician_id, latitude, longitude, rank_static, rank_key
FROM span CROSS JOIN technicians_dispatchable AS found
WHERE found.id IN (
    SELECT id FROM technicians_dispatchable
    WHERE service_id = %s AND cell = span.cell
        AND rank_key >= span.low AND rank_key < span.high AND (NOT is_busy OR %s)
    ORDER BY rank_key DESC LIMIT %s
)
"""


def read(view: View, spans: Sequence[Span], most: Most) -> list[tuple[Any, ...]]:
    """Return technician, latitude, longitude, fixed points and key of all who can clear the bar, and of others."""
    statement, params = statement_of(view, spans, most)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def statement_of(view: View, spans: Sequence[Span], most: Most) -> tuple[str, Any]:
    """Return the statement and its parameters: apart from running it, so that its plan can be looked at."""
    service = Dispatchable._meta.get_field("service").get_db_prep_value(view.service_id, connection)
    if connection.vendor == "postgresql":  # pragma: postgresql
        return _POSTGRES, _postgres_params(view, spans, most) | {"service": service}
    values = ", ".join(["(%s, %s, %s)"] * len(spans))
    bounds = [value for span in spans for value in span]
    return _SQLITE.format(spans=values), [*bounds, service, view.with_busy, most.keys]


def _postgres_params(view: View, spans: Sequence[Span], most: Most) -> dict[str, Any]:  # pragma: postgresql
    cells, lows, highs = (array_of(map(repr, column)) for column in zip(*spans, strict=True))
    rings = ceil(view.reach.radius_m / _RING_M) + 1
    return {
        "near": array_of(repr(_most_near(view, ring)) for ring in range(rings)),
        "ring": _RING_M / EARTH_RADIUS_M,
        "border": GROWING_BELOW,
        "grown": -key_growing(0.0, view.patience, view.at),
        "patience": view.patience.most,
        "cells": cells,
        "lows": lows,
        "highs": highs,
        "latitude": view.reach.latitude,
        "longitude": view.reach.longitude,
        "with_busy": view.with_busy,
        **most._asdict(),
    }


def _most_near(view: View, ring: int) -> float:  # pragma: postgresql
    return view.nearness(eta_min(max(0.0, ring * _RING_M - _RING_SLACK_M)))
