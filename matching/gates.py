"""The gates: may this technician be asked for this job now. Pure; each returns its verdict with the values compared."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from matching.enums import Gate
from technicians.enums import Verification
from technicians.models import Technician


@dataclass(frozen=True, slots=True)
class Search:
    """What a pass is looking for: a stretch of somebody's time, so far from a point."""

    job_id: UUID
    at: datetime
    start: datetime
    end: datetime
    radius_m: int
    uses_base: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """One technician as he was at the moment of the pass."""

    technician: Technician
    distance_m: float
    base_distance_m: float
    travel_radius_m: int
    location_at: datetime
    has_skill: bool
    missing_documents: tuple[str, ...]
    availability_gap: str
    booked_until: datetime | None
    workload: int
    tried: str
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
    return _verdict(Gate.VERIFIED, state == Verification.VERIFIED, state, Verification.VERIFIED.value, "not verified")


def gate_online(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.ONLINE, facts.technician.is_online, facts.technician.is_online, True, "offline")


def gate_documents(search: Search, facts: Facts) -> Verdict:
    missing = list(facts.missing_documents)
    return _verdict(Gate.DOCUMENTS, not missing, missing, [], f"no valid document: {', '.join(missing)}")


def gate_skill(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.SKILL, facts.has_skill, facts.has_skill, True, "does not offer this service")


def gate_travel_radius(search: Search, facts: Facts) -> Verdict:
    away_m = round(facts.base_distance_m)
    beyond = f"{(away_m - facts.travel_radius_m) / 1000:.1f} km beyond the travel radius"
    return _verdict(Gate.TRAVEL_RADIUS, away_m <= facts.travel_radius_m, away_m, facts.travel_radius_m, beyond)


def gate_search_radius(search: Search, facts: Facts) -> Verdict:
    away_m = round(facts.distance_m)
    return _verdict(Gate.SEARCH_RADIUS, away_m <= search.radius_m, away_m, search.radius_m, "outside the search radius")


def gate_position(search: Search, facts: Facts) -> Verdict:
    """Far ahead of the visit nobody's present position matters."""
    age_s = round((search.at - facts.location_at).total_seconds())
    is_fresh = search.uses_base or age_s <= settings.POSITION_FRESH_S
    return _verdict(Gate.POSITION, is_fresh, age_s, settings.POSITION_FRESH_S, f"position {age_s} s old")


def gate_available(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.AVAILABLE, not facts.availability_gap, facts.availability_gap, "", facts.availability_gap)


def gate_free(search: Search, facts: Facts) -> Verdict:
    until = facts.booked_until.isoformat() if facts.booked_until else None
    return _verdict(Gate.FREE, until is None, until, search.start.isoformat(), f"has work until {until}")


def gate_workload(search: Search, facts: Facts) -> Verdict:
    cap = settings.WORKLOAD_CAP
    return _verdict(Gate.WORKLOAD, facts.workload < cap, facts.workload, cap, f"holds {facts.workload} jobs")


def gate_not_tried(search: Search, facts: Facts) -> Verdict:
    return _verdict(Gate.NOT_TRIED, not facts.tried, facts.tried, "", f"was asked before: {facts.tried}")


def gate_no_live_offer(search: Search, facts: Facts) -> Verdict:
    held = facts.has_live_offer
    return _verdict(Gate.NO_LIVE_OFFER, not held, held, False, "is looking at another offer")


GATES: tuple[Callable[[Search, Facts], Verdict], ...] = (
    gate_verified,
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
    gate_no_live_offer,
)


def verdicts_of(search: Search, facts: Facts) -> list[Verdict]:
    """Put the technician through every gate, so that he can be told of all that kept him out, not of the first."""
    return [gate(search, facts) for gate in GATES]


def _verdict(gate: Gate, passed: bool, value: Any, limit: Any, reason: str) -> Verdict:
    return Verdict(gate, passed, value, limit, "" if passed else reason)
