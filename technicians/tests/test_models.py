from datetime import UTC, datetime, time

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.errors import NotFound
from fixmate.core.geo import Point
from fixmate.core.ids import uuid7
from technicians.enums import RATED, DocumentKind
from technicians.models import (
    AvailabilitySlot,
    Dispatchable,
    Document,
    Position,
    PositionTrace,
    Technician,
    TechnicianSkill,
    TechnicianState,
    TimeOff,
)
from technicians.selectors import position_get, technician_get, technician_get_of_user, technician_id_of_user
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready


def rates(technician):
    return (
        technician.acceptance_rate,
        technician.completion_rate,
        technician.punctuality_rate,
        technician.rework_rate,
    )


def test_rates_are_shares_of_what_is_enough_to_tell(settings):
    settings.RATES_SHOWN_FROM = 4
    few = Technician(offers_decided=3, offers_accepted=3, jobs_completed=2, jobs_released=1, visits_begun=3)
    busy = Technician(
        offers_decided=8,
        offers_accepted=6,
        jobs_completed=5,
        jobs_released=1,
        visits_begun=4,
        visits_punctual=3,
        jobs_reworked=1,
    )

    assert rates(Technician()) == rates(few) == (None, None, None, None)
    assert rates(busy) == (0.75, 0.83, 0.75, 0.2)


def test_ratings_are_means_or_nothing():
    rated = Technician(rating_sum=14, rating_count=3, price_sum=9, price_count=2)
    nothing = {"punctual": None, "quality": None, "price": None, "conduct": None}

    assert (rated.rating, rated.aspects) == (4.67, nothing | {"price": 4.5})
    assert (Technician().rating, Technician().aspects) == (None, nothing)


@pytest.mark.django_db
@pytest.mark.parametrize("name", RATED)
def test_database_refuses_stars_that_no_reviews_give(name):
    technician = TechnicianFactory()

    for stars, count in ((6, 1), (0, 1), (1, 0)):
        with pytest.raises(IntegrityError, match=f"technician_{name}_in_range"), transaction.atomic():
            Technician.objects.filter(pk=technician.pk).update(**{f"{name}_sum": stars, f"{name}_count": count})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "name"),
    [("offers_accepted", "technician_accepted_of_decided"), ("visits_punctual", "technician_punctual_of_begun")],
)
def test_database_refuses_a_part_above_its_whole(part, name):
    technician = TechnicianFactory()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Technician.objects.filter(pk=technician.pk).update(**{part: 1})


def test_base_and_radius_as_people_say_them():
    technician = Technician(base_latitude=1.0, base_longitude=2.0, travel_radius_m=12_500)

    assert (technician.base, technician.travel_radius_km) == (Point(1.0, 2.0), 12.5)
    assert Technician().base is None


@pytest.mark.django_db
def test_services_are_those_of_the_skills():
    technician, tap, boiler = TechnicianFactory(), ServiceFactory(name="Tap"), ServiceFactory(name="Boiler")
    skill_add(technician, tap, boiler)

    assert technician_get(technician.pk).services == [boiler, tap]


def test_rows_say_what_they_are():
    technician = Technician()
    skill = TechnicianSkill(technician_id=technician.pk)
    slot = AvailabilitySlot(weekday=0, starts_at=time(8), ends_at=time(9))
    off = TimeOff(starts_at=datetime(2026, 3, 2, 8, tzinfo=UTC), ends_at=datetime(2026, 3, 3, 8, tzinfo=UTC))
    document = Document(kind=DocumentKind.LICENCE)

    assert str(technician) == str(technician.pk)
    assert str(skill) == f"{technician.pk}: None"
    assert str(Dispatchable(technician_id=technician.pk)) == f"{technician.pk}: None"
    assert str(Position(latitude=1, longitude=2)) == "1.0000, 2.0000"
    assert str(slot) == "Monday 08:00:00-09:00:00"
    assert str(off) == "2026-03-02 08:00 to 2026-03-03 08:00"
    assert str(document) == f"LICENCE {document.pk}"


def test_what_he_was_like_says_whose_and_when():
    noon, technician_id = datetime(2026, 3, 2, 12, tzinfo=UTC), uuid7()

    assert str(TechnicianState(technician_id=technician_id, at=noon)) == f"{technician_id} at 2026-03-02 12:00:00"
    assert str(PositionTrace(latitude=1, longitude=2, at=noon)) == "1.000, 2.000 at 2026-03-02 12:00:00"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "broken",
    [
        {"base_latitude": 91},
        {"base_latitude": None, "base_longitude": None},
        {"base_longitude": None},
        {"rating_sum": 6, "rating_count": 1},
        {"rating_sum": 1, "rating_count": 2},
        {"is_online": True, "suspended": True},
    ],
)
def test_the_database_refuses_profiles_that_cannot_be(broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        TechnicianFactory(**broken)

    assert Technician.objects.count() == 0


@pytest.mark.django_db
def test_the_profile_of_an_account(django_assert_num_queries):
    technician = TechnicianFactory()

    assert technician_get_of_user(technician.user) == technician
    with django_assert_num_queries(1):
        assert technician_id_of_user(technician.user) == technician.pk


@pytest.mark.django_db
def test_profiles_that_are_not_there_are_not_found():
    user = UserFactory(technician=True)

    for read in (
        lambda: technician_get(uuid7()),
        lambda: technician_get_of_user(user),
        lambda: technician_id_of_user(user),
    ):
        with pytest.raises(NotFound):
            read()


@pytest.mark.django_db
def test_the_position_of_a_technician(noon):
    technician = technician_ready(ServiceFactory())

    assert (position_get(technician.pk).location_at, position_get(uuid7())) == (noon, None)
