"""How matching went for one technician over the last days: counted in jobs, and what would have changed it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from fixmate.core import clock
from fixmate.core.triggers import SQLITE
from jobs.models import Job
from matching.candidacy import decision_list_of, pass_list_without
from matching.enums import Gate, OfferSource, OfferStatus
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.services.explain import Account, accounts_of
from matching.words import advice_of
from technicians.models import Technician

_PER_GATE = {
    "postgresql": """
        SELECT verdict ->> 'gate', COUNT(DISTINCT seen.job), MAX(seen.id)
        FROM ({}) seen, jsonb_array_elements(seen.verdicts) verdict
        WHERE verdict ->> 'passed' = 'false' GROUP BY 1
    """,
    SQLITE: """
        SELECT json_extract(verdict.value, '$.gate'), COUNT(DISTINCT seen.job), MAX(seen.id)
        FROM ({}) seen, json_each(seen.verdicts) verdict
        WHERE NOT json_extract(verdict.value, '$.passed') GROUP BY 1
    """,
}


@dataclass(frozen=True, slots=True)
class Example:
    """The latest job of its kind: what and where it was, but neither whose nor at which address."""

    at: datetime
    job: Job
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class KeptOut:
    gate: Gate
    jobs: int
    latest: Example


@dataclass(frozen=True, slots=True)
class NotLookedAt:
    """Jobs of his services near him that went by without a look at him: the newest of them."""

    jobs: int
    is_everything: bool
    outranked: int
    unknown: int
    kept_out: Sequence[KeptOut]


@dataclass(frozen=True, slots=True)
class Summary:
    since: datetime
    until: datetime
    looked_at: int
    passed: int
    outranked: int
    offered: int
    accepted: int
    declined: int
    missed: int
    undelivered: int
    taken_back: int
    assigned_by_staff: int
    kept_out: Sequence[KeptOut]
    not_looked_at: NotLookedAt


def matching_summary(*, technician: Technician, days: int) -> Summary:
    """Return how often he was looked at and offered a job, and what kept him out. A constant number of queries."""
    until = clock.now()
    since = until - timedelta(days=days)
    decisions = decision_list_of(technician.pk, since=since)
    return Summary(
        since=since,
        until=until,
        **_look_counts(decisions),
        **_offer_counts(technician, since),
        kept_out=_kept_out(decisions.filter(passed=False)),
        not_looked_at=_not_looked_at(technician, since),
    )


def _look_counts(decisions: QuerySet[CandidateDecision]) -> dict[str, int]:
    jobs, passed = F("matching_pass__job"), Q(passed=True)
    counts = decisions.aggregate(
        jobs_looked_at=Count(jobs, distinct=True),
        jobs_passed=Count(jobs, filter=passed, distinct=True),
        jobs_outranked=Count(jobs, filter=passed & Q(was_ever_offered=False), distinct=True),
    )
    return {name.removeprefix("jobs_"): count for name, count in counts.items()}


def _offer_counts(technician: Technician, since: datetime) -> dict[str, int]:
    engine, shown = Q(source=OfferSource.ENGINE), Q(seen_at__isnull=False)
    expired = Q(status=OfferStatus.EXPIRED)
    taken = Q(status__in=[OfferStatus.ACCEPTED, OfferStatus.RELEASED])
    his = Offer.objects.filter(technician=technician, created_at__gte=since)
    return his.aggregate(
        offered=Count("pk", filter=engine),
        accepted=Count("pk", filter=engine & taken),
        declined=Count("pk", filter=Q(status=OfferStatus.REJECTED)),
        missed=Count("pk", filter=expired & shown),
        undelivered=Count("pk", filter=expired & ~shown),
        taken_back=Count("pk", filter=Q(status=OfferStatus.WITHDRAWN)),
        assigned_by_staff=Count("pk", filter=Q(source=OfferSource.STAFF)),
    )


# What kept him out of passes that looked at him. Who does not want to meet him is not told: blocks are left out


def _kept_out(refused: QuerySet[CandidateDecision]) -> list[KeptOut]:
    """Count the jobs by gate in the database, and read the latest decision of each gate alone."""
    rows, params = refused.values("id", "verdicts", job=F("matching_pass__job_id")).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_PER_GATE[connection.vendor].format(rows), params)
        counted = cursor.fetchall()
    latest = CandidateDecision.objects.select_related("matching_pass__job__service").in_bulk(
        {decision_id for _, _, decision_id in counted}
    )
    found = [
        KeptOut(Gate(gate), jobs, _example(Gate(gate), latest[decision_id].matching_pass, latest[decision_id].verdicts))
        for gate, jobs, decision_id in counted
        if gate != Gate.NOT_BLOCKED
    ]
    return _most_first(found)


def _example(gate: Gate, this_pass: MatchingPass, verdicts: Sequence[Mapping[str, Any]]) -> Example:
    verdict = next(one for one in verdicts if one["gate"] == gate)
    return Example(this_pass.started_at, this_pass.job, verdict["reason"], advice_of(verdict))


def _most_first(found: list[KeptOut]) -> list[KeptOut]:
    return sorted(found, key=lambda one: (-one.jobs, one.gate))


# Passes that did not look at him


def _not_looked_at(technician: Technician, since: datetime) -> NotLookedAt:
    """Ask the gates, over what he was like then, of the last look for each of the newest such jobs."""
    most = settings.EXPLAIN_PASSES
    passes = pass_list_without(technician, since=since, limit=most + 1)
    accounts = accounts_of(technician, passes[:most], {})
    by_gate: dict[Gate, list[Account]] = defaultdict(list)
    for account in accounts:
        for verdict in account.kept_out:
            by_gate[Gate(verdict["gate"])].append(account)
    found = [
        KeptOut(gate, len(of_gate), _example(gate, of_gate[0].this_pass, of_gate[0].verdicts))
        for gate, of_gate in by_gate.items()
        if gate != Gate.NOT_BLOCKED
    ]
    known = [account for account in accounts if account.verdicts]
    return NotLookedAt(
        jobs=len(accounts),
        is_everything=len(passes) <= most,
        outranked=sum(not account.kept_out for account in known),
        unknown=len(accounts) - len(known),
        kept_out=_most_first(found),
    )
