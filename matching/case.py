"""What matching tells a case file: who was asked by which policy, who got the job and why."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fixmate.core.casefiles import CasePart
from matching.models import CandidateDecision, MatchingPass
from matching.selectors import offer_list_of_job

_PASS = (
    "number",
    "started_at",
    "policy",
    "policy_version",
    "radius_m",
    "looked_at",
    "passed",
    "outcome",
    "is_exploration",
    "is_guarded",
    "fallback",
)
_OFFER = ("number", "technician_id", "source", "status", "created_at", "seen_at", "closed_at", "reject_reason")


def _passes(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for one in MatchingPass.objects.filter(job=job_id).order_by("number"):
        yield tuple(getattr(one, name) for name in _PASS)


def _chosen(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    asked = CandidateDecision.objects.filter(matching_pass__job=job_id, was_offered=True)
    for row in asked.select_related("matching_pass").order_by("matching_pass__number"):
        yield row.matching_pass.number, row.technician_id, row.rank, row.score, row.terms, row.distance_m


def _offers(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for offer in offer_list_of_job(job_id):
        yield tuple(getattr(offer, name) for name in _OFFER)


PARTS = (
    CasePart("passes", "How a technician was looked for", _PASS, _passes),
    CasePart(
        "chosen", "Who was chosen, and why", ("pass", "technician", "rank", "score", "terms", "distance_m"), _chosen
    ),
    CasePart("offers", "Offers", _OFFER, _offers),
)
