"""From the candidate query to a ranked list: facts, verdicts, scores."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fixmate.core.geo import eta_min
from jobs.models import Job, JobPrice
from matching.enums import Gate
from matching.gates import Facts, Search, Verdict, verdicts_of
from matching.policies.base import Candidate, JobView, MatchingPolicy, Ranked
from matching.selectors import facts_near, offer_statistics


@dataclass(frozen=True, slots=True)
class Considered:
    """One technician looked at: what is known of him, what the gates say, and his place if he passed."""

    facts: Facts
    verdicts: tuple[Verdict, ...]
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


def consider(*, job: Job, price: JobPrice, search: Search, policy: MatchingPolicy, attempt: int) -> list[Considered]:
    """Return everybody within reach, those who passed ranked by the policy."""
    looked_at = [Considered(facts, tuple(verdicts_of(search, facts))) for facts in facts_near(job=job, search=search)]
    pool = _pool([one.facts for one in looked_at if one.passed], search.at)
    ranked = policy.rank(_view(job, price, attempt), pool) if pool else []
    places = {one.candidate_id: (number, one) for number, one in enumerate(ranked, start=1)}
    return [_placed(one, places) for one in looked_at]


def _placed(one: Considered, places: dict[UUID, tuple[int, Ranked]]) -> Considered:
    rank, ranked = places.get(one.technician_id, (None, None))
    return replace(one, rank=rank, ranked=ranked)


def _view(job: Job, price: JobPrice, attempt: int) -> JobView:
    return JobView(
        id=job.pk,
        category=str(job.service.category_id),
        latitude=job.latitude,
        longitude=job.longitude,
        attempt=attempt,
        price_minor=price.amount_minor,
    )


def _pool(passed: Sequence[Facts], at: datetime) -> list[Candidate]:
    if not passed:
        return []
    statistics = offer_statistics(technician_ids=[facts.technician.pk for facts in passed], at=at)
    return [_candidate(facts, statistics.get(facts.technician.pk, {}), at) for facts in passed]


def _candidate(facts: Facts, statistics: dict[str, Any], at: datetime) -> Candidate:
    technician = facts.technician
    idle_since = technician.idle_since or technician.online_since or at
    return Candidate(
        id=technician.pk,
        eta_min=eta_min(facts.distance_m),
        rating_sum=technician.rating_sum,
        rating_count=technician.rating_count,
        accepted=statistics.get("accepted", 0),
        decided=statistics.get("decided", 0),
        idle_min=max(0.0, (at - idle_since).total_seconds() / 60),
        offers_total=technician.offers_received,
        offers_today=statistics.get("today", 0),
    )


def passed_by_rank(considered: Sequence[Considered]) -> list[Considered]:
    passed = [one for one in considered if one.rank is not None]
    return sorted(passed, key=lambda one: one.rank or 0)


def turned_away(one: Considered) -> Considered:
    """Return the candidate as one whom another pass offered a job at this very moment."""
    late = Verdict(Gate.NO_LIVE_OFFER, passed=False, value=True, limit=False, reason="got another offer just now")
    verdicts = tuple(late if verdict.gate == Gate.NO_LIVE_OFFER else verdict for verdict in one.verdicts)
    return replace(one, verdicts=verdicts, ranked=None, rank=None)


def digest_of(considered: Sequence[Considered]) -> str:
    """Return a hash of who was looked at and which gates kept whom out: equal when nothing has changed."""
    rows = sorted(
        [str(one.technician_id), *(verdict.gate.value for verdict in one.verdicts if not verdict.passed)]
        for one in considered
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
