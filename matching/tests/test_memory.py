"""What a refusal bears on, at the boundaries of its fading; the formulas are those of `matching.memory`."""

from datetime import UTC, datetime, timedelta

import pytest

from matching.enums import RejectReason
from matching.memory import Memory, Refusal, remembered

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MEMORY = Memory(refusal_s=7 * 86_400, busy_s=1800)


def refusal(reason, age=timedelta(0), *, is_same_service=True, at=NOW):
    return Refusal(reason, at - age, distance_m=2000, pays_minor=7000, is_same_service=is_same_service)


def objection(*refusals, distance_m=1000.0, pays_minor=9000, memory=MEMORY):
    return remembered(refusals, distance_m, pays_minor, memory, NOW)


@pytest.mark.parametrize(
    ("age", "distance_m", "is_barred"),
    [
        (0 * DAY, 2000.4, False),
        (0 * DAY, 2001, True),
        (3.5 * DAY, 3000, False),
        (3.5 * DAY, 3001, True),
        (7 * DAY - SECOND, 4001, True),
        (7 * DAY, 40_000, False),
    ],
)
@pytest.mark.parametrize("is_same_service", [True, False])
def test_too_far_bars_longer_ways_ever_longer_ones_as_it_fades(age, distance_m, is_barred, is_same_service):
    found = objection(refusal(RejectReason.TOO_FAR, age, is_same_service=is_same_service), distance_m=distance_m)

    assert (found is not None) == is_barred


@pytest.mark.parametrize(
    ("age", "pays_minor", "is_barred"),
    [
        (0 * DAY, 7000, True),
        (0 * DAY, 7001, False),
        (3.5 * DAY, 3500, True),
        (3.5 * DAY, 3501, False),
        (7 * DAY - SECOND, 0, True),
        (7 * DAY, 0, False),
    ],
)
def test_price_bars_what_pays_as_little_ever_less_as_it_fades(age, pays_minor, is_barred):
    found = objection(refusal(RejectReason.PRICE, age), pays_minor=pays_minor)

    assert (found is not None) == is_barred


@pytest.mark.parametrize(
    ("reason", "age", "is_barred"),
    [
        (RejectReason.NO_PARTS, 1 * DAY - SECOND, True),
        (RejectReason.NO_PARTS, 1 * DAY, False),
        (RejectReason.BUSY, timedelta(seconds=1799), True),
        (RejectReason.BUSY, timedelta(seconds=1800), False),
        (RejectReason.OTHER, timedelta(0), False),
    ],
)
def test_other_reasons_bar_for_their_time(reason, age, is_barred):
    assert (objection(refusal(reason, age)) is not None) == is_barred


@pytest.mark.parametrize(
    ("reason", "is_barred"),
    [
        (RejectReason.PRICE, False),
        (RejectReason.NO_PARTS, False),
        (RejectReason.OTHER, False),
        (RejectReason.BUSY, True),
    ],
)
def test_price_and_parts_bear_on_that_service_alone(reason, is_barred):
    assert (objection(refusal(reason, is_same_service=False), pays_minor=1) is not None) == is_barred


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (RejectReason.PRICE, "you declined a job of this service that pays as little"),
        (RejectReason.NO_PARTS, "you had no parts for this service"),
        (RejectReason.BUSY, "you said that you are busy"),
        (RejectReason.TOO_FAR, "you declined a job 2.0 km away as too far"),
    ],
)
def test_objection_has_words(reason, words):
    assert objection(refusal(reason), pays_minor=1, distance_m=9000).reason == words


def test_objection_tells_what_was_refused_and_what_was_compared():
    found = objection(refusal(RejectReason.PRICE, 3.5 * DAY), pays_minor=3000)

    assert (found.limit, found.until) == (3500, NOW + 3.5 * DAY)
    assert found.value == {
        "refused_for": "PRICE",
        "refused_at": "2026-02-27T00:00:00+00:00",
        "refused_pays_minor": 7000,
        "pays_minor": 3000,
        "until": "2026-03-06T00:00:00+00:00",
    }


def test_of_several_objections_the_one_that_lasts_longest_is_told():
    found = objection(refusal(RejectReason.BUSY), refusal(RejectReason.TOO_FAR, 1 * DAY), distance_m=9000)

    assert found.value["refused_for"] == "TOO_FAR"


def test_refusal_in_the_future_of_a_clock_set_back_has_not_begun_to_fade():
    assert objection(refusal(RejectReason.TOO_FAR, -DAY), distance_m=2001).limit == 2000
    assert objection(refusal(RejectReason.PRICE, -DAY), pays_minor=7001) is None


def test_nothing_is_remembered_without_a_memory():
    refusals = [refusal(reason) for reason in RejectReason]

    assert objection(*refusals, distance_m=9000, pays_minor=0, memory=Memory()) is None
