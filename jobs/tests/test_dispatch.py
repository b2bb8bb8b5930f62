"""What matching asks of a job, and trying again."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.models import AuditEntry
from jobs.enums import JobEventKind, JobStatus
from jobs.errors import BookingOverlap
from jobs.events import JobAssigned, JobRematchRequested, JobUnmatched
from jobs.services import (
    job_assign,
    job_begin_matching,
    job_mark_unmatched,
    job_note_add,
    job_rematch_by_customer,
    job_rematch_by_staff,
    job_set_next_pass,
)
from jobs.tests.factories import JOB_IN, JobFactory, job_assigned, job_matching, job_unmatched
from jobs.tests.helpers import changed, kinds_of, last_event, nothing_written, outbox, rows_of, stored
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def _others(*statuses):
    return [status for status in JobStatus if status not in statuses]


# Searching


def test_begin_starts_the_first_search(noon):
    job = JobFactory(created_at=noon - timedelta(hours=1))
    before = stored(job)

    job_begin_matching(job=job, at=noon)

    after = stored(job)
    assert changed(before, after) == {"status", "search_started_at", "search_number", "next_pass_at"}
    assert (after.status, after.search_number) == (JobStatus.MATCHING, 1)
    assert (after.search_started_at, after.next_pass_at) == (noon, noon)
    event = last_event(job)
    assert (event.kind, event.status, event.at, event.actor_id, event.actor_role) == (
        JobEventKind.MATCHING_STARTED,
        JobStatus.MATCHING,
        noon,
        None,
        "",
    )
    assert outbox() == []


@pytest.mark.parametrize("status", _others(JobStatus.REQUESTED))
def test_begin_is_possible_from_requested_alone(noon, status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition):
        job_begin_matching(job=job, at=noon)


@pytest.mark.parametrize("ahead", [None, timedelta(seconds=15)])
def test_next_pass_is_set(noon, ahead):
    job = job_matching(created_at=noon)
    before, at = stored(job), noon + ahead if ahead else None

    job_set_next_pass(job=job, at=at)

    assert changed(before, stored(job)) == {"next_pass_at"}
    assert stored(job).next_pass_at == at


def test_next_pass_is_written_only_when_it_changes(noon, django_assert_num_queries):
    job = job_matching(created_at=noon)

    with django_assert_num_queries(0):
        job_set_next_pass(job=job, at=noon)


def test_unmatched_gives_up_and_tells(noon):
    job = job_matching(created_at=noon)

    job_mark_unmatched(job=job, at=noon)

    after = stored(job)
    assert (after.status, after.next_pass_at) == (JobStatus.UNMATCHED, None)
    assert (last_event(job).kind, last_event(job).at) == (JobEventKind.UNMATCHED, noon)
    assert outbox() == rows_of(JobUnmatched(job_id=job.pk))


@pytest.mark.parametrize("status", _others(JobStatus.MATCHING))
def test_unmatched_is_possible_while_searching_alone(noon, status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition):
        job_mark_unmatched(job=job, at=noon)


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


def test_assign_counts_for_the_technician(noon):
    technician = TechnicianFactory(is_online=True, idle_since=noon)

    _assign(job_matching(created_at=noon), technician, noon)

    technician = Technician.objects.get(pk=technician.pk)
    assert (technician.jobs_assigned, technician.idle_since) == (1, None)


def test_assign_books_a_visit_for_later(noon):
    job, visit = job_matching(created_at=noon, scheduled_for=noon + timedelta(hours=2)), noon + timedelta(hours=2)

    _assign(job, TechnicianFactory(), noon)

    assert (stored(job).booked_from, stored(job).booked_until) == (visit, visit + timedelta(hours=1))


@pytest.mark.parametrize("status", _others(JobStatus.MATCHING))
def test_assign_is_possible_while_searching_alone(noon, status):
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


# Trying again


def _by_customer(job):
    return job_rematch_by_customer(job_id=job.pk, actor=job.customer)


def _by_staff(job):
    return job_rematch_by_staff(job_id=job.pk, actor=UserFactory(admin=True), reason="Somebody is free now.")


@pytest.mark.parametrize("rematch", [_by_customer, _by_staff])
def test_rematch_searches_with_a_fresh_budget(noon, rematch):
    job = job_unmatched(created_at=noon - timedelta(hours=1))
    before = stored(job)

    rematch(job)

    after = stored(job)
    assert changed(before, after) == {"status", "search_started_at", "search_number", "next_pass_at"}
    assert (after.status, after.search_number) == (JobStatus.MATCHING, 2)
    assert (after.search_started_at, after.next_pass_at) == (noon, noon)
    assert (last_event(job).kind, last_event(job).at) == (JobEventKind.REMATCH_REQUESTED, noon)
    assert outbox() == rows_of(JobRematchRequested(job_id=job.pk))


@pytest.mark.parametrize("status", _others(JobStatus.UNMATCHED))
@pytest.mark.parametrize("rematch", [_by_customer, _by_staff])
def test_rematch_is_possible_from_unmatched_alone(status, rematch):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        rematch(job)

    assert refusal.value.details == {"state": status, "action": "search_again"}


def test_rematch_by_customer_is_his_and_not_audited():
    job = job_unmatched()

    _by_customer(job)

    event = last_event(job)
    assert (event.actor_id, event.actor_role, event.note) == (job.customer_id, Role.CUSTOMER, "")
    assert AuditEntry.objects.count() == 0


def test_rematch_by_another_customer_is_forbidden():
    job, stranger = job_unmatched(), UserFactory()

    with nothing_written(), pytest.raises(Forbidden):
        job_rematch_by_customer(job_id=job.pk, actor=stranger)


def test_rematch_by_staff_is_audited():
    job = job_unmatched()

    _by_staff(job)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.target_id) == ("job.rematch", "Somebody is free now.", str(job.pk))
    assert (entry.before, entry.after) == ({"status": "UNMATCHED"}, {"status": "MATCHING"})
    event = last_event(job)
    assert (event.actor_id, event.actor_role, event.note) == (entry.actor_id, Role.ADMIN, "Somebody is free now.")


@pytest.mark.parametrize("status", [JobStatus.UNMATCHED, JobStatus.ASSIGNED])
@pytest.mark.parametrize("reason", ["", "  "])
def test_rematch_by_staff_needs_a_reason_whatever_the_state(status, reason):
    job, admin = JOB_IN[status](), UserFactory(admin=True)

    with nothing_written(), pytest.raises(Invalid) as refusal:
        job_rematch_by_staff(job_id=job.pk, actor=admin, reason=reason)

    assert list(refusal.value.details) == ["reason"]


# Remarks


@pytest.mark.parametrize("status", JobStatus)
def test_note_goes_on_the_record_in_any_state(noon, status):
    job = JOB_IN[status](created_at=noon)
    before = stored(job)

    event = job_note_add(job_id=job.pk, actor=job.customer, note="Ring twice.")

    assert (event.kind, event.status, event.note, event.at) == (JobEventKind.NOTE, status, "Ring twice.", noon)
    assert (kinds_of(job)[-1], changed(before, stored(job))) == (JobEventKind.NOTE, set())
    assert outbox() == []


def _stranger(job):
    return UserFactory()


def _other_technician(job):
    return TechnicianFactory().user


@pytest.mark.parametrize("make", [job_assigned, job_matching])
@pytest.mark.parametrize("who", [_stranger, _other_technician])
def test_note_by_somebody_else_is_not_found(make, who):
    job = make()
    actor = who(job)

    with nothing_written(), pytest.raises(NotFound):
        job_note_add(job_id=job.pk, actor=actor, note="Let me in.")
