"""Distances and H3 cells.

Distance is equirectangular with the cosine of the mid latitude: within 30 km under 0.1 m off up to 60 degrees
of latitude, under 1 m up to 80; and symmetric.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, hypot, radians

from h3.api import basic_int as h3

EARTH_RADIUS_M = 6_371_008.8
RESOLUTION = 6
# Centre to vertex of a resolution 6 cell, the largest met on the globe: a bound, never an estimate.
CELL_REACH_M = 4_750.0
# Without a road network: streets are longer than the straight line, and city traffic is slow.
DETOUR = 1.3
SPEED_KM_H = 25.0


@dataclass(frozen=True, slots=True)
class Point:
    latitude: float
    longitude: float


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the distance in metres; longitudes may lie on both sides of the date line."""
    turn = (other_longitude - longitude + 180.0) % 360.0 - 180.0
    x = radians(turn) * cos(radians((latitude + other_latitude) / 2))
    y = radians(other_latitude - latitude)
    return EARTH_RADIUS_M * hypot(x, y)


def cell_of(latitude: float, longitude: float) -> int:
    cell: int = h3.latlng_to_cell(latitude, longitude, RESOLUTION)
    return cell


@dataclass(frozen=True, slots=True)
class Circle:
    latitude: float
    longitude: float
    radius_m: float


@lru_cache(maxsize=20_000)  # geometry never changes, and a pass asks for the same few cells again and again
def cell_circle(cell: int) -> Circle:
    """Return the smallest circle around the cell's centre that holds every point of it."""
    latitude, longitude = h3.cell_to_latlng(cell)
    corners = (distance_m(latitude, longitude, *corner) for corner in h3.cell_to_boundary(cell))
    return Circle(latitude, longitude, max(corners))


def cells_within(latitude: float, longitude: float, radius_m: float) -> list[int]:
    """Return every cell that can hold a point within `radius_m`, up to 50 km, and a few that cannot."""
    centre = cell_of(latitude, longitude)
    return list(h3.grid_disk(centre, _rings(centre, radius_m)))


def cells_around(cell: int) -> list[int]:
    """Return the cell and the six around it (five, around a pentagon)."""
    return list(h3.grid_disk(cell, 1))


def _rings(centre: int, radius_m: float) -> int:
    # Neighbouring centres are at least sqrt(3) times the shortest edge apart, and distortion is local.
    spacing: float = 1.5 * min(h3.edge_length(edge, unit="m") for edge in h3.origin_to_directed_edges(centre))
    return ceil((radius_m + 2 * CELL_REACH_M) / spacing)


def eta_min(straight_m: float) -> float:
    """Return the minutes a technician needs for a straight-line distance, without a road network."""
    return straight_m / 1000 * DETOUR / SPEED_KM_H * 60
