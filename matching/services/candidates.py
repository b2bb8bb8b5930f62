"""From ranked candidates to whom the job may be offered: facts, verdicts, ranks."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from uuid import UUID

from django.conf import settings

from fixmate.core.geo import eta_min
from jobs.models import Job, JobPrice
from matching.enums import Gate
from matching.facts import facts_of
from matching.gates import Facts, Search, Verdict, verdicts_of
from matching.policies.base import Candidate, Context, JobView, MatchingPolicy, Ranked
from matching.services.pool import Placed, placed_of, ranked_chunks
from matching.services.ranking import FALLBACK, PolicyFailed, rank_checked
from technicians.models import Dispatchable


@dataclass(frozen=True, slots=True)
class Considered:
    """One technician looked at: what is known of him, what the gates say, and his place if he passed."""

    facts: Facts
    verdicts: tuple[Verdict, ...]
    candidate: Candidate
    ranked: Ranked | None = None
    rank: int | None = None

    @property
    def technician_id(self) -> UUID:
        pk: UUID = self.facts.technician.pk
        return pk

    @property
    def eta_min(self) -> float:
        return round(eta_min(self.facts.distance_m), 1)

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a pass looked at; `fallback` says why `nearest` ranked them instead of the policy, if it did."""

    considered: list[Considered]
    fallback: str = ""


def consider(*, job: Job, view: JobView, search: Search, policy: MatchingPolicy, ctx: Context) -> Found:
    """Return whom the pass looked at, those who passed ranked by the policy.

    The best by score go through the gates first; more are asked for only while nobody passes. What a candidate scores
    does not depend on the others, so ranking before the gates gives the order of ranking after them. While there are
    experiments the nearest who pass are looked at as well, however low they score.
    """
    try:
        return Found(_numbered(_looked_at(job, view, search, policy, ctx)))
    except PolicyFailed as failed:
        return Found(_numbered(_looked_at(job, view, search, FALLBACK, ctx)), str(failed))


def _looked_at(job: Job, view: JobView, search: Search, policy: MatchingPolicy, ctx: Context) -> list[Considered]:
    looked_at = list[Considered]()
    for chunk in ranked_chunks(view=view, service_id=job.service_id, search=search, policy=policy, ctx=ctx):
        looked_at += _gated(job, search, chunk)
        if any(one.passed for one in looked_at):
            break
    if not settings.EXPLORATION_PERCENT:
        return looked_at
    known = {one.technician_id: one for one in looked_at}
    return _in_order(policy, view, ctx, _with_nearest(job, view, search, ctx, known))


def _with_nearest(
    job: Job, view: JobView, search: Search, ctx: Context, known: Mapping[UUID, Considered]
) -> list[Considered]:
    """Add whoever is wanting for the `EXPLORATION_AMONG` nearest of all who pass to be known."""
    known, passed = dict(known), 0
    for chunk in ranked_chunks(view=view, service_id=job.service_id, search=search, policy=FALLBACK, ctx=ctx):
        new = [placed for placed in chunk if placed.row.technician_id not in known]
        known |= {one.technician_id: one for one in _gated(job, search, new)}
        passed += sum(known[placed.row.technician_id].passed for placed in chunk)
        if passed >= settings.EXPLORATION_AMONG:
            break
    return list(known.values())


def _in_order(policy: MatchingPolicy, view: JobView, ctx: Context, looked_at: Sequence[Considered]) -> list[Considered]:
    """Put those found in two ways into one order."""
    by_id = {one.technician_id: one for one in looked_at}
    ranking = rank_checked(policy, view, [one.candidate for one in looked_at], ctx)
    return [replace(by_id[ranked.candidate_id], ranked=ranked) for ranked in ranking.ranked]


def _gated(job: Job, search: Search, chunk: Sequence[Placed]) -> list[Considered]:
    facts_in_order = facts_of(job=job, search=search, rows=[placed.row for placed in chunk])
    return [
        Considered(facts, tuple(verdicts_of(search, facts)), placed.candidate, placed.ranked)
        for placed, facts in zip(chunk, facts_in_order, strict=True)
    ]


def consider_rows(
    *, job: Job, view: JobView, search: Search, policy: MatchingPolicy, ctx: Context, rows: Sequence[Dispatchable]
) -> list[Considered]:
    """Put these technicians through the gates; who passes has a score, and no rank yet.

    :raises PolicyFailed: if the policy does not rank them
    """
    return _gated(job, search, placed_of(rows, view, search, policy, ctx)) if rows else []


def _numbered(looked_at: Sequence[Considered]) -> list[Considered]:
    """Give those who passed their ranks, in the order they come in; the others lose their place."""
    ranks = count(1)
    return [replace(one, rank=next(ranks)) if one.passed else replace(one, ranked=None) for one in looked_at]


def view_of(job: Job, price: JobPrice, attempt: int) -> JobView:
    """Return the job as a policy may know it."""
    return JobView(
        id=job.pk,
        category=str(job.service.category_id),
        latitude=job.latitude,
        longitude=job.longitude,
        created_at=job.created_at,
        attempt=attempt,
        price_minor=price.amount_minor,
    )


def passed_by_rank(considered: Sequence[Considered]) -> list[Considered]:
    passed = [one for one in considered if one.rank is not None]
    return sorted(passed, key=lambda one: one.rank or 0)


def turned_away(one: Considered) -> Considered:
    """Return the candidate as one who got another offer, or left the search, at this very moment."""
    late = Verdict(
        Gate.NO_LIVE_OFFER,
        passed=False,
        value=True,
        limit=False,
        reason="got another offer, or left the search, just now",
    )
    verdicts = tuple(late if verdict.gate == Gate.NO_LIVE_OFFER else verdict for verdict in one.verdicts)
    return replace(one, verdicts=verdicts, ranked=None, rank=None)


def digest_of(considered: Sequence[Considered]) -> str:
    """Return a hash of who was looked at and which gates kept whom out: equal when nothing has changed."""
    rows = sorted(
        [str(one.technician_id), *(verdict.gate.value for verdict in one.verdicts if not verdict.passed)]
        for one in considered
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
