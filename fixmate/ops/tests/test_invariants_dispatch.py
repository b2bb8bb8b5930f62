"""What must hold of who may be offered work."""

from datetime import time, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.enums import UserStatus
from accounts.models import User
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.ops.invariants import all_invariants
from fixmate.ops.tests.breaking import broken_names
from jobs.models import Job
from matching.services import index_clamp_idle
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.models import AvailabilitySlot, Dispatchable, Technician, TimeOff
from technicians.services import time_off_add
from technicians.services.history import history_note, history_note_all
from technicians.tests.factories import DocumentFactory, TechnicianFactory, skill_add

pytestmark = pytest.mark.django_db


def test_dispatchable_rows_that_the_services_made_are_in_order(at_work):
    assert Dispatchable.objects.count() == 1
    assert broken_names() == []


@pytest.mark.parametrize(
    "columns",
    [
        {"latitude": 10.0},
        {"longitude": 10.0},
        {"base_latitude": 10.0},
        {"base_longitude": 10.0},
        {"travel_radius_m": 1},
        {"location_at": timezone.now() - timedelta(days=1)},
        {"cell": 1},
        {"base_cell": 1},
        {"is_busy": True},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_dispatchable_row_that_says_something_else_is_found(at_work, columns):
    Dispatchable.objects.update(**columns)

    assert broken_names() == ["dispatchable_is_true"]


@pytest.mark.parametrize(
    "columns",
    [
        {"rank_static": 1.0},
        {"rank_key": F("rank_key") + 1e-5},
        {"rank_key": F("rank_key") - 1e-5},
        {"rank_key": F("rank_static") + 18.0},  # at the cap too early
        {"idle_since": timezone.now() - timedelta(days=1)},
        {"idle_since": None},
    ],
    ids=["static", "key above", "key below", "at the cap too early", "idle since yesterday", "never idle"],
)
def test_dispatchable_row_that_ranks_wrongly_is_found(at_work, columns):
    Dispatchable.objects.update(**columns)

    assert broken_names() == ["dispatchable_ranks_right"]


def test_dispatchable_row_at_its_cap_is_in_order(at_work):
    with clock.frozen(timezone.now() + timedelta(hours=3)):
        capped = index_clamp_idle()
        broken = [one.name for one in all_invariants() if one.name == "dispatchable_ranks_right" and one.broken()]

    assert (capped, broken) == (1, [])


def test_dispatchable_row_of_somebody_who_works_and_does_not_say_so_is_found(at_work):
    offer_accepted(at_work)

    assert broken_names() == [
        "dispatchable_is_true",
        "dispatchable_ranks_right",
    ]  # counted, not ranked


def test_answers_that_no_offer_gave_are_found():
    TechnicianFactory(recent_decided=1)

    assert broken_names() == ["answers_are_those_of_the_offers"]


@pytest.mark.parametrize(("days", "expected"), [(29, ["answers_are_those_of_the_offers"]), (31, []), (33, [])])
def test_answers_that_left_the_window_wait_for_the_sweep(days, expected):
    offer = OfferFactory(created_at=timezone.now() - timedelta(days=days))
    offer.reject(reason="BUSY", note="", at=offer.created_at)
    offer.save()
    Job.objects.filter(pk=offer.job_id).update(next_pass_at=timezone.now())

    assert broken_names() == expected


@pytest.mark.parametrize("columns", [{"is_online": False}, {"deleted_at": timezone.now()}])
def test_dispatchable_row_of_somebody_not_at_work_is_found(at_work, columns):
    Technician.objects.update(**columns)
    history_note(Technician.objects.get())

    assert broken_names() == ["dispatchable_is_true"]


def test_dispatchable_row_without_the_skill_is_found(at_work):
    at_work.skills.all().delete()
    history_note_all(at_work)

    assert broken_names() == ["dispatchable_is_true"]


def test_skill_without_its_dispatchable_row_is_found(at_work):
    skill_add(at_work, ServiceFactory())
    history_note_all(at_work)

    assert broken_names() == ["dispatchable_is_complete"]


@pytest.mark.parametrize(
    "columns",
    [{"is_online": False}, {"travel_radius_m": 1}, {"paused_until": timezone.now()}, {"time_zone": "Europe/Paris"}],
    ids=lambda columns: next(iter(columns)),
)
def test_technician_whose_history_says_something_else_is_found(at_work, columns):
    Technician.objects.update(**columns)

    assert "history_says_what_is" in broken_names()


def test_skill_slot_or_document_that_the_history_lacks_is_found(at_work):
    changes = [
        lambda: skill_add(at_work, ServiceFactory()),
        lambda: AvailabilitySlot.objects.create(technician=at_work, weekday=1, starts_at=time(8), ends_at=time(9)),
        lambda: DocumentFactory(technician=at_work),
    ]
    for change in changes:
        assert "history_says_what_is" not in broken_names()
        change()
        assert "history_says_what_is" in broken_names()
        history_note_all(Technician.objects.get())


def test_an_account_that_has_changed_since_its_note_is_in_order(at_work):
    User.objects.filter(pk=at_work.user_id).update(status=UserStatus.SUSPENDED)

    assert "history_says_what_is" not in broken_names()


def test_time_off_that_is_over_stays_in_the_history_and_is_in_order(at_work):
    at = timezone.now()
    time_off_add(technician_id=at_work.pk, starts_at=at + timedelta(hours=1), ends_at=at + timedelta(hours=2))
    assert "history_says_what_is" not in broken_names()

    with clock.frozen(at + timedelta(hours=3)):
        broken = broken_names()
        TimeOff.objects.create(technician=at_work, starts_at=at + timedelta(hours=4), ends_at=at + timedelta(hours=5))
        assert "history_says_what_is" not in broken
        assert "history_says_what_is" in broken_names()
