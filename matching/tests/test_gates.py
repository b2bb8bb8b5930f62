"""Each gate at, below and above its limit; what it compared is on the verdict."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from matching.enums import Gate
from matching.gates import GATES, Facts, Search, verdicts_of
from technicians.enums import Verification
from technicians.models import Technician

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEARCH = Search(UUID(int=1), NOW, NOW, NOW + timedelta(hours=1), radius_m=6000, uses_base=False)
GOOD = Facts(
    technician=Technician(verification=Verification.VERIFIED, is_online=True),
    distance_m=1000.4,
    base_distance_m=2000.4,
    travel_radius_m=10_000,
    location_at=NOW - timedelta(seconds=30),
    has_skill=True,
    missing_documents=(),
    availability_gap="",
    booked_until=None,
    workload=0,
    tried="",
    has_live_offer=False,
)


def failing(facts, search=SEARCH):
    return [verdict for verdict in verdicts_of(search, facts) if not verdict.passed]


def test_every_gate_has_its_function_and_a_good_technician_passes_all():
    verdicts = verdicts_of(SEARCH, GOOD)

    assert [verdict.gate for verdict in verdicts] == list(Gate)
    assert [gate.__name__ for gate in GATES] == [f"gate_{gate.value.lower()}" for gate in Gate]
    assert failing(GOOD) == []
    assert {verdict.reason for verdict in verdicts} == {""}


@pytest.mark.parametrize(
    ("change", "gate", "value", "limit", "reason"),
    [
        ({"has_skill": False}, Gate.SKILL, False, True, "does not offer this service"),
        (
            {"missing_documents": ("IDENTITY", "LICENCE")},
            Gate.DOCUMENTS,
            ["IDENTITY", "LICENCE"],
            [],
            "no valid document: IDENTITY, LICENCE",
        ),
        (
            {"base_distance_m": 12_100.0},
            Gate.TRAVEL_RADIUS,
            12_100,
            10_000,
            "2.1 km beyond the travel radius",
        ),
        ({"distance_m": 6001.0}, Gate.SEARCH_RADIUS, 6001, 6000, "outside the search radius"),
        ({"location_at": NOW - timedelta(seconds=121)}, Gate.POSITION, 121, 120, "position 121 s old"),
        ({"availability_gap": "time off"}, Gate.AVAILABLE, "time off", "", "time off"),
        (
            {"booked_until": NOW + timedelta(minutes=30)},
            Gate.FREE,
            "2026-03-02T12:30:00+00:00",
            "2026-03-02T12:00:00+00:00",
            "has work until 2026-03-02T12:30:00+00:00",
        ),
        ({"workload": 8}, Gate.WORKLOAD, 8, 8, "holds 8 jobs"),
        ({"tried": "REJECTED"}, Gate.NOT_TRIED, "REJECTED", "", "was asked before: REJECTED"),
        ({"has_live_offer": True}, Gate.NO_LIVE_OFFER, True, False, "is looking at another offer"),
    ],
    ids=lambda part: part.value if isinstance(part, Gate) else None,
)
def test_gate_refuses_alone_and_says_what_it_compared(change, gate, value, limit, reason):
    refusals = failing(replace(GOOD, **change))

    assert [refusal.as_json() for refusal in refusals] == [
        {"gate": gate.value, "passed": False, "value": value, "limit": limit, "reason": reason}
    ]


@pytest.mark.parametrize("state", [Verification.PENDING, Verification.REJECTED, Verification.SUSPENDED])
def test_gate_verified_admits_nobody_else(state):
    refusals = failing(replace(GOOD, technician=Technician(verification=state, is_online=True)))

    assert [(refusal.gate, refusal.value) for refusal in refusals] == [(Gate.VERIFIED, state)]


def test_gate_online_refuses_who_is_offline():
    offline = Technician(verification=Verification.VERIFIED, is_online=False)

    assert [refusal.gate for refusal in failing(replace(GOOD, technician=offline))] == [Gate.ONLINE]


@pytest.mark.parametrize(
    "at_the_limit",
    [
        {"base_distance_m": 10_000.4},
        {"distance_m": 6000.4},
        {"location_at": NOW - timedelta(seconds=120)},
        {"workload": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_gate_passes_at_its_limit(at_the_limit):
    assert failing(replace(GOOD, **at_the_limit)) == []


def test_gate_position_does_not_matter_far_ahead_of_the_visit():
    stale = replace(GOOD, location_at=NOW - timedelta(hours=3))

    assert failing(stale, replace(SEARCH, uses_base=True)) == []


def test_every_fault_is_told_not_only_the_first():
    refusals = failing(replace(GOOD, has_skill=False, workload=9, has_live_offer=True))

    assert [refusal.gate for refusal in refusals] == [Gate.SKILL, Gate.WORKLOAD, Gate.NO_LIVE_OFFER]
