"""The record of a pass: what it was given, everybody it looked at, and what others would have made of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from fixmate.core.bulk import rows_add
from jobs.models import Job, JobPrice
from matching.enums import PassOutcome
from matching.gates import Search
from matching.models import CandidateDecision, MatchingPass, PolicyVersion, ShadowRanking
from matching.policies.base import Candidate, Context, JobView, MatchingPolicy, version_of
from matching.rules import Rules
from matching.services.candidates import Considered, digest_of, passed_by_rank, view_of
from matching.services.pick import NOBODY, Picked
from matching.services.ranking import PolicyFailed, rank_checked
from matching.services.rollouts import UNKNOWN_VERSION, built
from matching.services.search import search_for


@dataclass(frozen=True, slots=True)
class Look:
    """One pass under way."""

    job: Job
    price: JobPrice
    rules: Rules
    policy: MatchingPolicy
    shadows: tuple[PolicyVersion, ...]
    number: int
    attempt: int
    at: datetime
    started: float
    id: UUID

    @property
    def seed(self) -> str:
        """Return what this pass draws lots by: its own, and the same whenever it is looked at again."""
        return f"{self.job.pk}:{self.number}"

    @property
    def ctx(self) -> Context:
        return Context(now=self.at, seed=self.seed)

    @property
    def search(self) -> Search:
        """Return what is looked for as long as the radius is neither held nor widened."""
        return search_for(self.job, self.rules, self.at, pays_minor=self.price.technician_earnings_minor)

    @property
    def widest_m(self) -> int:
        """Return where widening at once ends: at the cap, or here if a step is nothing."""
        return self.rules.search_radius_max_m if self.rules.search_radius_step_m else 0

    @property
    def view(self) -> JobView:
        return view_of(self.job, self.price, self.attempt)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a pass. `considered` is as it ended: who was lost to another job counts as turned away."""

    outcome: PassOutcome
    search: Search
    considered: Sequence[Considered] = ()
    picked: Picked = NOBODY
    offered: Considered | None = None
    fallback: str = ""

    @property
    def is_exploration(self) -> bool:
        return self._went_to(self.picked.drawn)

    @property
    def is_guarded(self) -> bool:
        return self._went_to(self.picked.guarded)

    def _went_to(self, one: Considered | None) -> bool:
        return one is not None and self.offered is not None and one.technician_id == self.offered.technician_id


def pass_add(look: Look, result: Result) -> MatchingPass:
    """Write the pass. It names the policy that was to rank, even where `fallback` says why another did."""
    return MatchingPass.objects.create(
        id=look.id,
        job=look.job,
        number=look.number,
        search_number=look.job.search_number,
        policy=look.policy.key,
        policy_version=version_of(look.policy),
        fallback=result.fallback,
        seed=look.seed,
        is_exploration=result.is_exploration,
        is_guarded=result.is_guarded,
        radius_m=result.search.radius_m,
        looked_at=len(result.considered),
        passed=sum(one.passed for one in result.considered),
        outcome=result.outcome,
        digest=digest_of(result.considered),
        started_at=result.search.at,
        duration_ms=round((time.perf_counter() - look.started) * 1000),
    )


def decisions_add(this_pass: MatchingPass, result: Result) -> None:
    """Write one row per technician looked at, offered or not; of more than `CANDIDATES_KEPT`, those who matter most."""
    rows_add(CandidateDecision, [_decision(this_pass, result, one) for one in _kept(result)])


def _decision(this_pass: MatchingPass, result: Result, one: Considered) -> dict[str, Any]:
    return {
        "matching_pass_id": this_pass.pk,
        "technician_id": one.technician_id,
        "verdicts": [verdict.as_json() for verdict in one.verdicts],
        "passed": one.passed,
        "distance_m": round(one.facts.distance_m),
        "eta_min": one.eta_min,
        "terms": dict(one.ranked.terms) if one.ranked else {},
        "score": one.ranked.score if one.ranked else None,
        "rank": one.rank,
        "propensity": result.picked.propensity.get(one.technician_id),
        "was_offered": one is result.offered,
    }


def _kept(result: Result) -> list[Considered]:
    """Return whom the record keeps: whoever the offer went or could have gone to, and the best others, passed first.

    Anybody else is explained as one who was not looked at: by the same gates, over what he was like then.
    """
    chances = result.picked.propensity
    asked = [one for one in result.considered if one is result.offered or chances.get(one.technician_id)]
    known = {one.technician_id for one in asked}
    others = [one for one in result.considered if one.technician_id not in known]
    others.sort(key=lambda one: one.rank is None)
    return [*asked, *others[: max(0, settings.CANDIDATES_KEPT - len(asked))]]


def shadows_add(this_pass: MatchingPass, look: Look, result: Result) -> None:
    """Have each shadow rank those who passed, and write it down: one that fails leaves its failure, and hurts nobody.

    The offer is made by then, so that nothing waits for them but the end of the transaction.
    """
    pool = [one.candidate for one in passed_by_rank(result.considered)]
    ShadowRanking.objects.bulk_create(
        ShadowRanking(matching_pass=this_pass, version=version, **_ranked_by(version, pool, look))
        for version in look.shadows
    )


def _ranked_by(version: PolicyVersion, pool: Sequence[Candidate], look: Look) -> Mapping[str, Any]:
    policy = built(version)
    if policy is None:
        return {"order": [], "duration_ms": 0.0, "failure": UNKNOWN_VERSION}
    try:
        ranking = rank_checked(policy, look.view, pool, look.ctx)
    except PolicyFailed as failed:
        return {"order": [], "duration_ms": failed.ms, "failure": str(failed)}
    kept = ranking.ranked[: settings.CANDIDATES_KEPT]
    order = [{"technician": str(one.candidate_id), "score": one.score} for one in kept]
    return {"order": order, "duration_ms": ranking.ms}
