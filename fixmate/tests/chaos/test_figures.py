import math
from itertools import pairwise
from random import Random

import pytest

from fixmate.tests.chaos.catalogue import BY_ID, EXPERIMENTS
from fixmate.tests.chaos.figures import (
    Relation,
    Report,
    at_least,
    at_most,
    exactly,
    in_time,
    largest,
    percentile,
    short,
)
from fixmate.tests.chaos.schedule import Strike, dice_for, in_turn, offsets_s, spread, strikes

# Percentiles


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([1.0, 2.0, 3.0, 4.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 75, 3.0),
        ([float(number) for number in range(1, 101)], 99, 99.0),
        ([float(number) for number in range(1, 102)], 99, 100.0),
        ([1.0, 2.0], 100, 2.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_percentile_is_the_nearest_rank(values, share, expected):
    assert percentile(values, share) == expected


def test_percentile_and_largest_of_nothing_are_no_number():
    assert math.isnan(percentile([], 99))
    assert math.isnan(largest([]))


# Gates


@pytest.mark.parametrize(
    ("gate", "holds", "text"),
    [
        (exactly("lost", 0, 0), True, "lost 0 = 0"),
        (exactly("lost", 1, 0), False, "lost 1 = 0 !"),
        (at_most("late s", 5.0, 5.0), True, "late s 5 <= 5"),
        (at_most("late s", 5.014, 5.0), False, "late s 5.01 <= 5 !"),
        (at_least("seen %", 95, 95), True, "seen % 95 >= 95"),
        (at_least("seen %", 94.9, 95), False, "seen % 94.90 >= 95 !"),
        (at_most("drained s", math.inf, 60), False, "drained s inf <= 60 !"),
        (at_most("late s", math.nan, 5), False, "late s nan <= 5 !"),
        (at_least("seen %", math.nan, 95), False, "seen % nan >= 95 !"),
        (exactly("lost", math.nan, 0), False, "lost nan = 0 !"),
    ],
)
def test_a_gate_holds_by_its_relation_and_never_without_a_measurement(gate, holds, text):
    assert gate.holds is holds
    assert str(gate) == text


def test_short_keeps_two_places_where_there_are_any():
    assert [short(value) for value in (3, 3.0, 3.14159, 0.001)] == ["3", "3", "3.14", "0.00"]


# Reports


def test_a_report_passes_when_all_its_gates_hold():
    report = Report("C1", "a race", gates=[exactly("winners", 60, 60), at_most("p99 ms", 90.5, 250)], seconds=12.4)
    report.notes["median ms"] = 40

    assert report.has_passed
    assert report.line() == "C1  PASS    12 s  a race: winners 60 = 60, p99 ms 90.50 <= 250 | median ms 40"


@pytest.mark.parametrize(
    ("measured", "verdict"), [(4.0, "PASS"), (6.0, "LATE"), (math.inf, "FAIL"), (math.nan, "FAIL")]
)
def test_a_report_tells_what_came_late_from_what_never_came(measured, verdict):
    report = Report("C3", "a fault", gates=[exactly("lost", 0, 0), in_time("drained s", measured, 5)])

    assert report.line().split()[1] == verdict
    assert report.has_passed is (verdict == "PASS")
    assert report.has_passed_in_the_end is (verdict != "FAIL")


def test_a_report_without_a_gate_has_not_passed_in_the_end_either():
    assert not Report("C3", "nothing").has_passed_in_the_end


def test_a_report_fails_with_one_gate_that_does_not_hold():
    report = Report("C10", "poison", gates=[exactly("done", 60, 60), exactly("lost", 2, 0)])

    assert not report.has_passed
    assert report.line() == "C10 FAIL     0 s  poison: done 60 = 60, lost 2 = 0 !"


def test_a_report_without_gates_has_shown_nothing():
    assert not Report("C1", "a race").has_passed


def test_a_report_survives_the_way_through_json():
    report = Report("C3", "killed", [at_most("late s", 1.5, 5)], {"kills": 31}, ["a sample"], 25.0)

    again = Report.from_json(report.as_json())

    assert again == report
    assert again.gates[0].relation is Relation.AT_MOST


# Schedules


def test_the_same_seed_draws_the_same_faults():
    first, second = (
        strikes(dice_for(7, "C3"), seconds=75, gap_s=(0.4, 1.2), targets=["work1", "work2", "celery"]) for _ in range(2)
    )

    assert first == second
    assert first != strikes(dice_for(8, "C3"), seconds=75, gap_s=(0.4, 1.2), targets=["work1", "work2", "celery"])


def test_experiments_draw_apart_from_each_other():
    assert dice_for(7, "C3").random() != dice_for(7, "C5").random()


def test_strikes_keep_their_gaps_and_their_time():
    plan = strikes(Random(1), seconds=75, gap_s=(0.4, 1.2), targets=["work1", "work2"])

    moments = [0.0, *(strike.at_s for strike in plan)]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= 0.4
    assert max(gaps) <= 1.2
    assert moments[-1] < 75
    assert {strike.target for strike in plan} == {"work1", "work2"}


def test_in_turn_reaches_everybody_once_a_round():
    plan = in_turn(seconds=8, every_s=4, targets=["a", "b"])

    assert plan == [Strike(2, "a"), Strike(4, "b"), Strike(6, "a"), Strike(8, "b")]


def test_offsets_lie_around_the_moment():
    offsets = offsets_s(Random(1), ["accept", "expire"], around_s=0.05)

    assert list(offsets) == ["accept", "expire"]
    assert all(abs(offset) <= 0.05 for offset in offsets.values())


def test_spread_is_even_and_begins_at_once():
    assert list(spread(4, over_s=2)) == [0.0, 0.5, 1.0, 1.5]


# The catalogue


def test_every_experiment_is_there_once():
    there = "C0 C1 C2 C3 C5 C6 C7 C8 C10 C12 C13 C13P C13S C14 C15 C16 C17"
    assert [it.id for it in EXPERIMENTS] == there.split()
    assert list(BY_ID) == [it.id for it in EXPERIMENTS]


def test_the_quick_run_holds_the_races_the_kills_and_the_restarts():
    assert {it.id for it in EXPERIMENTS if it.is_quick} >= {"C0", "C1", "C2", "C3", "C6", "C10", "C15"}
