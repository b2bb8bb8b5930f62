"""What a technician declined lately, and what that says about the next job. Pure.

A refusal fades: with age a, of a memory of m (both in seconds),
- TOO_FAR at d metres bars jobs further away than d * (1 + a/m);
- PRICE bars jobs of that service that pay him at most r * (1 - a/m), r being what he turned down;
- NO_PARTS bars that service for the first seventh of the memory: parts can be had in a day;
- BUSY bars everything for a memory of its own, which is short;
- OTHER bars nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from matching.enums import RejectReason

NO_PARTS_SHARE = 1 / 7


@dataclass(frozen=True, slots=True)
class Memory:
    """How long refusals are remembered."""

    refusal_s: int = 0
    busy_s: int = 0

    @property
    def longest_s(self) -> int:
        return max(self.refusal_s, self.busy_s)


NO_MEMORY = Memory()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offer that he declined: why, when, how far it was and what it paid him."""

    reason: RejectReason
    at: datetime
    distance_m: int
    pays_minor: int
    is_same_service: bool


@dataclass(frozen=True, slots=True)
class Objection:
    """A refusal that speaks against a job: the values compared, the words, and until when."""

    value: dict[str, Any]
    limit: int | None
    reason: str
    until: datetime


def remembered(
    refusals: Iterable[Refusal], distance_m: float, pays_minor: int, memory: Memory, at: datetime
) -> Objection | None:
    """Return what speaks against the job; of several objections the one that lasts longest."""
    found = (_objection(refusal, distance_m, pays_minor, memory, at) for refusal in refusals)
    return max((one for one in found if one), key=lambda one: one.until, default=None)


def _objection(refusal: Refusal, distance_m: float, pays_minor: int, memory: Memory, at: datetime) -> Objection | None:
    lasts_s = _lasts_s(refusal, memory)
    age_s = max(0.0, (at - refusal.at).total_seconds())
    if age_s >= lasts_s:
        return None
    limit: int | None = None
    value: dict[str, Any] = {"refused_for": refusal.reason.value, "refused_at": refusal.at.isoformat()}
    if refusal.reason == RejectReason.TOO_FAR:
        limit = round(refusal.distance_m * (1 + age_s / lasts_s))
        value |= {"refused_distance_m": refusal.distance_m, "distance_m": round(distance_m)}
        if round(distance_m) <= limit:
            return None
    if refusal.reason == RejectReason.PRICE:
        limit = round(refusal.pays_minor * (1 - age_s / lasts_s))
        value |= {"refused_pays_minor": refusal.pays_minor, "pays_minor": pays_minor}
        if pays_minor > limit:
            return None
    until = refusal.at + timedelta(seconds=lasts_s)
    return Objection({**value, "until": until.isoformat()}, limit, _words(refusal), until)


def _lasts_s(refusal: Refusal, memory: Memory) -> float:
    """Return for how many seconds the refusal bears on this job; 0 if it never does."""
    if refusal.reason == RejectReason.BUSY:
        return memory.busy_s
    if refusal.reason == RejectReason.TOO_FAR:
        return memory.refusal_s
    if refusal.reason == RejectReason.OTHER or not refusal.is_same_service:
        return 0
    return memory.refusal_s * (NO_PARTS_SHARE if refusal.reason == RejectReason.NO_PARTS else 1)


def _words(refusal: Refusal) -> str:
    return {
        RejectReason.TOO_FAR: f"you declined a job {refusal.distance_m / 1000:.1f} km away as too far",
        RejectReason.PRICE: "you declined a job of this service that pays as little",
        RejectReason.NO_PARTS: "you had no parts for this service",
        RejectReason.BUSY: "you said that you are busy",
    }[refusal.reason]
