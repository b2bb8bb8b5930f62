import random
from datetime import timedelta

import pytest

from fixmate.core import clock
from technicians.models import Position, PositionTrace
from technicians.selectors import position_at
from technicians.services import position_record
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
HALF_KM = 0.0045  # 500.4 m north


def ping(technician, noon, seconds, latitude=42.36, **kwargs):
    with clock.frozen(noon + timedelta(seconds=seconds)):
        position_record(technician_id=technician.pk, latitude=latitude, longitude=-71.06, **kwargs)


def traces(noon):
    rows = PositionTrace.objects.order_by("id").values_list("at", "latitude")
    return [((at - noon).total_seconds(), latitude) for at, latitude in rows]


def test_the_first_ping_leaves_a_trace(noon):
    ping(TechnicianFactory(), noon, 0)

    assert traces(noon) == [(0, 42.36)]


def test_moves_add_up_to_a_trace(noon):
    technician = TechnicianFactory()

    for number in range(6):
        ping(technician, noon, number, 42.36 + number * HALF_KM / 4)

    assert traces(noon) == [(0, 42.36), (4, 42.36 + HALF_KM)]


@pytest.mark.parametrize(("seconds", "is_traced"), [(120, False), (121, True)])
def test_a_ping_after_silence_leaves_a_trace(noon, seconds, is_traced):
    technician = TechnicianFactory()
    ping(technician, noon, 0)

    ping(technician, noon, seconds)

    assert traces(noon) == [(0, 42.36), (seconds, 42.36)][: 1 + is_traced]


def test_a_ping_that_is_ignored_leaves_none(noon):
    technician = TechnicianFactory()
    ping(technician, noon, 0)

    ping(technician, noon, 300, 50, recorded_at=noon - timedelta(seconds=1))

    assert traces(noon) == [(0, 42.36)]


def test_a_position_without_a_traced_place_gets_one(noon):
    """Positions from before the place was kept."""
    technician = TechnicianFactory()
    ping(technician, noon, 0)
    Position.objects.update(traced_latitude=None, traced_longitude=None)

    ping(technician, noon, 30)
    ping(technician, noon, 60)

    assert traces(noon) == [(0, 42.36), (30, 42.36)]


def test_a_step_after_a_silence_leaves_a_trace_where_he_was_held_to_be(noon):
    technician = TechnicianFactory()
    ping(technician, noon, 0)

    ping(technician, noon, 200, 42.36 + HALF_KM / 20)

    assert traces(noon) == [(0, 42.36), (200, 42.36)]


def test_the_place_of_the_last_trace_is_kept_beside_the_position(noon):
    """What a ping asks in place of the traces themselves, after each of many pings of all kinds."""
    lots, technicians, wrong = random.Random(4), TechnicianFactory.create_batch(3), []

    for number in range(60):
        latitude = 42.36 + lots.choice([0, 0.0003, 0.001, 0.003, 0.006])
        ping(lots.choice(technicians), noon, number * 2, latitude)
        wrong += [pk for pk, *place in traced_places() if place != list(last_place(pk))]

    assert (wrong, PositionTrace.objects.count() > 10) == ([], True)


def traced_places():
    return Position.objects.values_list("pk", "traced_latitude", "traced_longitude")


def last_place(technician_id):
    rows = PositionTrace.objects.filter(technician=technician_id).order_by("-at", "-id")
    return rows.values_list("latitude", "longitude").first()


def test_position_at_is_the_last_trace_until_then(noon):
    technician, other = TechnicianFactory(), TechnicianFactory()
    ping(technician, noon, 0)
    ping(technician, noon, 60, 43)
    ping(other, noon, 30, 44)

    found = [
        position_at(technician_id=technician.pk, at=noon + timedelta(seconds=seconds)) for seconds in (-1, 0, 59, 60)
    ]

    assert [row and row.latitude for row in found] == [None, 42.36, 42.36, 43]
