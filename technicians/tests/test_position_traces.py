from datetime import timedelta

import pytest

from fixmate.core import clock
from technicians.models import PositionTrace
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


def test_a_position_without_any_trace_gets_one(noon):
    technician = TechnicianFactory()
    ping(technician, noon, 0)
    PositionTrace.objects.all().delete()

    ping(technician, noon, 30)

    assert traces(noon) == [(30, 42.36)]


def test_position_at_is_the_last_trace_until_then(noon):
    technician, other = TechnicianFactory(), TechnicianFactory()
    ping(technician, noon, 0)
    ping(technician, noon, 60, 43)
    ping(other, noon, 30, 44)

    found = [
        position_at(technician_id=technician.pk, at=noon + timedelta(seconds=seconds)) for seconds in (-1, 0, 59, 60)
    ]

    assert [row and row.latitude for row in found] == [None, 42.36, 42.36, 43]
