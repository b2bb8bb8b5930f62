from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from accounts.enums import Role
from fixmate.core.errors import IllegalTransition, StaleState
from jobs.enums import BOOKED, STATUS_AFTER, CancelReason, JobStatus
from jobs.models import Job
from jobs.tests.factories import (
    job_matching,
)
from jobs.tests.helpers import facts_of, stored
from technicians.models import Technician

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

ARGS = {
    "begin_matching": {"at": AT},
    "search_again": {"at": AT},
    "give_up": {},
    "assign": {"technician": Technician(), "booked_from": AT, "booked_until": AT + HOUR, "at": AT},
    "transfer": {"technician": Technician(), "booked_from": AT, "booked_until": AT + HOUR, "at": AT},
    "release": {"at": AT},
    "start": {"at": AT},
    "complete": {"work_summary": "New washer.", "at": AT},
    "cancel": {"reason": CancelReason.NOT_NEEDED, "note": "", "by": Role.CUSTOMER, "at": AT},
    "no_show": {"note": "", "by": Role.TECHNICIAN, "at": AT},
    "cancel_by_staff": {"note": "Fraud.", "by": Role.ADMIN, "at": AT},
}
EDGES = {
    (JobStatus.REQUESTED, "begin_matching"): JobStatus.MATCHING,
    (JobStatus.REQUESTED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.REQUESTED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.MATCHING, "give_up"): JobStatus.UNMATCHED,
    (JobStatus.MATCHING, "assign"): JobStatus.ASSIGNED,
    (JobStatus.MATCHING, "cancel"): JobStatus.CANCELLED,
    (JobStatus.MATCHING, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.UNMATCHED, "search_again"): JobStatus.MATCHING,
    (JobStatus.UNMATCHED, "assign"): JobStatus.ASSIGNED,
    (JobStatus.UNMATCHED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.UNMATCHED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.ASSIGNED, "transfer"): JobStatus.ASSIGNED,
    (JobStatus.ASSIGNED, "release"): JobStatus.MATCHING,
    (JobStatus.ASSIGNED, "start"): JobStatus.IN_PROGRESS,
    (JobStatus.ASSIGNED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.ASSIGNED, "no_show"): JobStatus.CANCELLED,
    (JobStatus.ASSIGNED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.IN_PROGRESS, "complete"): JobStatus.COMPLETED,
    (JobStatus.IN_PROGRESS, "cancel_by_staff"): JobStatus.CANCELLED,
}


# The lifecycle


class JobLifecycle(RuleBasedStateMachine):
    """Any sequence of steps: those of the table work, every other is refused and changes nothing."""

    def __init__(self):
        super().__init__()
        self.job = Job(created_at=AT)

    @rule(name=st.sampled_from(sorted(ARGS)))
    def attempt(self, name):
        before = facts_of(self.job)
        expected = EDGES.get((self.job.status, name))

        if expected:
            getattr(self.job, name)(**ARGS[name])
            assert self.job.status == expected
        else:
            with pytest.raises(IllegalTransition) as refusal:
                getattr(self.job, name)(**ARGS[name])
            assert refusal.value.details == {"state": before["status"], "action": name}
            assert facts_of(self.job) == before

    @invariant()
    def has_a_technician_from_assignment_on(self):
        if self.job.status in (*BOOKED, JobStatus.COMPLETED):
            assert None not in (self.job.technician, self.job.assigned_at, self.job.booked_from)
        elif self.job.status != JobStatus.CANCELLED:
            assert (self.job.technician, self.job.assigned_at, self.job.booked_until) == (None, None, None)

    @invariant()
    def is_looked_at_only_while_searching(self):
        assert (self.job.next_pass_at is not None) == (self.job.status == JobStatus.MATCHING)

    @invariant()
    def has_an_end_once_closed(self):
        is_closed = self.job.status in (JobStatus.COMPLETED, JobStatus.CANCELLED)
        assert (self.job.closed_at == AT) == is_closed
        assert (self.job.cancelled_by != "") == (self.job.status == JobStatus.CANCELLED)


TestJobLifecycle = JobLifecycle.TestCase
TestJobLifecycle.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("name", sorted(ARGS))
@pytest.mark.parametrize("status", JobStatus)
def test_job_step_follows_the_table_of_edges(status, name):
    job = Job(status=status, created_at=AT)
    expected = EDGES.get((status, name))

    if expected is None:
        with pytest.raises(IllegalTransition):
            getattr(job, name)(**ARGS[name])
    else:
        getattr(job, name)(**ARGS[name])

    assert job.status == (expected or status)


def test_release_makes_the_job_as_new_for_the_next_technician():
    job = Job(status=JobStatus.ASSIGNED, technician=Technician(), assigned_at=AT, booked_from=AT, search_number=1)
    job.start_code_failures, job.reminded_at, job.waiting_from = 3, AT, AT

    job.release(at=AT + HOUR)

    assert (job.technician, job.assigned_at, job.booked_from, job.booked_until) == (None, None, None, None)
    assert (job.rematch_count, job.start_code_serial, job.start_code_failures) == (1, 2, 0)
    assert (job.search_number, job.search_started_at, job.next_pass_at) == (2, AT + HOUR, AT + HOUR)
    assert (job.reminded_at, job.waiting_from) == (None, None)


def test_transfer_makes_the_visit_new_and_is_no_rematch():
    job = Job(status=JobStatus.ASSIGNED, technician=Technician(), assigned_at=AT, booked_from=AT, search_number=1)
    job.start_code_failures, job.reminded_at, job.waiting_from = 3, AT, AT
    other = Technician()

    job.transfer(technician=other, booked_from=AT + HOUR, booked_until=AT + 2 * HOUR, at=AT + HOUR)

    assert (job.technician, job.assigned_at) == (other, AT + HOUR)
    assert (job.booked_from, job.booked_until) == (AT + HOUR, AT + 2 * HOUR)
    assert (job.start_code_serial, job.start_code_failures) == (2, 0)
    assert (job.reminded_at, job.waiting_from) == (None, None)
    assert (job.rematch_count, job.search_number, job.next_pass_at) == (0, 1, None)


def test_cancel_by_staff_has_a_reason_of_its_own():
    job = Job(next_pass_at=AT)

    job.cancel_by_staff(note="Fraud.", by=Role.ADMIN, at=AT)

    assert (job.cancel_reason, job.cancel_note, job.cancelled_by) == (CancelReason.STAFF, "Fraud.", Role.ADMIN)
    assert (job.cancelled_at, job.closed_at, job.next_pass_at) == (AT, AT, None)


def test_status_cannot_be_assigned():
    job = Job()

    with pytest.raises(AttributeError):
        job.status = JobStatus.COMPLETED


@pytest.mark.django_db
def test_save_refuses_a_job_that_moved_meanwhile():
    job = job_matching()
    stale = stored(job)
    job.give_up()
    job.save()

    stale.assign(technician=Technician(), booked_from=AT, booked_until=AT + HOUR, at=AT)
    with pytest.raises(StaleState), transaction.atomic():
        stale.save(update_fields=["status"])

    assert stored(job).status == JobStatus.UNMATCHED


def test_every_status_but_none_is_reached_by_an_event():
    assert set(STATUS_AFTER.values()) == set(JobStatus)
