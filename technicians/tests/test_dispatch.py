"""Online, offline, the account behind, and what jobs, matching and reviews add up."""

from datetime import timedelta

import pytest

from accounts.enums import UserStatus
from accounts.errors import AccountRestricted, AccountSuspended
from accounts.services import user_reinstate, user_restrict, user_suspend
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from technicians import hooks
from technicians.errors import TechnicianNotVerified
from technicians.events import TechnicianWentOffline
from technicians.models import Dispatchable, Technician
from technicians.services import (
    technician_go_offline,
    technician_go_online,
    technician_note_accepted,
    technician_note_assigned,
    technician_note_cancelled,
    technician_note_completed,
    technician_note_declined,
    technician_note_offered,
    technician_note_released,
    technician_note_reworked,
    technician_note_started,
    technician_note_user_status,
    technician_profile_update,
    technician_rating_add,
    technician_rating_remove,
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


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(UserStatus.SUSPENDED, AccountSuspended), (UserStatus.RESTRICTED, AccountRestricted)],
)
def test_going_online_needs_a_working_account(status, refusal):
    technician = TechnicianFactory(user__status=status)

    with pytest.raises(refusal):
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


@pytest.mark.parametrize("end", [user_suspend, user_restrict])
def test_an_account_that_may_begin_nothing_takes_its_technician_offline(drain, end):
    technician, staff = technician_ready(ServiceFactory()), UserFactory(admin=True)

    end(user_id=technician.user_id, actor=staff, reason="Fraud.")
    drain()
    suspended = presence(), Dispatchable.objects.count()
    user_reinstate(user_id=technician.user_id, actor=staff, reason="Mistake.")
    drain()

    assert suspended == ((False, None, None), 0)
    assert (presence(), Dispatchable.objects.count()) == ((False, None, None), 0)


@pytest.mark.parametrize("end", [user_suspend, user_restrict])
def test_between_the_end_and_its_news_no_row_is_made(end):
    technician = technician_ready(ServiceFactory())
    end(user_id=technician.user_id, actor=UserFactory(admin=True), reason="Fraud.")

    technician_profile_update(technician_id=technician.pk, bio="Busy.")

    assert Dispatchable.objects.count() == 0


def test_news_of_the_account_that_come_late_change_nothing(published):
    technician = technician_ready(ServiceFactory())
    published.clear()

    technician_note_user_status(user_id=technician.user_id)  # suspended and reinstated meanwhile
    technician_note_user_status(user_id=UserFactory().pk)  # no technician at all

    assert (presence()[0], Dispatchable.objects.count(), published) == (True, 1, [])


# Work and reputation


@pytest.fixture
def at_work(monkeypatch):
    """The technicians that upper apps call at work."""
    ids = set()
    monkeypatch.setattr(hooks, "_work_checks", [lambda asked: ids & set(asked)])
    return ids


def test_work_ends_the_wait_and_its_end_starts_it_again(noon, at_work):
    technician = technician_ready(ServiceFactory())
    later = noon + timedelta(hours=2)

    technician_note_offered(technician_id=technician.pk)
    at_work.add(technician.pk)
    technician_note_assigned(technician_id=technician.pk, at=later)
    assigned = presence(), busy()
    at_work.clear()
    technician_note_completed(technician_id=technician.pk, at=later)

    assert assigned == ((True, noon, None), [True])
    assert (presence(), busy()) == ((True, noon, later), [False])
    after = Technician.objects.get()
    assert (after.offers_received, after.jobs_assigned, after.jobs_completed, after.jobs_released) == (1, 1, 1, 0)


def busy():
    return list(Dispatchable.objects.values_list("is_busy", flat=True))


def test_a_job_for_later_leaves_him_waiting_until_he_starts_it(noon, at_work):
    technician = technician_ready(ServiceFactory())

    technician_note_assigned(technician_id=technician.pk, at=noon)
    booked = presence(), busy()
    at_work.add(technician.pk)
    technician_note_started(technician_id=technician.pk, at=noon, was_punctual=None)

    assert booked == ((True, noon, noon), [False])
    assert (presence(), busy()) == ((True, noon, None), [True])


@pytest.mark.parametrize("note", [technician_note_cancelled, technician_note_released])
def test_losing_another_job_leaves_him_as_he_is(note, noon, at_work):
    technician = technician_ready(ServiceFactory())
    later = noon + timedelta(hours=1)

    note(technician_id=technician.pk, at=later)
    waiting = presence(), busy()
    at_work.add(technician.pk)
    technician_note_started(technician_id=technician.pk, at=later, was_punctual=True)
    note(technician_id=technician.pk, at=later)
    working = presence(), busy()
    at_work.clear()
    note(technician_id=technician.pk, at=later)

    assert (waiting, working) == (((True, noon, noon), [False]), ((True, noon, None), [True]))
    assert (presence(), busy()) == ((True, noon, later), [False])


def test_who_comes_online_at_work_is_busy(noon, at_work):
    technician = technician_ready(ServiceFactory())
    at_work.add(technician.pk)

    technician_go_offline(technician_id=technician.pk)
    technician_go_online(technician_id=technician.pk)

    assert (presence(), busy()) == ((True, noon, None), [True])


def test_answers_add_up(noon):
    technician = technician_ready(ServiceFactory())

    technician_note_accepted(technician_id=technician.pk)
    technician_note_declined(technician_id=technician.pk)
    technician_note_declined(technician_id=technician.pk)

    after = Technician.objects.get()
    assert (after.recent_decided, after.recent_accepted) == (3, 1)
    assert (after.offers_decided, after.offers_accepted) == (3, 1)


def test_the_check_of_an_upper_app_counts_once(at_work):
    def nobody(asked):
        return set()

    hooks.at_work_told_by(nobody)
    hooks.at_work_told_by(nobody)

    assert len(hooks._work_checks) == 2


def test_who_is_offline_does_not_wait(noon):
    technician = TechnicianFactory()

    technician_note_completed(technician_id=technician.pk, at=noon)
    technician_note_released(technician_id=technician.pk, at=noon)

    assert presence() == (False, None, None)


def test_ratings_add_up():
    technician = TechnicianFactory()

    for stars in (5, 4, 4):
        technician_rating_add(technician_id=technician.pk, stars={"rating": stars, "price": 3})
    technician_rating_remove(technician_id=technician.pk, stars={"rating": 5, "price": 3})
    technician_rating_add(technician_id=technician.pk, stars={"rating": 1})

    after = Technician.objects.get()
    assert (after.rating_sum, after.rating_count, after.rating) == (9, 3, 3.0)
    assert (after.price_sum, after.price_count, after.conduct_count) == (6, 2, 0)


def test_visits_and_rework_add_up(noon):
    technician = TechnicianFactory()

    for was_punctual in (True, False, None, True):
        technician_note_started(technician_id=technician.pk, at=noon, was_punctual=was_punctual)
    technician_note_reworked(technician_id=technician.pk)

    after = Technician.objects.get()
    assert (after.visits_begun, after.visits_punctual, after.jobs_reworked) == (3, 2, 1)


def test_notes_about_nobody_are_refused():
    with pytest.raises(NotFound):
        technician_note_offered(technician_id=uuid7())
