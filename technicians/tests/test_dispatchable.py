"""The candidate table: right after every service, and its query equal to looking at everybody."""

from datetime import timedelta
from math import cos, pi, radians, sin

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.core.geo import cell_of, distance_m
from technicians.enums import Verification
from technicians.models import Dispatchable, Position, Technician
from technicians.nearby import dispatchable_list_near
from technicians.services import (
    position_record,
    technician_go_offline,
    technician_go_online,
    technician_note_user_status,
    technician_profile_update,
    technician_reinstate,
    technician_suspend,
)
from technicians.tests.factories import TechnicianFactory, dispatchable_at, skill_add, technician_ready

pytestmark = pytest.mark.django_db
TECHNICIANS, DEGREE_M = 30, 111_000


# The query


def place(latitude, longitude):
    return max(-90.0, min(90.0, latitude)), (longitude + 180.0) % 360.0 - 180.0


def scattered(city, radius_m, crowd):
    """Put points around the city: each at a bearing and a share of the radius."""
    east_degree_m = DEGREE_M * cos(radians(city[0]))
    return [
        place(
            city[0] + cos(bearing) * share * radius_m / DEGREE_M,
            city[1] + sin(bearing) * share * radius_m / east_degree_m,
        )
        for bearing, share in crowd
    ]


CITY = st.one_of(
    st.tuples(st.floats(-84, 84), st.floats(-180, 180)),
    st.tuples(st.floats(-60, 60), st.sampled_from([-180.0, -179.95, 179.95, 180.0])),  # the date line
    st.tuples(st.sampled_from([-84.0, 69.7, 78.2, 83.0]), st.floats(-180, 180)),  # high latitudes
)
SHARE = st.one_of(st.floats(0, 1.3), st.floats(0.97, 1.0))  # the rim is where cells go missing
CROWD = st.lists(st.tuples(st.floats(0, 2 * pi), SHARE), min_size=20, max_size=TECHNICIANS)


@pytest.mark.parametrize("by_base", [True, False])
def test_near_equals_looking_at_everybody(by_base):
    service, other = ServiceFactory(), ServiceFactory()
    technicians = TechnicianFactory.create_batch(TECHNICIANS)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(city=CITY, crowd=CROWD, radius_m=st.floats(100, 25_000))
    def check(city, crowd, radius_m):
        points = scattered(city, radius_m, crowd)
        elsewhere = place(-city[0], city[1] + 90)
        Dispatchable.objects.all().delete()
        Dispatchable.objects.bulk_create(
            dispatchable_at(technician, kind, *places, location_at=clock.now())
            for technician, point in zip(technicians, points, strict=False)
            for places in [(elsewhere, point) if by_base else (point, elsewhere)]
            for kind in (service, other)
        )
        away = {
            technician.pk: distance_m(*city, *point) for technician, point in zip(technicians, points, strict=False)
        }
        expected = sorted((metres, pk) for pk, metres in away.items() if metres <= radius_m)

        found = dispatchable_list_near(
            service_id=service.pk,
            latitude=city[0],
            longitude=city[1],
            radius_m=radius_m,
            by_base=by_base,
            with_busy=False,
            limit=TECHNICIANS,
        )

        assert [row.technician_id for row in found] == [pk for _, pk in expected]

    check()


def test_near_keeps_the_nearest_few():
    service = ServiceFactory()
    _far, near, nearer = (technician_ready(service, latitude=42.36 + step) for step in (0.03, 0.02, 0.01))

    found = dispatchable_list_near(
        service_id=service.pk, latitude=42.36, longitude=-71.06, radius_m=9_000, by_base=False, with_busy=False, limit=2
    )

    assert [row.technician for row in found] == [nearer, near]


@pytest.mark.parametrize("item_count", [1, 3])
def test_near_takes_two_queries(item_count, django_assert_num_queries):
    service = ServiceFactory()
    for _ in range(item_count):
        technician_ready(service)

    with django_assert_num_queries(2):
        found = dispatchable_list_near(
            service_id=service.pk,
            latitude=42.36,
            longitude=-71.06,
            radius_m=100,
            by_base=True,
            with_busy=False,
            limit=10,
        )
        asked = [(row.travel_radius_m, row.technician.time_zone, row.technician.user.status) for row in found]
        assert asked == [(20_000, "UTC", UserStatus.ACTIVE)] * item_count


