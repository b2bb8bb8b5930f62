"""A job given to a technician, and moved to another."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import IllegalTransition
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.errors import BookingOverlap
from jobs.events import JobAssigned, JobReleased
from jobs.hooks import work_waits_for_payment_if
from jobs.models import JobEvent
from jobs.services import (
    job_assign,
    job_transfer_by_staff,
)
from jobs.tests.factories import JOB_IN, job_assigned, job_matching, job_nobody_opens
from jobs.tests.helpers import all_but, changed, last_event, nothing_written, outbox, rows_of, stored
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


# Assigning


def _assign(job, technician, at):
    job_assign(job=job, technician=technician, actor=technician.user, at=at)


def test_assign_books_the_technician(noon):
    technician = TechnicianFactory(is_online=True, idle_since=noon)
    job = job_matching(created_at=noon, duration_minutes=90)
    before = stored(job)

    _assign(job, technician, noon)

    after = stored(job)
    assert changed(before, after) == {
        "status",
        "technician_id",
        "assigned_at",
        "booked_from",
        "booked_until",
        "next_pass_at",
    }
    assert (after.status, after.technician_id, after.assigned_at) == (JobStatus.ASSIGNED, technician.pk, noon)
    assert (after.booked_from, after.booked_until) == (noon, noon + timedelta(minutes=90))
    event = last_event(job)
    assert (event.kind, event.actor_id, event.actor_role) == (
        JobEventKind.ASSIGNED,
        technician.user_id,
        Role.TECHNICIAN,
    )
    assert event.data == {"technician_id": str(technician.pk)}
    assert outbox() == rows_of(JobAssigned(job_id=job.pk, technician_id=technician.pk))


def _payment_awaited(monkeypatch, is_awaited):
    monkeypatch.setattr("jobs.hooks._payment_checks", [])
    work_waits_for_payment_if(lambda job_id: is_awaited)


@pytest.mark.parametrize("is_awaited", [True, False])
def test_assign_has_work_wait_if_payments_say_so(noon, monkeypatch, is_awaited):
    _payment_awaited(monkeypatch, is_awaited)
    job = job_matching(created_at=noon)

    _assign(job, TechnicianFactory(), noon)

    assert stored(job).is_payment_required == is_awaited


def test_assign_counts_for_the_technician(noon):
    technician = TechnicianFactory(is_online=True, idle_since=noon)

    _assign(job_matching(created_at=noon), technician, noon)

    technician = Technician.objects.get(pk=technician.pk)
    assert (technician.jobs_assigned, technician.idle_since) == (1, None)


def test_assign_books_a_visit_for_later(noon):
    job, visit = job_matching(created_at=noon, scheduled_for=noon + timedelta(hours=2)), noon + timedelta(hours=2)

    _assign(job, TechnicianFactory(), noon)

    assert (stored(job).booked_from, stored(job).booked_until) == (visit, visit + timedelta(hours=1))


@pytest.mark.parametrize("status", [JobStatus.MATCHING, JobStatus.UNMATCHED])
def test_assign_ends_a_search_and_follows_one_that_found_nobody(noon, status):
    job, technician = JOB_IN[status](created_at=noon), TechnicianFactory()

    _assign(job, technician, noon)

    assert (stored(job).status, stored(job).technician_id) == (JobStatus.ASSIGNED, technician.pk)


@pytest.mark.parametrize("status", all_but(JobStatus.MATCHING, JobStatus.UNMATCHED))
def test_assign_needs_a_search(noon, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition):
        _assign(job, technician, noon)


@pytest.mark.parametrize("minutes", [-59, 0, 59])
def test_assign_of_overlapping_work_is_refused_by_the_database(noon, minutes):
    held = job_assigned(created_at=noon)
    job = job_matching(created_at=noon + timedelta(minutes=minutes))

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        _assign(job, held.technician, noon + timedelta(minutes=minutes))

    assert type(conflict_of(refusal.value)) is BookingOverlap


def test_assign_of_work_that_follows_at_once(noon):
    held = job_assigned(created_at=noon)
    job = job_matching(created_at=noon)

    _assign(job, held.technician, noon + timedelta(hours=1))

    assert stored(job).technician_id == held.technician_id


# Moving it to somebody else


def _transfer(job, technician, at):
    actor = UserFactory(admin=True)
    job_transfer_by_staff(job=job, held_by=job.technician_id, technician=technician, actor=actor, at=at)
    return actor


def test_transfer_gives_the_job_to_another(noon):
    job, technician = job_nobody_opens(created_at=noon - timedelta(hours=1)), TechnicianFactory()
    holder, before = job.technician, stored(job)

    actor = _transfer(job, technician, noon)

    after = stored(job)
    assert changed(before, after) == {
        "technician_id",
        "assigned_at",
        "booked_from",
        "booked_until",
        "start_code_serial",
        "waiting_from",
    }
    assert (after.status, after.technician_id, after.assigned_at) == (JobStatus.ASSIGNED, technician.pk, noon)
    released, assigned = JobEvent.objects.filter(job=job).order_by("pk")[3:]
    assert (released.kind, released.actor_id, released.data) == (
        JobEventKind.RELEASED,
        actor.pk,
        {"reason": CancelReason.TRANSFERRED},
    )
    assert (assigned.kind, assigned.status, assigned.data) == (
        JobEventKind.ASSIGNED,
        JobStatus.ASSIGNED,
        {"technician_id": str(technician.pk)},
    )
    assert outbox() == rows_of(
        JobReleased(job_id=job.pk, technician_id=holder.pk, reason=CancelReason.TRANSFERRED),
        JobAssigned(job_id=job.pk, technician_id=technician.pk),
    )


def test_transfer_leaves_work_waiting_for_its_payment(noon, monkeypatch):
    job = job_assigned()
    job.is_payment_required = True
    job.save()
    _payment_awaited(monkeypatch, is_awaited=False)

    _transfer(job, TechnicianFactory(), noon)

    assert stored(job).is_payment_required


def test_transfer_does_not_count_against_who_had_it(noon):
    holder, technician = TechnicianFactory(is_online=True), TechnicianFactory()
    job = job_assigned(holder, created_at=noon)

    _transfer(job, technician, noon)

    holder, technician = (Technician.objects.get(pk=one.pk) for one in (holder, technician))
    assert (holder.jobs_released, holder.idle_since) == (0, noon)
    assert (technician.jobs_assigned, stored(job).rematch_count) == (1, 0)


@pytest.mark.parametrize("status", all_but(JobStatus.ASSIGNED))
def test_transfer_is_possible_while_assigned_alone(noon, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition):
        job_transfer_by_staff(job=job, held_by=technician.pk, technician=technician, actor=technician.user, at=noon)


def test_transfer_to_one_who_has_other_work_then_is_refused_by_the_database(noon):
    job, busy = job_assigned(created_at=noon), job_assigned(created_at=noon).technician

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        _transfer_at_once(job, busy, noon)

    assert type(conflict_of(refusal.value)) is BookingOverlap


def _transfer_at_once(job, technician, at):
    job_transfer_by_staff(job=job, held_by=job.technician_id, technician=technician, actor=job.customer, at=at)
