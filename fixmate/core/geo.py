"""Distances and H3 cells: small ones to search in, and areas, made of them, to count in.

Distance is equirectangular with the cosine of the mid latitude: within 30 km under 0.1 m off up to 60 degrees
of latitude, under 1 m up to 80; and symmetric.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, hypot, radians

from h3.api import basic_int as h3

EARTH_RADIUS_M = 6_371_008.8
# Of the resolutions tried, the one whose search reads the fewest rows at a million technicians: docs/performance.md.
RESOLUTION = 7
AREA_RESOLUTION = 6
# Centre to vertex, more than the largest met on the globe (1,548 and 4,096 m): bounds, never estimates.
CELL_REACH_M = 1_800.0
AREA_REACH_M = 4_750.0
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


def area_of(latitude: float, longitude: float) -> int:
    """Return the area that the point's cell belongs to: some 36 square kilometres, seven cells."""
    area: int = h3.cell_to_parent(cell_of(latitude, longitude), AREA_RESOLUTION)
    return area


def cells_around(area: int) -> list[int]:
    """Return the cells of the area and of the six around it (five, around a pentagon)."""
    return [cell for one in h3.grid_disk(area, 1) for cell in h3.cell_to_children(one, RESOLUTION)]


def _rings(centre: int, radius_m: float) -> int:
    # Neighbouring centres are some sqrt(3) edges apart. A disk is a hexagon, and around a pentagon a pentagon, whose
    # sides are as near as cos(36 degrees) of that: 1.4 edges a ring. The rest is for distortion, which is local.
    spacing: float = 1.35 * min(h3.edge_length(edge, unit="m") for edge in h3.origin_to_directed_edges(centre))
    return ceil((radius_m + 2 * CELL_REACH_M) / spacing)


def eta_min(straight_m: float) -> float:
    """Return the minutes a technician needs for a straight-line distance, without a road network."""
    return straight_m / 1000 * DETOUR / SPEED_KM_H * 60
