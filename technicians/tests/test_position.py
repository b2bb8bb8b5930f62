from datetime import timedelta

import pytest
from django.db import connection

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.geo import cell_of
from fixmate.core.ids import uuid7
from technicians.models import Dispatchable, Position
from technicians.services import position as position_module
from technicians.services import position_record, technician_go_online
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db
STEP = 0.0004  # 44 m north
STRIDE = 0.0005  # 56 m north


def ping(technician, latitude=42.36, longitude=-71.06, **kwargs):
    position_record(technician_id=technician.pk, latitude=latitude, longitude=longitude, **kwargs)


def held(technician):
    return Position.objects.values_list("latitude", "longitude", "accuracy_m", "recorded_at", "location_at").get(
        pk=technician.pk
    )


def later(noon, seconds):
    return clock.frozen(noon + timedelta(seconds=seconds))


def test_the_first_ping_is_kept_whatever_the_state(noon):
    technician = TechnicianFactory(fresh=True)
    recorded_at = noon - timedelta(minutes=3)

    ping(technician, accuracy_m=8, recorded_at=recorded_at)

    assert held(technician) == (42.36, -71.06, 8, recorded_at, noon)
    assert Dispatchable.objects.count() == 0


def test_the_first_ping_of_an_online_technician_makes_him_dispatchable(noon):
    technician = TechnicianFactory()
    skill_add(technician, ServiceFactory())
    technician_go_online(technician_id=technician.pk)
    before = Dispatchable.objects.count()

    ping(technician)

    assert (before, Dispatchable.objects.count()) == (0, 1)


def test_a_move_writes_coordinates_and_cell_in_place(noon, django_assert_num_queries):
    technician = technician_ready(ServiceFactory())
    row = Dispatchable.objects.get()

    # three savepoints, position locked, everything written (on SQLite: position, rows, trace), three releases
    with later(noon, 1), django_assert_num_queries(8 if connection.vendor == "postgresql" else 10):
        ping(technician, latitude=42.9, accuracy_m=5)

    at = noon + timedelta(seconds=1)
    assert held(technician) == (42.9, -71.06, 5, at, at)
    moved = Dispatchable.objects.get()
    assert (moved.pk, moved.latitude, moved.cell, moved.location_at) == (row.pk, 42.9, cell_of(42.9, -71.06), at)
    assert (moved.base_latitude, moved.base_cell) == (row.base_latitude, row.base_cell)


def test_a_stride_moves_and_a_step_does_not(noon):
    technician = TechnicianFactory()
    ping(technician)

    with later(noon, 1):
        ping(technician, latitude=42.36 + STEP)
    after_step = held(technician)
    with later(noon, 2):
        ping(technician, latitude=42.36 + STRIDE)

    assert after_step == (42.36, -71.06, None, noon, noon)
    assert held(technician)[0] == 42.36 + STRIDE


@pytest.mark.parametrize(("seconds", "is_touched"), [(29, False), (30, True)])
def test_a_step_shows_that_he_is_there_every_so_often(noon, seconds, is_touched):
    technician = technician_ready(ServiceFactory())

    with later(noon, seconds):
        ping(technician, latitude=42.36 + STEP, accuracy_m=3)

    at = noon + timedelta(seconds=seconds) if is_touched else noon
    recorded_at = at if is_touched else noon - timedelta(seconds=1)
    assert held(technician) == (42.36, -71.06, 10, recorded_at, at)
    assert Dispatchable.objects.values_list("latitude", "location_at").get() == (42.36, at)


@pytest.mark.parametrize("age_s", [0, 1, 100])
def test_a_ping_that_is_not_newer_is_ignored(noon, age_s):
    technician = TechnicianFactory()
    ping(technician, recorded_at=noon)

    with later(noon, 60):
        ping(technician, latitude=10, recorded_at=noon - timedelta(seconds=age_s))

    assert held(technician) == (42.36, -71.06, None, noon, noon)


def test_a_ping_from_a_clock_a_little_ahead_is_taken(noon):
    technician = TechnicianFactory()

    ping(technician, recorded_at=noon + timedelta(seconds=60))

    assert held(technician)[3:] == (noon + timedelta(seconds=60), noon)


def test_a_ping_from_the_future_is_refused(noon):
    technician = TechnicianFactory()

    with pytest.raises(Invalid) as refusal:
        ping(technician, recorded_at=noon + timedelta(seconds=61))

    assert list(refusal.value.details) == ["recorded_at"]
    assert Position.objects.count() == 0


def test_a_ping_of_nobody_is_not_found():
    with pytest.raises(NotFound):
        position_record(technician_id=uuid7(), latitude=1, longitude=1)


@pytest.mark.parametrize(("age_s", "latitude"), [(-1, 50), (1, 42.36)])
def test_two_first_pings_at_once_leave_the_newer(noon, monkeypatch, age_s, latitude):
    technician = TechnicianFactory()
    lock = position_module.technician_get_locked

    def lock_after_the_other(technician_id):
        Position.objects.create(
            technician=technician, latitude=42.36, longitude=-71.06, recorded_at=noon, location_at=noon
        )
        return lock(technician_id)

    monkeypatch.setattr(position_module, "technician_get_locked", lock_after_the_other)

    ping(technician, latitude=50, recorded_at=noon - timedelta(seconds=age_s))

    assert held(technician)[0] == latitude
