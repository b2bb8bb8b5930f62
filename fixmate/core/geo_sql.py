"""The distance of `core.geo`, asked of the database."""

from typing import TypeVar

from django.db.models import F, Model, QuerySet
from django.db.models.functions import Abs, Cos, Least, Radians

from fixmate.core.geo import EARTH_RADIUS_M, Point

M = TypeVar("M", bound=Model)


def filter_within(rows: QuerySet[M], *, latitude: str, longitude: str, of: Point, radius_m: float) -> QuerySet[M]:
    """Keep the rows whose place, in the two columns named, lies within the radius of the point."""
    span = Abs(F(longitude) - of.longitude)
    turn = Radians(Least(span, 360.0 - span))
    x = turn * Cos(Radians((F(latitude) + of.latitude) / 2))
    y = Radians(F(latitude) - of.latitude)
    reach = radius_m / EARTH_RADIUS_M
    within: QuerySet[M] = rows.alias(away=x * x + y * y).filter(away__lte=reach * reach)  # type: ignore[assignment]
    return within
