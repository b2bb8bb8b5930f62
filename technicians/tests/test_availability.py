from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from technicians.availability import Absence, Availability, Slot

NEW_YORK = "America/New_York"
ZONE = ZoneInfo(NEW_YORK)
OUTSIDE = "outside weekly slots"
MONDAY, TUESDAY, SUNDAY = 0, 1, 6


def local(day, hour, minute=0, fold=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE, fold=fold)  # 2026-03-02 is a Monday


def working(*slots, time_zone=NEW_YORK, time_off=()):
    return Availability(time_zone, tuple(Slot(day, time(start), time(end)) for day, start, end in slots), time_off)


def test_without_slots_he_is_available_whenever_online():
    assert Availability().gap(local(2, 3), local(5, 3)) == ""


@pytest.mark.parametrize(
    ("slots", "start", "end", "gap"),
    [
        ([(MONDAY, 8, 17)], local(2, 8), local(2, 17), ""),
        ([(MONDAY, 8, 17)], local(2, 7, 59), local(2, 9), OUTSIDE),
        ([(MONDAY, 8, 17)], local(2, 16), local(2, 17, 1), OUTSIDE),
        ([(MONDAY, 8, 17)], local(3, 9), local(3, 10), OUTSIDE),
        ([(MONDAY, 8, 12), (MONDAY, 12, 17)], local(2, 11), local(2, 13), ""),
        ([(MONDAY, 8, 12), (MONDAY, 13, 17)], local(2, 11), local(2, 14), OUTSIDE),
        ([(MONDAY, 8, 14), (MONDAY, 10, 12)], local(2, 11), local(2, 13), ""),
        ([(MONDAY, 20, 0), (TUESDAY, 0, 4)], local(2, 23), local(3, 2), ""),  # over midnight
        ([(MONDAY, 20, 0)], local(2, 23), local(3, 0), ""),  # to the end of the day
        ([(MONDAY, 20, 0)], local(2, 23), local(3, 0, 1), OUTSIDE),
        ([(MONDAY, 0, 0)], local(2, 0), local(3, 0), ""),  # the whole day
        ([(SUNDAY, 0, 0), (MONDAY, 0, 8)], local(8, 0), local(9, 8), ""),  # the spring Sunday has 23 hours
        ([(SUNDAY, 1, 4)], local(8, 1, 30), local(8, 3, 30), ""),  # from 1:30 to 3:30 is one hour then
        ([(SUNDAY, 1, 2)], local(8, 1, 30), local(8, 3, 30), OUTSIDE),
    ],
)
def test_gap_on_the_wall_clock(slots, start, end, gap):
    assert working(*slots).gap(start, end) == gap


def test_in_the_repeated_hour_a_slot_holds_both_times():
    first, second = (datetime(2026, 11, 1, 1, 30, tzinfo=ZONE, fold=fold) for fold in (0, 1))
    availability = working((SUNDAY, 1, 2))

    assert (second.astimezone(UTC) - first.astimezone(UTC), availability.gap(first, second)) == (timedelta(hours=1), "")
    assert availability.gap(second, second.astimezone(UTC) + timedelta(minutes=31)) == OUTSIDE


def test_slots_are_in_his_time_zone():
    at_eight_in_new_york = datetime(2026, 3, 2, 13, tzinfo=UTC)

    assert working((MONDAY, 8, 9)).gap(at_eight_in_new_york, at_eight_in_new_york + timedelta(hours=1)) == ""


def test_time_off_goes_before_slots_and_says_until_when():
    off = Absence(local(2, 10), local(2, 12))
    availability = working((MONDAY, 8, 17), time_off=(off,))

    assert availability.gap(local(2, 11), local(2, 13)) == "time off until 2026-03-02T17:00Z"
    assert availability.gap(local(2, 8), local(2, 10)) == ""
    assert availability.gap(local(2, 12), local(2, 13)) == ""


def shown_inside(slots, moment):
    wall = moment.astimezone(ZONE)
    return any(
        slot.weekday == wall.weekday()
        and slot.starts_at <= wall.time()
        and (slot.ends_at == time(0) or wall.time() < slot.ends_at)
        for slot in slots
    )


@st.composite
def _slots(draw):
    start = draw(st.integers(0, 95))
    end = draw(st.integers(start + 1, 96))
    clock = [time(quarter // 4 % 24, quarter % 4 * 15) for quarter in (start, end)]
    return Slot(draw(st.sampled_from([5, SUNDAY, MONDAY])), *clock)


SPRING = datetime(2026, 3, 7, tzinfo=ZONE).astimezone(UTC)  # Saturday; the clock moves on Sunday at 2
AUTUMN = datetime(2026, 10, 31, tzinfo=ZONE).astimezone(UTC)


@settings(max_examples=300, deadline=None)
@given(
    base=st.sampled_from([SPRING, AUTUMN]),
    start=st.integers(0, 60 * 60),
    minutes=st.integers(1, 12 * 60),
    slots=st.lists(_slots(), min_size=1, max_size=5),
)
@example(AUTUMN, 24 * 60, 600, [Slot(SUNDAY, time(0), time(0))])
@example(SPRING, 23 * 60, 180, [Slot(5, time(20), time(0)), Slot(SUNDAY, time(0), time(4))])
def test_gap_agrees_with_the_clock_on_the_wall_minute_by_minute(base, start, minutes, slots):
    begin = base + timedelta(minutes=start)
    moments = [begin + timedelta(minutes=minute) for minute in range(minutes)]
    expected = "" if all(shown_inside(slots, moment) for moment in moments) else OUTSIDE

    gap = Availability(NEW_YORK, tuple(slots)).gap(begin, begin + timedelta(minutes=minutes))

    assert gap == expected
