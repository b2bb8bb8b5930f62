"""What matching asks of a job, and trying again."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.models import AuditEntry
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.errors import BookingOverlap
from jobs.events import JobAssigned, JobReleased, JobRematchRequested, JobUnmatched
from jobs.models import JobEvent
from jobs.services import (
    job_assign,
    job_begin_matching,
    job_look_by_staff,
    job_mark_unmatched,
    job_note_add,
    job_rematch_by_customer,
    job_rematch_by_staff,
    job_set_next_pass,
    job_transfer_by_staff,
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
    assert outbox() == rows_of(JobUnmatched(job_id=job.pk, search_number=1))


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


@pytest.mark.parametrize("status", [JobStatus.MATCHING, JobStatus.UNMATCHED])
def test_assign_ends_a_search_and_follows_one_that_found_nobody(noon, status):
    job, technician = JOB_IN[status](created_at=noon), TechnicianFactory()

    _assign(job, technician, noon)

    assert (stored(job).status, stored(job).technician_id) == (JobStatus.ASSIGNED, technician.pk)


@pytest.mark.parametrize("status", _others(JobStatus.MATCHING, JobStatus.UNMATCHED))
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
    job, technician = job_assigned(created_at=noon - timedelta(hours=1)), TechnicianFactory()
    holder, before = job.technician, stored(job)

    actor = _transfer(job, technician, noon)

    after = stored(job)
    assert changed(before, after) == {
        "technician_id",
        "assigned_at",
        "booked_from",
        "booked_until",
        "start_code_serial",
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


def test_transfer_does_not_count_against_who_had_it(noon):
    holder, technician = TechnicianFactory(is_online=True), TechnicianFactory()
    job = job_assigned(holder, created_at=noon)

    _transfer(job, technician, noon)

    holder, technician = (Technician.objects.get(pk=one.pk) for one in (holder, technician))
    assert (holder.jobs_released, holder.idle_since) == (0, noon)
    assert (technician.jobs_assigned, stored(job).rematch_count) == (1, 0)


@pytest.mark.parametrize("status", _others(JobStatus.ASSIGNED))
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


# Trying again


def _by_customer(job):
    return job_rematch_by_customer(job_id=job.pk, actor=job.customer)


def _by_staff(job):
    return job_rematch_by_staff(job_id=job.pk, actor=UserFactory(admin=True), reason="Somebody is free now.")


def _look_by_staff(job):
    return job_look_by_staff(job_id=job.pk, actor=UserFactory(admin=True), reason="Somebody is free now.")


@pytest.mark.parametrize("rematch", [_by_customer, _by_staff, _look_by_staff])
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


REFUSED_REMATCHES = [
    *((rematch, status) for rematch in (_by_customer, _by_staff) for status in _others(JobStatus.UNMATCHED)),
    *((_look_by_staff, status) for status in _others(JobStatus.UNMATCHED, JobStatus.MATCHING)),
]


@pytest.mark.parametrize(("rematch", "status"), REFUSED_REMATCHES)
def test_rematch_needs_a_search_that_found_nobody(rematch, status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        rematch(job)

    assert refusal.value.details == {"state": status, "action": "search_again"}


def test_look_by_staff_while_searching_is_one_right_now_within_the_budget(noon):
    job = job_matching(created_at=noon - timedelta(minutes=5))
    before = stored(job)

    _look_by_staff(job)

    assert changed(before, stored(job)) == set()
    assert (last_event(job).kind, last_event(job).status) == (JobEventKind.REMATCH_REQUESTED, JobStatus.MATCHING)
    assert outbox() == rows_of(JobRematchRequested(job_id=job.pk))
    assert AuditEntry.objects.get().after == {"status": "MATCHING"}


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


@pytest.mark.parametrize("rematch", [_by_staff, _look_by_staff])
def test_rematch_by_staff_is_audited(rematch):
    job = job_unmatched()

    rematch(job)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.target_id) == ("job.rematch", "Somebody is free now.", str(job.pk))
    assert (entry.before, entry.after) == ({"status": "UNMATCHED"}, {"status": "MATCHING"})
    event = last_event(job)
    assert (event.actor_id, event.actor_role, event.note) == (entry.actor_id, Role.ADMIN, "Somebody is free now.")


@pytest.mark.parametrize("rematch", [job_rematch_by_staff, job_look_by_staff])
@pytest.mark.parametrize("status", [JobStatus.UNMATCHED, JobStatus.ASSIGNED])
@pytest.mark.parametrize("reason", ["", "  "])
def test_rematch_by_staff_needs_a_reason_whatever_the_state(rematch, status, reason):
    job, admin = JOB_IN[status](), UserFactory(admin=True)

    with nothing_written(), pytest.raises(Invalid) as refusal:
        rematch(job_id=job.pk, actor=admin, reason=reason)

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
