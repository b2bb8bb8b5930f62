"""What only real locks show."""

import time
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.tests.races import at_once
from technicians.models import Dispatchable, Position
from technicians.ping_queue import Ping
from technicians.ranking import Patience
from technicians.services import (
    dispatchable_cap_patience,
    position_record,
    technician_go_offline,
    technician_go_online,
    technician_profile_update,
    technician_rating_add,
)
from technicians.services.position import positions_move
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def ping(technician, latitude):
    return lambda: position_record(technician_id=technician.pk, latitude=latitude, longitude=-71.06)


def table_agrees():
    places = set(Dispatchable.objects.values_list("technician_id", "latitude", "location_at"))
    return places == set(Position.objects.values_list("pk", "latitude", "location_at"))


def test_first_pings_and_going_online_at_once_leave_one_right_row():
    for _ in range(5):
        technician = TechnicianFactory()
        skill_add(technician, ServiceFactory())

        at_once(
            ping(technician, 42.1),
            ping(technician, 42.2),
            ping(technician, 42.3),
            lambda pk=technician.pk: technician_go_online(technician_id=pk),
        )

    assert (Position.objects.count(), Dispatchable.objects.count(), table_agrees()) == (5, 5, True)


def test_pings_while_the_rows_are_written_anew_are_not_lost():
    technician = technician_ready(ServiceFactory())

    def flicker():
        for radius_m in range(9_000, 9_010):
            technician_profile_update(technician_id=technician.pk, travel_radius_m=radius_m)

    def drive():
        for step in range(1, 11):
            ping(technician, 42.4 + step / 100)()

    at_once(flicker, drive)

    assert table_agrees()
    assert Dispatchable.objects.values_list("travel_radius_m", "latitude").get() == (9_009, 42.5)


def test_flushes_pings_and_services_at_once_never_wait_crosswise():
    """Pings lock positions and rows, services lock technicians before them: always in that order, and by key."""
    service = ServiceFactory()
    technicians = [technician_ready(service) for _ in range(6)]
    at = clock.now()

    def flush(latitude):
        pings = [Ping(one.pk, latitude, -71.06, None, at + timedelta(seconds=latitude), at) for one in technicians]
        return lambda: positions_move(pings[::-1] if latitude % 2 else pings) == []

    def change():
        for one in technicians:
            technician_profile_update(technician_id=one.pk, travel_radius_m=9_000)
        return True

    answers = at_once(*[flush(latitude) for latitude in range(43, 51)], change, change)

    assert answers == [True] * 10
    assert table_agrees()
    assert set(Position.objects.values_list("latitude", flat=True)) == {50}


def test_pings_and_the_cap_of_patience_do_not_wait_crosswise():
    """The rows lie on the page in the wrong order: an UPDATE that went by it would hold the last and want the first."""
    service = ServiceFactory()
    first, last = sorted((technician_ready(service) for _ in range(2)), key=lambda one: one.pk)
    rows = [Dispatchable.objects.get(technician=one) for one in (last, first)]
    Dispatchable.objects.all().delete()
    for row in rows:
        row.save(force_insert=True)
    at = clock.now()
    holds_first, capping = Barrier(2), Event()

    def cap():
        holds_first.wait(timeout=20)
        capping.set()
        return dispatchable_cap_patience(service_id=service.pk, patience=Patience(0.15, 0.0), at=at)

    def move():
        pings = [Ping(one.pk, 43.0, -71.06, None, at + timedelta(seconds=1), at) for one in (first, last)]
        with transaction.atomic():
            positions_move(pings[:1])
            holds_first.wait(timeout=20)
            capping.wait(timeout=20)
            wait_until_somebody_waits()
            return positions_move(pings[1:])

    assert at_once(cap, move) == [2, []]
    assert table_agrees()


def wait_until_somebody_waits():
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_going_offline_beats_a_ping():
    technician = technician_ready(ServiceFactory())

    at_once(ping(technician, 42.9), lambda: technician_go_offline(technician_id=technician.pk))

    assert Dispatchable.objects.count() == 0


def test_reviews_at_once_all_count():
    technician = TechnicianFactory()

    at_once(*[lambda: technician_rating_add(technician_id=technician.pk, stars={"rating": 5})] * 8)

    technician.refresh_from_db(fields=["rating_sum", "rating_count"])
    assert (technician.rating_sum, technician.rating_count) == (40, 8)
