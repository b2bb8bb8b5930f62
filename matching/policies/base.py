"""What a policy sees and what it answers. No I/O, no clock, no randomness of its own."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

SCORE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class JobView:
    """The job as a policy may know it: nothing about who the customer is."""

    id: UUID
    category: str
    latitude: float
    longitude: float
    attempt: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One technician who passed the gates, as a policy may know him: nothing about who he is."""

    id: UUID
    eta_min: float
    rating_sum: int
    rating_count: int
    accepted: int
    decided: int
    idle_min: float
    offers_total: int
    offers_today: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate's place: the score and the terms that add up to it."""

    candidate_id: UUID
    score: float
    terms: Mapping[str, float] = field(default_factory=dict)


class MatchingPolicy(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def params(self) -> Mapping[str, float]: ...
    def rank(self, job: JobView, pool: Sequence[Candidate]) -> list[Ranked]:
        """Return the pool, the best first."""
        ...


def version_of(policy: MatchingPolicy) -> str:
    """Return the hash of the policy's parameters: another parameter is another version."""
    text = json.dumps({"key": policy.key, **policy.params}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def in_order(job: JobView, scored: Iterable[tuple[Candidate, Mapping[str, float]]]) -> list[Ranked]:
    """Sort by the sum of the terms; ties go to fewer offers today, then by a hash nobody can choose."""
    rows = [(candidate, _rounded(terms)) for candidate, terms in scored]
    rows.sort(key=lambda row: (-_score(row[1]), row[0].offers_today, _lot(job.id, row[0].id)))
    return [Ranked(candidate.id, _score(terms), terms) for candidate, terms in rows]


def _rounded(terms: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, SCORE_DECIMALS) for name, value in terms.items()}


def _score(terms: Mapping[str, float]) -> float:
    return round(sum(terms.values()), SCORE_DECIMALS)


def _lot(job_id: UUID, technician_id: UUID) -> bytes:
    return hashlib.sha256(job_id.bytes + technician_id.bytes).digest()
