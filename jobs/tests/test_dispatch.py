"""What matching asks of a job, and trying again."""

from datetime import timedelta

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.models import AuditEntry
from jobs.enums import JobEventKind, JobStatus
from jobs.events import JobRematchRequested, JobUnmatched
from jobs.services import (
    job_begin_matching,
    job_look_by_staff,
    job_mark_unmatched,
    job_note_add,
    job_rematch_by_customer,
    job_rematch_by_staff,
    job_set_next_pass,
)
from jobs.tests.factories import JOB_IN, JobFactory, job_assigned, job_matching, job_unmatched
from jobs.tests.helpers import all_but, changed, kinds_of, last_event, nothing_written, outbox, rows_of, stored
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("status", all_but(JobStatus.REQUESTED))
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


@pytest.mark.parametrize("status", all_but(JobStatus.MATCHING))
def test_unmatched_is_possible_while_searching_alone(noon, status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition):
        job_mark_unmatched(job=job, at=noon)


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
    *((rematch, status) for rematch in (_by_customer, _by_staff) for status in all_but(JobStatus.UNMATCHED)),
    *((_look_by_staff, status) for status in all_but(JobStatus.UNMATCHED, JobStatus.MATCHING)),
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


@pytest.mark.parametrize("status", JobStatus)
def test_note_by_staff_is_audited_and_by_others_not(noon, status):
    job, staff = JOB_IN[status](created_at=noon), UserFactory(admin=True)

    job_note_add(job_id=job.pk, actor=job.customer, note="Ring twice.")
    job_note_add(job_id=job.pk, actor=staff, note="He was told.")

    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.action, entry.reason) == (staff.pk, "job.note", "He was told.")


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
