"""Online, offline, the account behind, and what jobs, matching and reviews add up."""

from datetime import timedelta

import pytest

from accounts.enums import UserStatus
from accounts.errors import AccountSuspended
from accounts.services import user_reinstate, user_suspend
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from technicians.errors import TechnicianNotVerified
from technicians.events import TechnicianWentOffline
from technicians.models import Dispatchable, Technician
from technicians.services import (
    technician_go_offline,
    technician_go_online,
    technician_note_assigned,
    technician_note_cancelled,
    technician_note_completed,
    technician_note_offered,
    technician_note_released,
    technician_note_user_status,
    technician_profile_update,
    technician_rating_add,
)
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db


def presence():
    return Technician.objects.values_list("is_online", "online_since", "idle_since").get()


# Online and offline


def test_going_online_starts_the_wait_once(noon):
    technician = TechnicianFactory()

    technician_go_online(technician_id=technician.pk)
    with clock.frozen(noon + timedelta(hours=1)):
        technician_go_online(technician_id=technician.pk)

    assert presence() == (True, noon, noon)


@pytest.mark.parametrize("state", ["fresh", "pending", "rejected", "suspended"])
def test_going_online_needs_approval(state):
    technician = TechnicianFactory(**{state: True})

    with pytest.raises(TechnicianNotVerified):
        technician_go_online(technician_id=technician.pk)

    assert presence() == (False, None, None)


def test_going_online_needs_a_working_account():
    technician = TechnicianFactory(user__status=UserStatus.SUSPENDED)

    with pytest.raises(AccountSuspended):
        technician_go_online(technician_id=technician.pk)

    assert presence() == (False, None, None)


def test_online_without_a_position_he_is_not_searched():
    technician = TechnicianFactory()
    skill_add(technician, ServiceFactory())

    technician_go_online(technician_id=technician.pk)

    assert Dispatchable.objects.count() == 0


def test_going_offline_ends_the_search_and_tells_once(published):
    technician = technician_ready(ServiceFactory())
    published.clear()

    technician_go_offline(technician_id=technician.pk)
    technician_go_offline(technician_id=technician.pk)

    assert (presence(), Dispatchable.objects.count()) == ((False, None, None), 0)
    assert published == [TechnicianWentOffline(technician_id=technician.pk, user_id=technician.user_id)]


def test_a_deleted_profile_is_not_found(noon):
    technician = TechnicianFactory(deleted_at=noon)

    with pytest.raises(NotFound):
        technician_go_online(technician_id=technician.pk)


# The account behind


def test_a_suspended_account_takes_its_technician_offline(drain):
    technician, staff = technician_ready(ServiceFactory()), UserFactory(admin=True)

    user_suspend(user_id=technician.user_id, actor=staff, reason="Fraud.")
    drain()
    suspended = presence(), Dispatchable.objects.count()
    user_reinstate(user_id=technician.user_id, actor=staff, reason="Mistake.")
    drain()

    assert suspended == ((False, None, None), 0)
    assert (presence(), Dispatchable.objects.count()) == ((False, None, None), 0)


def test_between_the_suspension_and_its_news_no_row_is_made():
    technician = technician_ready(ServiceFactory())
    user_suspend(user_id=technician.user_id, actor=UserFactory(admin=True), reason="Fraud.")

    technician_profile_update(technician_id=technician.pk, bio="Busy.")

    assert Dispatchable.objects.count() == 0


def test_news_of_the_account_that_come_late_change_nothing(published):
    technician = technician_ready(ServiceFactory())
    published.clear()

    technician_note_user_status(user_id=technician.user_id)  # suspended and reinstated meanwhile
    technician_note_user_status(user_id=UserFactory().pk)  # no technician at all

    assert (presence()[0], Dispatchable.objects.count(), published) == (True, 1, [])


# Work and reputation


def test_work_ends_the_wait_and_its_end_starts_it_again(noon):
    technician = technician_ready(ServiceFactory())
    later = noon + timedelta(hours=2)

    technician_note_offered(technician_id=technician.pk)
    technician_note_assigned(technician_id=technician.pk)
    assigned = presence()
    technician_note_completed(technician_id=technician.pk, at=later)
    completed = presence()
    technician_note_assigned(technician_id=technician.pk)
    technician_note_released(technician_id=technician.pk, at=later + timedelta(hours=1))

    assert (assigned, completed) == ((True, noon, None), (True, noon, later))
    assert presence() == (True, noon, later + timedelta(hours=1))
    technician_note_cancelled(technician_id=technician.pk, at=later + timedelta(hours=2))
    after = Technician.objects.get()
    counts = (after.offers_received, after.jobs_assigned, after.jobs_completed, after.jobs_released)
    assert counts == (1, 2, 1, 1)
    assert after.idle_since == later + timedelta(hours=2)


def test_who_is_offline_does_not_wait(noon):
    technician = TechnicianFactory()

    technician_note_completed(technician_id=technician.pk, at=noon)
    technician_note_released(technician_id=technician.pk, at=noon)

    assert presence() == (False, None, None)


def test_ratings_add_up():
    technician = TechnicianFactory()

    for stars in (5, 4, 4):
        technician_rating_add(technician_id=technician.pk, rating=stars)

    after = Technician.objects.get()
    assert (after.rating_sum, after.rating_count, after.rating) == (13, 3, 4.33)


def test_notes_about_nobody_are_refused():
    with pytest.raises(NotFound):
        technician_note_offered(technician_id=uuid7())
