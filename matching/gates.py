"""The gates: may this technician be asked for this job now. Pure; each returns its verdict with the values compared.

A reason is for the technician to read, with times on his own wall clock; values hold UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.enums import UserStatus
from jobs.enums import BlockSide
from matching.enums import Gate, OfferStatus
from matching.memory import NO_MEMORY, Memory, Refusal, remembered
from technicians.enums import DocumentKind, Verification
from technicians.models import Technician

_TRIED = {
    OfferStatus.REJECTED: "you declined this job",
    OfferStatus.RELEASED: "you gave this job back",
    OfferStatus.EXPIRED: "you were asked in this search and did not answer",
}


@dataclass(frozen=True, slots=True)
class Search:
    """What a pass is looking for: a stretch of somebody's time, so far from a point, for so much money.

    `memory` says how long refusals of other jobs bear on this one; by default not at all.
    """

    job_id: UUID
    at: datetime
    start: datetime
    end: datetime
    radius_m: int
    uses_base: bool
    pays_minor: int = 0
    memory: Memory = NO_MEMORY


@dataclass(frozen=True, slots=True)
class Visit:
    """Other work of his: when, and how many minutes lie between there and this job."""

    begins: datetime
    ends: datetime
    way_min: float
    is_under_way: bool = False


@dataclass(frozen=True, slots=True)
class MissingDocument:
    """A required document that he does not have on the day; `expired_on` if he had one until then."""

    kind: str
    expired_on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One technician as he was at the moment of the pass."""

    technician: Technician
    account: UserStatus
    distance_m: float
    base_distance_m: float
    travel_radius_m: int
    location_at: datetime
    has_skill: bool
    missing_documents: tuple[MissingDocument, ...]
    availability_gap: str
    visits: tuple[Visit, ...]
    tried: str
    is_excluded: bool
    blocked_by: BlockSide | None
    refusals: tuple[Refusal, ...]
    has_live_offer: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    gate: Gate
    passed: bool
    value: Any = None
    limit: Any = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "gate": self.gate.value,
            "passed": self.passed,
            "value": self.value,
            "limit": self.limit,
            "reason": self.reason,
        }


def gate_verified(search: Search, facts: Facts) -> Verdict:
    state = facts.technician.verification
    passed = state == Verification.VERIFIED
    return _verdict(Gate.VERIFIED, passed, state, Verification.VERIFIED.value, "your profile is not verified")


def gate_account(search: Search, facts: Facts) -> Verdict:
    reason = f"your account is {facts.account.label.lower()}"
    return _verdict(Gate.ACCOUNT, facts.account == UserStatus.ACTIVE, facts.account, UserStatus.ACTIVE.value, reason)


def gate_online(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.ONLINE, facts.technician.is_online, facts.technician.is_online, True, "offline")


def gate_documents(search: Search, facts: Facts) -> Verdict:
    missing = [document.kind for document in facts.missing_documents]
    reason = ", ".join(_lacks(document) for document in facts.missing_documents)
    return _verdict(Gate.DOCUMENTS, not missing, missing, [], reason)


def _lacks(document: MissingDocument) -> str:
    name = DocumentKind(document.kind).label.lower()
    return f"{name} expired on {document.expired_on}" if document.expired_on else f"no approved {name}"


def gate_skill(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.SKILL, facts.has_skill, facts.has_skill, True, "this service is not among your skills")


def gate_travel_radius(search: Search, facts: Facts) -> Verdict:
    away_m, limit_m = round(facts.base_distance_m), facts.travel_radius_m
    beyond = f"{_km(away_m - limit_m)} beyond your travel radius"
    return _verdict(Gate.TRAVEL_RADIUS, away_m <= limit_m, away_m, limit_m, beyond)


def gate_search_radius(search: Search, facts: Facts) -> Verdict:
    away_m, limit_m = round(facts.distance_m), search.radius_m
    beyond = f"{_km(away_m - limit_m)} beyond the {_km(limit_m)} searched"
    return _verdict(Gate.SEARCH_RADIUS, away_m <= limit_m, away_m, limit_m, beyond)


def gate_position(search: Search, facts: Facts) -> Verdict:
    """Far ahead of the visit nobody's present position matters. A clock that was set back makes nobody stale."""
    age_s, limit_s = max(0, round((search.at - facts.location_at).total_seconds())), settings.POSITION_FRESH_S
    old = f"your last position is {age_s} s old, more than {limit_s} s"
    return _verdict(Gate.POSITION, search.uses_base or age_s <= limit_s, age_s, limit_s, old)


def gate_available(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.AVAILABLE, not facts.availability_gap, facts.availability_gap, "", facts.availability_gap)


def gate_free(search: Search, facts: Facts) -> Verdict:
    """His other work, and the way from it and to it, leave the whole stretch free."""
    clashes = (_clash(search, visit, facts.technician) for visit in facts.visits)
    clash = next((clash for clash in clashes if clash), None)
    return clash or Verdict(Gate.FREE, passed=True, limit=search.start.isoformat())


