"""What a policy sees and what it answers. No I/O, no clock, no randomness of its own."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

SCORE_DECIMALS = 6
_LOT_BYTES = 6  # as many as a float holds exactly
_LOTS = float(1 << 8 * _LOT_BYTES)


@dataclass(frozen=True, slots=True)
class JobView:
    """The job as a policy may know it: nothing about who the customer is."""

    id: UUID
    category: str
    latitude: float
    longitude: float
    created_at: datetime
    attempt: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for the whole pass: the moment, and the seed of whatever is drawn by lot."""

    now: datetime
    seed: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a technician bears on his score whatever the job: kept as columns, so that it can be indexed."""

    rating_sum: int
    rating_count: int
    accepted: int
    decided: int
    offers_total: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One technician, as a policy may know him: nothing about who he is."""

    id: UUID
    eta_min: float
    rating_sum: int
    rating_count: int
    accepted: int
    decided: int
    idle_min: float
    offers_total: int
    offers_today: int
    online_min: float

    @property
    def standing(self) -> Standing:
        return Standing(self.rating_sum, self.rating_count, self.accepted, self.decided, self.offers_total)


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
    def rank(self, job: JobView, pool: Sequence[Candidate], ctx: Context) -> list[Ranked]:
        """Return the pool, the best first. What one candidate scores does not depend on who else is in it."""
        ...


@runtime_checkable
class IndexedPolicy(MatchingPolicy, Protocol):
    """A policy whose score is nearness + points that no job changes + patience, which grows at one rate up to a cap.

    That shape can be indexed: see `technicians.models.Dispatchable.rank_key`.
    """

    @property
    def patience_per_min(self) -> float: ...
    @property
    def patience_cap_min(self) -> float: ...
    def nearness(self, eta_min: float) -> float:
        """Return the points for being so near: the further, the fewer, never more."""
        ...

    def static_points(self, standing: Standing) -> float:
        """Return the points that neither the job nor time changes."""
        ...


def lot_of(*parts: str) -> float:
    """Return a number in [0, 1), drawn by the hash of the parts: the same parts draw the same."""
    return int.from_bytes(hashlib.sha256(":".join(parts).encode()).digest()[:_LOT_BYTES]) / _LOTS


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
