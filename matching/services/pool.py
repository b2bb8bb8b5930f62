"""Whom a pass looks at, in the order of the policy: the best first, more only when they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from fixmate.core.geo import distance_m, eta_min
from matching.gates import Search
from matching.policies.base import Candidate, Context, IndexedPolicy, JobView, MatchingPolicy, Ranked, Standing
from matching.selectors import offers_today
from matching.services.rank_index import patience_of
from matching.services.ranking import points_checked, rank_checked
from matching.services.rollouts import is_indexed
from technicians.models import Dispatchable
from technicians.nearby import (
    DiskSearch,
    IndexSearch,
    Slim,
    dispatchable_is_crowded,
    dispatchable_list_near,
    dispatchable_list_of,
)
from technicians.spans import Reach, View

_GROWTH = 5  # each further look takes in so many times as many


@dataclass(frozen=True, slots=True)
class Placed:
    """A technician in reach, and what the policy makes of him."""

    row: Dispatchable
    candidate: Candidate
    ranked: Ranked


def ranked_chunks(
    *, view: JobView, service_id: UUID, search: Search, policy: MatchingPolicy, ctx: Context
) -> Iterator[list[Placed]]:
    """Yield who could be offered the job, best first, `CANDIDATES_KEPT` at a time, nobody twice, `POOL_SIZE` in all.

    A policy that can be indexed ranks everybody in reach, and is asked for the best `CANDIDATES_FIRST` before more.
    Of another the `POOL_SIZE` nearest are ranked.

    :raises PolicyFailed: if the policy does not rank them
    """
    if isinstance(policy, IndexedPolicy):
        yield from _best_first(view, service_id, search, policy, ctx)
        return
    placed = placed_of(_nearest(view, service_id, search), view, search, policy, ctx)
    yield from _cut(placed)


def _best_first(
    view: JobView, service_id: UUID, search: Search, policy: IndexedPolicy, ctx: Context
) -> Iterator[list[Placed]]:
    seen: set[UUID] = set()
    by_score = searcher(view, service_id, search, policy, ctx)
    for count in _counts():
        best = by_score.best(count)
        rows = dispatchable_list_of(service_id, list(best.scores))
        placed = placed_of(rows, view, search, policy, ctx)
        kept = placed if best.is_everybody else placed[:count]
        yield from _cut([one for one in kept if one.candidate.id not in seen])
        if best.is_everybody:
            return
        seen.update(one.candidate.id for one in kept)


def _counts() -> Iterator[int]:
    count = min(settings.CANDIDATES_FIRST, settings.POOL_SIZE)
    while count < settings.POOL_SIZE:
        yield count
        count *= _GROWTH
    yield settings.POOL_SIZE


def _cut(placed: Sequence[Placed]) -> Iterator[list[Placed]]:
    for first in range(0, len(placed), settings.CANDIDATES_KEPT):
        yield list(placed[first : first + settings.CANDIDATES_KEPT])


# Where they come from


def searcher(
    view: JobView, service_id: UUID, search: Search, policy: IndexedPolicy, ctx: Context
) -> IndexSearch | DiskSearch:
    """Return the way to the best by score: the index where it fits and pays, else a look at everybody in reach.

    Both give the same. The index knows live positions, and the keys of the service's default policy alone.
    """
    pays = not search.uses_base and dispatchable_is_crowded(service_id, settings.INDEX_FROM_ROWS)
    if pays and is_indexed(service_id, policy):
        return by_index(view, service_id, search, policy, ctx)
    return by_disk(view, service_id, search, policy, ctx)


def by_index(view: JobView, service_id: UUID, search: Search, policy: IndexedPolicy, ctx: Context) -> IndexSearch:
    return IndexSearch(
        View(
            service_id=service_id,
            reach=_reach(view, search),
            at=ctx.now,
            nearness=points_checked(policy.nearness),
            patience=patience_of(policy),
            with_busy=_wants_busy(search),
        )
    )


def by_disk(view: JobView, service_id: UUID, search: Search, policy: IndexedPolicy, ctx: Context) -> DiskSearch:
    nearness, static_points = points_checked(policy.nearness), points_checked(policy.static_points)

    def score(slim: Slim) -> float:
        standing = Standing(slim.rating_sum, slim.rating_count, slim.accepted, slim.decided, slim.offers_total)
        waited = min(_minutes(slim.waiting_since, ctx.now), policy.patience_cap_min)
        return nearness(eta_min(slim.away_m)) + static_points(standing) + policy.patience_per_min * waited

    return DiskSearch(
        service_id=service_id,
        reach=_reach(view, search),
        score=score,
        by_base=search.uses_base,
        with_busy=_wants_busy(search),
    )


def _nearest(view: JobView, service_id: UUID, search: Search) -> list[Dispatchable]:
    return dispatchable_list_near(
        service_id=service_id,
        latitude=view.latitude,
        longitude=view.longitude,
        radius_m=search.radius_m,
        by_base=search.uses_base,
        with_busy=_wants_busy(search),
        limit=settings.POOL_SIZE,
    )


def _reach(view: JobView, search: Search) -> Reach:
    return Reach(view.latitude, view.longitude, search.radius_m)


def _wants_busy(search: Search) -> bool:
    """Somebody at work now is of no use now; for a later visit the gates look at his bookings."""
    return search.start > search.at


# What the policy is told


def placed_of(
    rows: Sequence[Dispatchable], view: JobView, search: Search, policy: MatchingPolicy, ctx: Context
) -> list[Placed]:
    if not rows:
        return []
    today = offers_today(technician_ids=[row.technician_id for row in rows], at=ctx.now)
    pool = [_candidate(row, view, search, today.get(row.technician_id, 0), ctx.now) for row in rows]
    by_id = {candidate.id: (row, candidate) for row, candidate in zip(rows, pool, strict=True)}
    ranking = rank_checked(policy, view, pool, ctx)
    return [Placed(*by_id[ranked.candidate_id], ranked) for ranked in ranking.ranked]


def _candidate(row: Dispatchable, view: JobView, search: Search, offers: int, at: datetime) -> Candidate:
    technician = row.technician
    place = (row.base_latitude, row.base_longitude) if search.uses_base else (row.latitude, row.longitude)
    return Candidate(
        id=technician.pk,
        eta_min=eta_min(distance_m(view.latitude, view.longitude, *place)),
        rating_sum=technician.rating_sum,
        rating_count=technician.rating_count,
        accepted=technician.recent_accepted,
        decided=technician.recent_decided,
        idle_min=_minutes(technician.waiting_since, at),
        offers_total=technician.offers_received,
        offers_today=offers,
        online_min=_minutes(technician.online_since, at),
    )


def _minutes(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds() / 60) if since else 0.0
