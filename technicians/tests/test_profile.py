from datetime import timedelta

import pytest

from accounts.enums import Role
from accounts.hooks import make_profile
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.ids import uuid7
from technicians.enums import Verification
from technicians.events import TechnicianApplied
from technicians.models import Dispatchable, Technician, TechnicianSkill
from technicians.services import technician_apply, technician_profile_update
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db
WORDS = {
    "bio": "Pipes.",
    "years_experience": 12,
    "latitude": 42.0,
    "longitude": -71.0,
    "travel_radius_m": 15_000,
    "time_zone": "America/New_York",
}


def skills_of(technician):
    return set(TechnicianSkill.objects.filter(technician=technician).values_list("service_id", flat=True))


def facts():
    return Technician.objects.values(
        "verification", "bio", "base_latitude", "travel_radius_m", "time_zone", "applied_at"
    ).get()


# Registration


def test_registration_as_technician_makes_an_empty_profile_once(noon):
    user = UserFactory(technician=True)

    make_profile(user)
    make_profile(user)

    technician = Technician.objects.get()
    assert (technician.user, technician.verification, technician.applied_at) == (user, Verification.PENDING, None)
    assert technician.created_at == noon


def test_registration_as_customer_makes_none():
    make_profile(UserFactory(role=Role.CUSTOMER))

    assert Technician.objects.count() == 0


# Applying


def test_apply_stores_the_application_and_tells(noon, published):
    technician, service = TechnicianFactory(fresh=True), ServiceFactory()

    technician_apply(technician_id=technician.pk, service_ids=[service.pk, service.pk], **WORDS)

    assert facts() == {
        "verification": Verification.PENDING,
        "bio": "Pipes.",
        "base_latitude": 42.0,
        "travel_radius_m": 15_000,
        "time_zone": "America/New_York",
        "applied_at": noon,
    }
    assert skills_of(technician) == {service.pk}
    assert published == [TechnicianApplied(technician_id=technician.pk, user_id=technician.user_id)]


@pytest.mark.parametrize("state", ["pending", "rejected"])
def test_apply_again_replaces_the_application(noon, state):
    technician, old, new = TechnicianFactory(**{state: True}), ServiceFactory(), ServiceFactory()
    skill_add(technician, old)

    with clock.frozen(noon + timedelta(days=1)):
        technician_apply(technician_id=technician.pk, service_ids=[new.pk], **WORDS)

    assert (facts()["verification"], facts()["applied_at"]) == (Verification.PENDING, noon + timedelta(days=1))
    assert skills_of(technician) == {new.pk}


@pytest.mark.parametrize("traits", [{}, {"suspended": True}])
def test_apply_is_refused_once_decided(traits, published):
    technician = TechnicianFactory(**traits)
    before = facts()

    with pytest.raises(IllegalTransition) as refusal:
        technician_apply(technician_id=technician.pk, service_ids=[ServiceFactory().pk], **WORDS)

    assert refusal.value.details == {"state": technician.verification, "action": "apply"}
    assert (facts(), skills_of(technician), published) == (before, set(), [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"service_ids": []}, "service_ids"),
        ({"service_ids": [uuid7()]}, "service_ids"),
        ({"travel_radius_m": 0}, "travel_radius_km"),
        ({"travel_radius_m": 100_001}, "travel_radius_km"),
        ({"time_zone": "Boston"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": "America"}, "time_zone"),
    ],
)
def test_apply_refuses_what_makes_no_sense(change, field, published):
    technician = TechnicianFactory(fresh=True)
    before = facts()

    with pytest.raises(Invalid) as refusal:
        technician_apply(technician_id=technician.pk, **{"service_ids": [ServiceFactory().pk], **WORDS, **change})

    assert list(refusal.value.details) == [field]
    assert (facts(), skills_of(technician), published) == (before, set(), [])


def test_apply_refuses_a_service_that_is_off_the_list(noon):
    technician, service = TechnicianFactory(fresh=True), ServiceFactory(deleted_at=noon)

    with pytest.raises(Invalid):
        technician_apply(technician_id=technician.pk, service_ids=[service.pk], **WORDS)

    assert skills_of(technician) == set()


# Changing


def test_update_changes_what_is_given_alone():
    technician = TechnicianFactory(bio="Old.", years_experience=3)

    technician_profile_update(technician_id=technician.pk, bio="", years_experience=0)

    after = Technician.objects.get()
    assert (after.bio, after.years_experience, after.travel_radius_m, after.base) == (
        "",
        0,
        technician.travel_radius_m,
        technician.base,
    )


def test_update_moves_the_dispatchable_rows():
    old, new = ServiceFactory(), ServiceFactory()
    technician = technician_ready(old)

    technician_profile_update(
        technician_id=technician.pk, service_ids=[new.pk], latitude=41.5, longitude=-70.5, travel_radius_m=9_000
    )

    row = Dispatchable.objects.get()
    assert (row.service_id, row.base_latitude, row.travel_radius_m, row.latitude) == (new.pk, 41.5, 9_000, 42.36)


def test_update_keeps_a_held_skill_whose_service_was_taken_off(noon):
    held, new = ServiceFactory(deleted_at=noon), ServiceFactory()
    technician = TechnicianFactory()
    skill_add(technician, held)

    technician_profile_update(technician_id=technician.pk, service_ids=[held.pk, new.pk])

    assert skills_of(technician) == {held.pk, new.pk}


@pytest.mark.parametrize("half", [{"latitude": 1.0}, {"longitude": 1.0}])
def test_update_refuses_half_a_base(half):
    technician = TechnicianFactory()

    with pytest.raises(Invalid) as refusal:
        technician_profile_update(technician_id=technician.pk, bio="New.", **half)

    assert sorted(refusal.value.details) == ["latitude", "longitude"]
    assert (Technician.objects.get().bio, Technician.objects.get().base) == ("", technician.base)


def test_update_of_nobody_is_not_found():
    with pytest.raises(NotFound):
        technician_profile_update(technician_id=uuid7(), bio="x")