# The table


def expected_rows():
    """Say from the source tables alone what the table has to hold."""
    rows = set()
    positions = {position.pk: position for position in Position.objects.all()}
    for technician in Technician.objects.select_related("user").prefetch_related("skills"):
        position = positions.get(technician.pk)
        works = technician.verification == Verification.VERIFIED and technician.user.status == "ACTIVE"
        if not (works and technician.is_online and technician.deleted_at is None and position and technician.base):
            continue
        live = (position.latitude, position.longitude)
        base = (technician.base_latitude, technician.base_longitude)
        for skill in technician.skills.all():
            key = (technician.pk, skill.service_id)
            rows.add(
                (*key, *live, *base, cell_of(*live), cell_of(*base), technician.travel_radius_m, position.location_at)
            )
    return rows


def actual_rows():
    columns = ("latitude", "longitude", "base_latitude", "base_longitude", "cell", "base_cell")
    return set(
        Dispatchable.objects.values_list("technician_id", "service_id", *columns, "travel_radius_m", "location_at")
    )


class Shop:
    """A few technicians and what can happen to them."""

    def __init__(self):
        self.services = ServiceFactory.create_batch(3)
        self.staff = UserFactory(admin=True)
        self.technicians = [
            technician_ready(self.services[0]),
            technician_ready(self.services[1]),
            TechnicianFactory(suspended=True),
        ]
        skill_add(self.technicians[2], self.services[2])

    def online(self, technician, _number):
        technician_go_online(technician_id=technician.pk)

    def offline(self, technician, _number):
        technician_go_offline(technician_id=technician.pk)

    def ping(self, technician, number):
        position_record(technician_id=technician.pk, latitude=42.0 + number / 20, longitude=-71.0)

    def step(self, technician, _number):
        held = Position.objects.filter(pk=technician.pk).first()
        if held:
            position_record(technician_id=technician.pk, latitude=held.latitude + 1e-5, longitude=held.longitude)

    def skills(self, technician, number):
        wanted = [service.pk for bit, service in enumerate(self.services) if number >> bit & 1]
        technician_profile_update(technician_id=technician.pk, service_ids=wanted)

    def base(self, technician, number):
        technician_profile_update(technician_id=technician.pk, latitude=41.0 + number / 10, longitude=-70.0)

    def radius(self, technician, number):
        technician_profile_update(technician_id=technician.pk, travel_radius_m=1_000 * (number + 1))

    def suspend(self, technician, _number):
        technician_suspend(technician_id=technician.pk, actor=self.staff, reason="x")

    def reinstate(self, technician, _number):
        technician_reinstate(technician_id=technician.pk, actor=self.staff, reason="x")

    def suspend_user(self, technician, _number):
        self._user(technician, "suspend")

    def reinstate_user(self, technician, _number):
        self._user(technician, "reinstate")

    def _user(self, technician, change):
        user = type(technician.user).objects.get(pk=technician.user_id)
        getattr(user, change)()
        user.save(update_fields=["status"])
        technician_note_user_status(user_id=user.pk)


ACTS = [name for name in vars(Shop) if not name.startswith("_")]


def test_the_table_is_right_after_any_sequence_of_services(noon):
    shop = Shop()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 7)), min_size=5, max_size=25))
    def check(history):
        with transaction.atomic():
            for number, (act, who, argument) in enumerate(history):
                with clock.frozen(noon + timedelta(seconds=20 * (number + 1))):
                    attempt(getattr(shop, act), shop.technicians[who], argument)
                assert actual_rows() == expected_rows()
            transaction.set_rollback(True)

    check()


def attempt(act, technician, argument):
    try:
        with transaction.atomic():
            act(technician, argument)
    except DomainError:
        return


def test_ready_technicians_are_in_the_table():
    service = ServiceFactory()

    technician = technician_ready(service, latitude=42.4, longitude=-71.1)

    assert actual_rows() == expected_rows()
    assert Dispatchable.objects.get().technician_id == technician.pk
