"""Each gate at, below and above its limit; what it compared is on the verdict."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import UserStatus
from jobs.enums import BlockSide
from matching.enums import Gate, RejectReason
from matching.gates import GATES, Facts, MissingDocument, Search, Visit, verdicts_of
from matching.memory import Memory, Refusal
from technicians.enums import Verification
from technicians.models import Technician

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)
SEARCH = Search(UUID(int=1), NOW, NOW, NOW + HOUR, radius_m=6000, uses_base=False)
LATER = replace(SEARCH, start=NOW + 2 * HOUR, end=NOW + 3 * HOUR)
GOOD = Facts(
    technician=Technician(verification=Verification.VERIFIED, is_online=True),
    account=UserStatus.ACTIVE,
    distance_m=1000.4,
    base_distance_m=2000.4,
    travel_radius_m=10_000,
    location_at=NOW - timedelta(seconds=30),
    has_skill=True,
    missing_documents=(),
    availability_gap="",
    visits=(),
    tried="",
    is_excluded=False,
    blocked_by=None,
    refusals=(),
    has_live_offer=False,
)
TOMORROW = Visit(NOW + 24 * HOUR, NOW + 25 * HOUR, way_min=10.0)


def technician(**kwargs):
    return Technician(verification=Verification.VERIFIED, is_online=True, **kwargs)


def only(facts, search=SEARCH):
    """Return the one verdict that refuses."""
    (refusal,) = failing(facts, search)
    return refusal


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
        (
            {"account": UserStatus.RESTRICTED},
            Gate.ACCOUNT,
            "RESTRICTED",
            "ACTIVE",
            "your account is restricted",
        ),
        ({"has_skill": False}, Gate.SKILL, False, True, "this service is not among your skills"),
        (
            {"missing_documents": (MissingDocument("IDENTITY"), MissingDocument("INSURANCE", date(2026, 3, 1)))},
            Gate.DOCUMENTS,
            ["IDENTITY", "INSURANCE"],
            [],
            "no approved identity, insurance expired on 2026-03-01",
        ),
        (
            {"base_distance_m": 12_100.0},
            Gate.TRAVEL_RADIUS,
            12_100,
            10_000,
            "2.1 km beyond your travel radius",
        ),
        ({"distance_m": 6100.0}, Gate.SEARCH_RADIUS, 6100, 6000, "0.1 km beyond the 6.0 km searched"),
        (
            {"location_at": NOW - timedelta(seconds=121)},
            Gate.POSITION,
            121,
            120,
            "your last position is 121 s old, more than 120 s",
        ),
        ({"availability_gap": "time off"}, Gate.AVAILABLE, "time off", "", "time off"),
        ({"visits": (TOMORROW,) * 8}, Gate.WORKLOAD, 8, 8, "you hold 8 jobs, and 8 are the most"),
        ({"tried": "REJECTED"}, Gate.NOT_TRIED, "REJECTED", "", "you declined this job"),
        ({"tried": "RELEASED"}, Gate.NOT_TRIED, "RELEASED", "", "you gave this job back"),
        ({"tried": "EXPIRED"}, Gate.NOT_TRIED, "EXPIRED", "", "you were asked in this search and did not answer"),
        ({"is_excluded": True}, Gate.NOT_EXCLUDED, True, False, "staff keep you from this job"),
        (
            {"blocked_by": BlockSide.CUSTOMER},
            Gate.NOT_BLOCKED,
            "CUSTOMER",
            "",
            "you and this customer are not put together",
        ),
        (
            {"blocked_by": BlockSide.TECHNICIAN},
            Gate.NOT_BLOCKED,
            "TECHNICIAN",
            "",
            "you and this customer are not put together",
        ),
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
        {"location_at": NOW + timedelta(seconds=50)},
        {"visits": (TOMORROW,) * 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_gate_passes_at_its_limit(at_the_limit):
    assert failing(replace(GOOD, **at_the_limit)) == []


def test_gate_position_does_not_matter_far_ahead_of_the_visit():
    stale = replace(GOOD, location_at=NOW - timedelta(hours=3))

    assert failing(stale, replace(SEARCH, uses_base=True)) == []


def test_every_fault_is_told_not_only_the_first():
    refusals = failing(replace(GOOD, has_skill=False, is_excluded=True, has_live_offer=True))

    assert [refusal.gate for refusal in refusals] == [Gate.SKILL, Gate.NOT_EXCLUDED, Gate.NO_LIVE_OFFER]


# Free: other work, and the way from it and to it


@pytest.mark.parametrize(
    ("begins", "ends", "way_min"),
    [
        (NOW, NOW + 2 * HOUR - 10 * MINUTE, 10),
        (NOW, NOW + 2 * HOUR, 0),
        (NOW + 3 * HOUR + 10 * MINUTE, NOW + 4 * HOUR, 10),
        (NOW + 3 * HOUR, NOW + 4 * HOUR, 0),
    ],
    ids=["just there in time", "next door before", "just there afterwards", "next door after"],
)
def test_gate_free_lets_pass_whoever_makes_it_from_work_to_work(begins, ends, way_min):
    assert failing(replace(GOOD, visits=(Visit(begins, ends, way_min),)), LATER) == []


@pytest.mark.parametrize(
    ("visit", "value", "limit", "reason"),
    [
        (
            Visit(NOW, NOW + 2 * HOUR + SECOND, 0),
            NOW + 2 * HOUR + SECOND,
            NOW + 2 * HOUR,
            "you have other work until 14:00",
        ),
        (
            Visit(NOW + 3 * HOUR - SECOND, NOW + 4 * HOUR, 0),
            NOW + 4 * HOUR,
            NOW + 2 * HOUR,
            "you have other work until 16:00",
        ),
        (
            Visit(NOW, NOW + 2 * HOUR, 10),
            NOW + 2 * HOUR + 10 * MINUTE,
            NOW + 2 * HOUR,
            "from your work before you could be there at 14:10",
        ),
        (
            Visit(NOW + 3 * HOUR + 9 * MINUTE, NOW + 4 * HOUR, 10),
            NOW + 3 * HOUR + 10 * MINUTE,
            NOW + 3 * HOUR + 9 * MINUTE,
            "you would be late for your next work at 15:09",
        ),
    ],
    ids=["before", "after", "the way there", "the way on"],
)
def test_gate_free_refuses_overlaps_and_ways_that_take_too_long(visit, value, limit, reason):
    refusal = only(replace(GOOD, visits=(TOMORROW, visit)), LATER)

    assert refusal.as_json() == {
        "gate": "FREE",
        "passed": False,
        "value": value.isoformat(),
        "limit": limit.isoformat(),
        "reason": reason,
    }


def test_gate_free_keeps_the_slack_that_is_set_on_top_of_the_way(settings):
    visit = Visit(NOW, NOW + 2 * HOUR - 10 * MINUTE, way_min=10)
    settings.TRAVEL_SLACK_S = 1

    assert only(replace(GOOD, visits=(visit,)), LATER).value == (NOW + 2 * HOUR + SECOND).isoformat()


def test_gate_free_refuses_whoever_is_at_work_now_even_next_door_and_past_his_time():
    over = Visit(NOW - 3 * HOUR, NOW, way_min=0, is_under_way=True)

    assert only(replace(GOOD, visits=(over,))).gate == Gate.FREE
    assert failing(replace(GOOD, visits=(over,)), LATER) == []


def test_gate_free_forgets_a_visit_long_past_that_was_never_begun():
    missed = Visit(NOW - 5 * HOUR, NOW - 4 * HOUR, way_min=30)

    assert failing(replace(GOOD, visits=(missed,))) == []


def test_times_in_reasons_are_on_his_own_wall_clock_with_the_day_if_it_is_another():
    tokyo = replace(GOOD, technician=technician(time_zone="Asia/Tokyo"), visits=(Visit(NOW, NOW + HOUR, 0),))
    midnight = replace(tokyo, visits=(Visit(NOW, NOW + 4 * HOUR, 0),))

    assert only(tokyo).reason == "you have other work until 22:00"
    assert only(midnight).reason == "you have other work until 2026-03-03 01:00"


# Rest


@pytest.mark.parametrize(
    ("paused", "cooling", "until", "reason"),
    [
        (None, SECOND, SECOND, "resting after the last offer, until 12:00"),
        (5 * MINUTE, None, 5 * MINUTE, "paused after offers without an answer, until 12:05"),
        (5 * MINUTE, MINUTE, 5 * MINUTE, "paused after offers without an answer, until 12:05"),
        (SECOND, MINUTE, MINUTE, "resting after the last offer, until 12:01"),
    ],
)
def test_gate_rested_says_until_when_and_why(paused, cooling, until, reason):
    tired = technician(paused_until=paused and NOW + paused, cooldown_until=cooling and NOW + cooling)

    refusal = only(replace(GOOD, technician=tired))

    assert (refusal.gate, refusal.value, refusal.limit, refusal.reason) == (
        Gate.RESTED,
        (NOW + until).isoformat(),
        NOW.isoformat(),
        reason,
    )


def test_gate_rested_passes_at_the_very_end():
    assert failing(replace(GOOD, technician=technician(paused_until=NOW, cooldown_until=NOW))) == []


# Memory: test_memory.py has the table


def test_gate_refusal_memory_tells_the_refused_offer_and_until_when():
    refusal = Refusal(RejectReason.TOO_FAR, NOW - 24 * HOUR, distance_m=700, pays_minor=0, is_same_service=False)
    search = replace(SEARCH, memory=Memory(refusal_s=7 * 86_400))

    verdict = only(replace(GOOD, refusals=(refusal,)), search)

    assert verdict.as_json() == {
        "gate": "REFUSAL_MEMORY",
        "passed": False,
        "value": {
            "refused_for": "TOO_FAR",
            "refused_at": "2026-03-01T12:00:00+00:00",
            "refused_distance_m": 700,
            "distance_m": 1000,
            "until": "2026-03-08T12:00:00+00:00",
        },
        "limit": 800,
        "reason": "you declined a job 0.7 km away as too far, until 2026-03-08 12:00",
    }


def test_gate_refusal_memory_is_off_where_the_search_has_none():
    refusal = Refusal(RejectReason.BUSY, NOW, distance_m=700, pays_minor=0, is_same_service=True)

    assert failing(replace(GOOD, refusals=(refusal,))) == []


# All of them

MOMENTS = st.integers(-300_000, 300_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
FACTS = st.builds(
    Facts,
    technician=st.builds(
        Technician,
        verification=st.sampled_from(Verification.values),
        is_online=st.booleans(),
        time_zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
        cooldown_until=st.none() | MOMENTS,
        paused_until=st.none() | MOMENTS,
    ),
    distance_m=st.floats(0, 50_000),
    base_distance_m=st.floats(0, 50_000),
    travel_radius_m=st.integers(1, 100_000),
    location_at=MOMENTS,
    has_skill=st.booleans(),
    missing_documents=st.just(()),
    availability_gap=st.sampled_from(["", "time off"]),
    visits=st.lists(
        st.builds(Visit, MOMENTS, MOMENTS, way_min=st.floats(0, 90), is_under_way=st.booleans()), max_size=3
    ).map(tuple),
    tried=st.sampled_from(["", "REJECTED"]),
    is_excluded=st.booleans(),
    blocked_by=st.none() | st.sampled_from(list(BlockSide)),
    refusals=st.lists(
        st.builds(
            Refusal,
            st.sampled_from(list(RejectReason)),
            MOMENTS,
            distance_m=st.integers(0, 30_000),
            pays_minor=st.integers(0, 20_000),
            is_same_service=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    has_live_offer=st.booleans(),
)


@given(FACTS, st.integers(0, 20_000))
def test_verdicts_are_pure_one_per_gate_and_say_why_exactly_when_they_refuse(facts, pays_minor):
    search = replace(SEARCH, pays_minor=pays_minor, memory=Memory(refusal_s=604_800, busy_s=1800))
    before = deepcopy(facts)

    verdicts = verdicts_of(search, facts)

    assert verdicts == verdicts_of(search, facts)
    assert facts == before
    assert [verdict.gate for verdict in verdicts] == list(Gate)
    assert all(bool(verdict.reason) != verdict.passed for verdict in verdicts)
