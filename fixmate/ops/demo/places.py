"""Walking about on the map."""

from math import cos, radians
from random import Random

from fixmate.core.geo import Point

METRES_PER_DEGREE = 111_320.0
MAX_LATITUDE, FULL_TURN, HALF_TURN = 89.0, 360.0, 180.0
LEAST_COSINE = 0.01


def near(point: Point, spread_m: float, dice: Random) -> Point:
    """Draw a point around another: normal in both directions, `spread_m` the deviation of each."""
    north, east = dice.gauss(0, spread_m), dice.gauss(0, spread_m)
    width = METRES_PER_DEGREE * max(LEAST_COSINE, cos(radians(point.latitude)))
    return _on_earth(point.latitude + north / METRES_PER_DEGREE, point.longitude + east / width)


def between(start: Point, end: Point, share: float) -> Point:
    """Return the point that lies `share` of the way from start to end."""
    latitude = start.latitude + (end.latitude - start.latitude) * share
    return Point(latitude, start.longitude + (end.longitude - start.longitude) * share)


def as_json(point: Point) -> dict[str, float]:
    return {"latitude": round(point.latitude, 6), "longitude": round(point.longitude, 6)}


def _on_earth(latitude: float, longitude: float) -> Point:
    turned = (longitude + HALF_TURN) % FULL_TURN - HALF_TURN
    return Point(max(-MAX_LATITUDE, min(MAX_LATITUDE, latitude)), turned)