def _clash(search: Search, visit: Visit, technician: Technician) -> Verdict | None:
    way = timedelta(minutes=visit.way_min, seconds=settings.TRAVEL_SLACK_S)
    is_at_work = visit.is_under_way and search.start <= search.at
    if is_at_work or (visit.begins < search.end and visit.ends > search.start):
        reason = f"you have other work until {_on_wall(visit.ends, technician, search.at)}"
        return _busy(visit.ends, search.start, reason)
    if visit.ends <= search.start < visit.ends + way:
        reason = f"from your work before you could be there at {_on_wall(visit.ends + way, technician, search.at)}"
        return _busy(visit.ends + way, search.start, reason)
    if visit.begins < search.end + way and visit.ends > search.start:
        reason = f"you would be late for your next work at {_on_wall(visit.begins, technician, search.at)}"
        return _busy(search.end + way, visit.begins, reason)
    return None


def _busy(value: datetime, limit: datetime, reason: str) -> Verdict:
    return Verdict(Gate.FREE, passed=False, value=value.isoformat(), limit=limit.isoformat(), reason=reason)


def gate_workload(search: Search, facts: Facts) -> Verdict:
    held, cap = len(facts.visits), settings.WORKLOAD_CAP
    return _verdict(Gate.WORKLOAD, held < cap, held, cap, f"you hold {held} jobs, and {cap} are the most")


def gate_not_tried(search: Search, facts: Facts) -> Verdict:
    reason = _TRIED[OfferStatus(facts.tried)] if facts.tried else ""
    return _verdict(Gate.NOT_TRIED, not facts.tried, facts.tried, "", reason)


def gate_not_excluded(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.NOT_EXCLUDED, not facts.is_excluded, facts.is_excluded, False, "staff keep you from this job")


def gate_not_blocked(search: Search, facts: Facts) -> Verdict:
    """The value says which side blocked the other: it is for staff alone, and the reason does not tell."""
    blocked_by = facts.blocked_by.value if facts.blocked_by else ""
    return _verdict(Gate.NOT_BLOCKED, not blocked_by, blocked_by, "", "you and this customer are not put together")


def gate_refusal_memory(search: Search, facts: Facts) -> Verdict:
    objection = remembered(facts.refusals, facts.distance_m, search.pays_minor, search.memory, search.at)
    if objection is None:
        return Verdict(Gate.REFUSAL_MEMORY, passed=True)
    reason = f"{objection.reason}, until {_on_wall(objection.until, facts.technician, search.at)}"
    return Verdict(Gate.REFUSAL_MEMORY, passed=False, value=objection.value, limit=objection.limit, reason=reason)


def gate_rested(search: Search, facts: Facts) -> Verdict:
    paused, cooling = facts.technician.paused_until, facts.technician.cooldown_until
    at = search.at.isoformat()
    until = max((end for end in (paused, cooling) if end and end > search.at), default=None)
    if until is None:
        return Verdict(Gate.RESTED, passed=True, limit=at)
    why = "paused after offers without an answer" if until == paused else "resting after the last offer"
    reason = f"{why}, until {_on_wall(until, facts.technician, search.at)}"
    return Verdict(Gate.RESTED, passed=False, value=until.isoformat(), limit=at, reason=reason)


def gate_no_live_offer(search: Search, facts: Facts) -> Verdict:
    held = facts.has_live_offer
    return _verdict(Gate.NO_LIVE_OFFER, not held, held, False, "is looking at another offer")


GATES: tuple[Callable[[Search, Facts], Verdict], ...] = (
    gate_verified,
    gate_account,
    gate_online,
    gate_documents,
    gate_skill,
    gate_travel_radius,
    gate_search_radius,
    gate_position,
    gate_available,
    gate_free,
    gate_workload,
    gate_not_tried,
    gate_not_excluded,
    gate_not_blocked,
    gate_refusal_memory,
    gate_rested,
    gate_no_live_offer,
)


def verdicts_of(search: Search, facts: Facts) -> list[Verdict]:
    """Put the technician through every gate, so that he can be told of all that kept him out, not of the first."""
    return [gate(search, facts) for gate in GATES]


def _verdict(gate: Gate, passed: bool, value: Any, limit: Any, reason: str) -> Verdict:
    return Verdict(gate, passed, value, limit, "" if passed else reason)


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f} km"


def _on_wall(moment: datetime, technician: Technician, at: datetime) -> str:
    """Return the moment on his wall clock; with the day, if that is not today."""
    zone = ZoneInfo(technician.time_zone)
    wall = moment.astimezone(zone)
    return f"{wall:%H:%M}" if wall.date() == at.astimezone(zone).date() else f"{wall:%Y-%m-%d %H:%M}"
