"""Who could be offered a job, near a point. Two ways to the same answer, both exact: by the index, or by a look at all.

The index is (service, cell, rank_key). Round one reads the best keys of the few nearest cells and scores them: the
last of the best so far sets the bar. Round two reads, of every cell in reach, the keys that could still clear the bar
from as near as that cell can lie. Nobody else can be among the best, so nobody else is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from heapq import nlargest
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from fixmate.core.geo import cell_circle, eta_min
from fixmate.core.prepared import Given, Prepared, among
from technicians.models import Dispatchable
from technicians.ranking import GROWING_BELOW, key_growing, points_at
from technicians.spans import Most, Reach, Span, View, read

# The nearest cells: that of the point and, most often, those around it.
_FIRST_CELLS = 7
# A policy rounds each of its terms and their sum to six decimals; the bar is lowered by more than that can add up to.
_ROUNDING = 1e-5
# The plane's distance is off by metres in the far north; a bound must not be.
_BOUND_SLACK_M = 100.0
# Somebody may have begun to wait after the moment of the pass: his points stand still at first, his key does not.
_AFTER_THE_MOMENT = timedelta(seconds=30)
_READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Best:
    """The best by score with their scores, and more where ties or rounding leave open who they are."""

    scores: dict[UUID, float]
    is_everybody: bool


# By the index


@dataclass(frozen=True, slots=True)
class IndexSearch:
    """A search by keys, for a policy whose points are nearness, what no job changes, and patience."""

    view: View

    def best(self, count: int) -> Best:
        """Return the best `count` in reach, more where they tie."""
        bounds = self._bounds()
        for cells in (bounds[:_FIRST_CELLS], bounds):
            first = self._score(read(self.view, self._all_spans(cells), Most(count, count)))
            if len(first) >= count:
                return self._second_round(bounds, _bar(first, count), count)
        return self._everybody(bounds, count)

    def _second_round(self, bounds: Sequence[tuple[int, float]], bar: float, count: int) -> Best:
        spans = [span for cell, bound in bounds for span in self._spans(cell, bar - bound)]
        return _cut(self._score(read(self.view, spans, Most(bar=bar))), count)

    def _everybody(self, bounds: Sequence[tuple[int, float]], count: int) -> Best:
        """Look at all in reach: there are but few, or they stand behind too many outside the radius."""
        scores = self._score(read(self.view, self._all_spans(bounds), Most()))
        return Best(scores, is_everybody=True) if len(scores) <= count else _cut(scores, count)

    def _bounds(self) -> list[tuple[int, float]]:
        """Return the cells in reach, the nearest first, with the most points for nearness that one in them can get."""
        circles = ((cell, cell_circle(cell)) for cell in self.view.reach.cells())
        placed = [(self.view.reach.away_m(one.latitude, one.longitude), one.radius_m, cell) for cell, one in circles]
        nearest = [(max(0.0, away_m - radius_m - _BOUND_SLACK_M), cell) for away_m, radius_m, cell in sorted(placed)]
        return [
            (cell, self.view.nearness(eta_min(away_m)))
            for away_m, cell in nearest
            if away_m <= self.view.reach.radius_m
        ]

    def _all_spans(self, bounds: Sequence[tuple[int, float]]) -> list[Span]:
        return [span for cell, _ in bounds for span in self._spans(cell, -inf)]

    def _spans(self, cell: int, points: float) -> Iterator[Span]:
        """Yield the stretches of keys that hold everybody with so many points at the moment, or more."""
        yield Span(cell, max(points, GROWING_BELOW), inf)
        if self.view.patience.grows:
            yield Span(cell, key_growing(points, self.view.patience, self.view.at + _AFTER_THE_MOMENT), GROWING_BELOW)

    def _score(self, rows: Iterable[tuple[Any, ...]]) -> dict[UUID, float]:
        view, scores = self.view, dict[UUID, float]()
        grown = -key_growing(0.0, view.patience, view.at)
        for technician_id, latitude, longitude, static, key in rows:
            away_m = view.reach.away_m(latitude, longitude)
            if away_m <= view.reach.radius_m:
                points = points_at(static, key, view.patience, grown)
                scores[_uuid(technician_id)] = view.nearness(eta_min(away_m)) + points
        return scores


def _cut(scores: dict[UUID, float], count: int) -> Best:
    bar = _bar(scores, count)
    return Best({pk: score for pk, score in scores.items() if score >= bar}, is_everybody=False)


def _bar(scores: dict[UUID, float], count: int) -> float:
    """Return what the last of the best `count` has, less what rounding may hide: who ties with him clears it."""
    return nlargest(count, scores.values())[-1] - _ROUNDING


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


# By a look at everybody in reach


class Slim(NamedTuple):
    """What a score is made of: far less than a row and its technician."""

    technician_id: UUID
    away_m: float
    waiting_since: datetime | None
    rating_sum: int
    rating_count: int
    accepted: int
    decided: int
    offers_total: int


_STANDING = ("rating_sum", "rating_count", "recent_accepted", "recent_decided", "offers_received")
# Of a row, its technician and his account: what gates and policies ask about. The rest is not sent, and costs to build.
_ROW = (
    "service_id",
    "technician_id",
    "latitude",
    "longitude",
    "base_latitude",
    "base_longitude",
    "travel_radius_m",
    "location_at",
)
_PROFILE = (
    *_STANDING,
    "user_id",
    "verification",
    "time_zone",
    "is_online",
    "online_since",
    "idle_since",
    "cooldown_until",
    "paused_until",
)


@dataclass(frozen=True, slots=True)
class DiskSearch:
    """What to look for, and how to score it. Reads everybody in reach, and keeps no more than is asked for."""

    service_id: UUID
    reach: Reach
    score: Callable[[Slim], float]
    by_base: bool
    with_busy: bool

    def best(self, count: int) -> Best:
        """Return the best `count` in reach, more where they tie."""
        scored = ((self.score(slim), slim.technician_id) for slim in self._everybody())
        top = nlargest(count + 1, scored, key=itemgetter(0))
        if len(top) <= count:
            return Best({pk: score for score, pk in top}, is_everybody=True)
        bar = top[count - 1][0] - _ROUNDING
        if top[count][0] >= bar:
            top = [(score, slim.technician_id) for slim in self._everybody() if (score := self.score(slim)) >= bar]
        return Best({pk: score for score, pk in top if score >= bar}, is_everybody=False)

    def _everybody(self) -> Iterator[Slim]:
        cells = self.reach.cells()
        rows = Dispatchable.objects.filter(Q(base_cell__in=cells) if self.by_base else Q(cell__in=cells))
        rows = rows.filter(service=self.service_id)
        rows = rows if self.with_busy else rows.filter(is_busy=False)
        place = ("base_latitude", "base_longitude") if self.by_base else ("latitude", "longitude")
        columns = (*place, "technician_id", "idle_since", *(f"technician__{name}" for name in _STANDING))
        for latitude, longitude, pk, since, *standing in rows.values_list(*columns).iterator(_READ_AT_ONCE):
            away_m = self.reach.away_m(latitude, longitude)
            if away_m <= self.reach.radius_m:
                yield Slim(pk, away_m, since, *standing)


def dispatchable_list_near(
    *, service_id: UUID, latitude: float, longitude: float, radius_m: float, by_base: bool, with_busy: bool, limit: int
) -> list[Dispatchable]:
    """Return who could be offered a job of the service within the radius, nearest first, `limit` at most.

    Where a technician is means his base or his live position. One indexed query reads the cells around the point.
    """
    reach = Reach(latitude, longitude, radius_m)
    search = DiskSearch(service_id, reach, lambda slim: -slim.away_m, by_base=by_base, with_busy=with_busy)
    nearest = sorted(search.best(limit).scores.items(), key=lambda item: (-item[1], item[0]))
    by_id = {row.technician_id: row for row in dispatchable_list_of(service_id, [pk for pk, _ in nearest[:limit]])}
    return [by_id[pk] for pk, _ in nearest[:limit] if pk in by_id]


def dispatchable_list_of(service_id: UUID, technician_ids: Sequence[UUID]) -> list[Dispatchable]:
    """Return the rows of these technicians with what the policies and gates ask about them, in no order."""
    return _rows_of.all(service=service_id, technicians=technician_ids)


@Prepared
def _rows_of() -> QuerySet[Dispatchable]:
    return with_profile(Dispatchable.objects.filter(among("technician", "technicians"), service=Given("service")))


def with_profile(rows: QuerySet[Dispatchable]) -> QuerySet[Dispatchable]:
    """Have the rows read with what the policies and gates ask about their technicians, and with nothing else."""
    profile = (f"technician__{name}" for name in _PROFILE)
    return rows.select_related("technician__user").only(*_ROW, *profile, "technician__user__status")


def dispatchable_is_crowded(service_id: UUID, rows: int) -> bool:
    """Tell whether the service has more than so many rows; counts no further."""
    return bool(_rows_after(rows).rows(service=service_id))


@cache
def _rows_after(rows: int) -> Prepared[Dispatchable]:
    one = slice(rows, rows + 1)
    return Prepared(
        lambda: Dispatchable.objects.filter(service=Given("service")).order_by().values_list("service_id")[one]
    )
