"""Visits ahead: the reminder, and the technician who cannot be reached."""

from datetime import timedelta

import pytest

from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.events import JobReleased, JobReminderDue, JobUnmatched
from jobs.models import Job
from jobs.rules import is_dark, is_reminder_due
from jobs.selectors import job_ids_dark, job_ids_to_remind
from jobs.services import job_release_dark, job_remind_due, visits
from jobs.tasks import release_dark, remind_visits
from jobs.tests.factories import JOB_IN, job_assigned, job_in_progress
from jobs.tests.helpers import changed, kinds_of, last_event, north_of, nothing_written, outbox, put, rows_of, stored
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.VISIT_REMINDER_S = 3600
    settings.DARK_CHECK_S = 1800
    settings.DARK_AFTER_S = 900
    settings.MAX_REMATCHES = 3


def _visit(noon, *, begins_in, assigned_ago, make=job_assigned, **kwargs):
    """A job whose visit was booked so long ago; a negative `begins_in` is a visit that should have begun."""
    job = make(created_at=noon - assigned_ago, scheduled_for=noon + begins_in, **kwargs)
    job.booked_from = noon + begins_in
    job.booked_until = job.booked_from + timedelta(minutes=job.duration_minutes)
    job.save(update_fields=["booked_from", "booked_until"])
    return job


def _seen(job, at):
    put(job.technician, north_of(job, 5_000), at)


# The reminder


def test_reminder_is_noted_and_told_once(noon):
    job = _visit(noon, begins_in=60 * MINUTE, assigned_ago=60 * MINUTE)
    before = stored(job)

    counts = [job_remind_due(), job_remind_due()]

    assert counts == [1, 0]
    assert changed(before, stored(job)) == {"reminded_at"}
    assert stored(job).reminded_at == noon
    event = last_event(job)
    assert (event.kind, event.status, event.actor_id, event.at) == (
        JobEventKind.REMINDED,
        JobStatus.ASSIGNED,
        None,
        noon,
    )
    assert outbox() == rows_of(JobReminderDue(job_id=job.pk, technician_id=job.technician_id))


REMINDERS = {
    "at the lead": (60 * MINUTE, 24 * 60 * MINUTE, True),
    "before the lead": (60 * MINUTE + SECOND, 24 * 60 * MINUTE, False),
    "just before the visit": (SECOND, 24 * 60 * MINUTE, True),
    "as the visit begins": (0 * MINUTE, 24 * 60 * MINUTE, False),
    "after it should have begun": (-10 * MINUTE, 24 * 60 * MINUTE, False),
    "taken at the lead": (30 * MINUTE, 30 * MINUTE, True),
    "taken within the lead": (30 * MINUTE, 30 * MINUTE - SECOND, False),
}


@pytest.mark.parametrize("name", REMINDERS)
def test_reminder_is_due_within_the_lead_for_who_took_the_job_before_it(noon, name):
    begins_in, assigned_ago, is_due = REMINDERS[name]
    job = _visit(noon, begins_in=begins_in, assigned_ago=assigned_ago)

    assert job_ids_to_remind(at=noon, limit=10) == ([job.pk] if is_due else [])
    assert is_reminder_due(job, noon) == is_due


def test_reminder_is_for_visits_booked_ahead(noon):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE)
    job.scheduled_for = None
    job.save(update_fields=["scheduled_for"])

    assert job_ids_to_remind(at=noon, limit=10) == []
    assert not is_reminder_due(job, noon)


def test_reminder_is_for_work_that_has_not_begun(noon):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE, make=job_in_progress)

    with nothing_written():
        assert job_remind_due() == 0

    assert not is_reminder_due(job, noon)


def test_reminder_comes_again_for_the_next_technician(noon):
    job = _visit(noon, begins_in=60 * MINUTE, assigned_ago=60 * MINUTE)
    job_remind_due()
    job = stored(job)

    job.release(at=noon)

    assert job.reminded_at is None


def test_reminders_go_by_the_nearest_visit_and_in_batches(noon):
    later = _visit(noon, begins_in=50 * MINUTE, assigned_ago=60 * MINUTE)
    sooner = _visit(noon, begins_in=40 * MINUTE, assigned_ago=60 * MINUTE)

    assert job_ids_to_remind(at=noon, limit=10) == [sooner.pk, later.pk]
    assert job_ids_to_remind(at=noon, limit=1) == [sooner.pk]


def test_reminder_looks_again_under_the_lock(noon, monkeypatch):
    job = job_assigned(created_at=noon)
    monkeypatch.setattr(visits, "job_ids_to_remind", lambda **_: [job.pk])

    with nothing_written():
        assert job_remind_due() == 0


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.ASSIGNED])
def test_visit_rules_hold_for_assigned_jobs_alone(noon, status):
    job = JOB_IN[status](created_at=noon - 60 * MINUTE)

    assert (is_reminder_due(job, noon), is_dark(job, None, noon)) == (False, False)


def test_visit_rules_need_a_booking(noon):
    job = Job(status=JobStatus.ASSIGNED, scheduled_for=noon)

    assert (is_reminder_due(job, noon), is_dark(job, None, noon)) == (False, False)


def test_reminding_looks_at_no_more_than_it_must(noon, django_assert_num_queries):
    job_assigned(created_at=noon)

    with django_assert_num_queries(1):
        job_remind_due()


# Going dark


def test_dark_technician_loses_the_job_like_one_who_gave_it_back(noon):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE)
    technician = job.technician
    _seen(job, noon - 15 * MINUTE)

    count = job_release_dark()

    after = stored(job)
    assert (count, after.status, after.technician_id) == (1, JobStatus.MATCHING, None)
    assert (after.rematch_count, after.search_number, after.next_pass_at) == (1, 2, noon)
    assert Technician.objects.get(pk=technician.pk).jobs_released == 1
    event = last_event(job)
    assert (event.kind, event.actor_id, event.actor_role) == (JobEventKind.RELEASED, None, "")
    assert event.data == {"reason": CancelReason.WENT_DARK}
    assert outbox() == rows_of(JobReleased(job_id=job.pk, technician_id=technician.pk, reason=CancelReason.WENT_DARK))


def test_dark_is_safe_to_look_for_twice(noon):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE)
    job_release_dark()

    with nothing_written():
        assert job_release_dark() == 0

    assert kinds_of(job).count(JobEventKind.RELEASED) == 1


def test_dark_once_too_often_leaves_it_to_the_customer(noon):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE, rematch_count=3)
    technician_id = job.technician_id

    job_release_dark()

    assert stored(job).status == JobStatus.UNMATCHED
    assert outbox() == rows_of(
        JobReleased(job_id=job.pk, technician_id=technician_id, reason=CancelReason.WENT_DARK),
        JobUnmatched(job_id=job.pk, search_number=2),
    )


DARK = {
    "silent and near": (30 * MINUTE, 60 * MINUTE, 15 * MINUTE, True),
    "not near yet": (30 * MINUTE + SECOND, 60 * MINUTE, 15 * MINUTE, False),
    "should have begun": (-20 * MINUTE, 60 * MINUTE, 15 * MINUTE, True),
    "seen lately": (30 * MINUTE, 60 * MINUTE, 15 * MINUTE - SECOND, False),
    "assigned lately": (30 * MINUTE, 15 * MINUTE - SECOND, 60 * MINUTE, False),
    "never seen": (30 * MINUTE, 15 * MINUTE, None, True),
}


@pytest.mark.parametrize("name", DARK)
def test_dark_is_silence_near_the_visit(noon, name):
    begins_in, assigned_ago, seen_ago, is_it = DARK[name]
    job = _visit(noon, begins_in=begins_in, assigned_ago=assigned_ago)
    seen_at = None if seen_ago is None else noon - seen_ago
    if seen_at:
        _seen(job, seen_at)

    assert job_ids_dark(at=noon, limit=10) == ([job.pk] if is_it else [])
    assert is_dark(job, seen_at, noon) == is_it


def test_dark_holds_for_a_job_for_now_from_its_assignment(noon):
    old, new = job_assigned(created_at=noon - 15 * MINUTE), job_assigned(created_at=noon - 14 * MINUTE)

    assert job_ids_dark(at=noon, limit=10) == [old.pk]
    assert (is_dark(old, None, noon), is_dark(new, None, noon)) == (True, False)


def test_dark_is_nobody_who_works(noon):
    job_in_progress(created_at=noon - 60 * MINUTE)

    with nothing_written():
        assert job_release_dark() == 0


def test_dark_goes_by_the_nearest_visit_and_in_batches(noon):
    later = _visit(noon, begins_in=20 * MINUTE, assigned_ago=60 * MINUTE)
    sooner = _visit(noon, begins_in=10 * MINUTE, assigned_ago=60 * MINUTE)

    assert job_ids_dark(at=noon, limit=10) == [sooner.pk, later.pk]
    assert job_ids_dark(at=noon, limit=1) == [sooner.pk]


def test_dark_looks_again_under_the_lock(noon, monkeypatch):
    job = _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE)
    monkeypatch.setattr(visits, "job_ids_dark", lambda **_: [job.pk])
    _seen(job, noon)

    with nothing_written():
        assert job_release_dark() == 0


@pytest.mark.parametrize("status", [JobStatus.UNMATCHED, JobStatus.CANCELLED])
def test_dark_and_reminder_leave_a_job_that_moved_on(noon, monkeypatch, status):
    job = JOB_IN[status](created_at=noon - 60 * MINUTE)
    for name in ("job_ids_dark", "job_ids_to_remind"):
        monkeypatch.setattr(visits, name, lambda **_: [job.pk])

    with nothing_written():
        assert (job_release_dark(), job_remind_due()) == (0, 0)


def test_dark_technician_who_is_released_is_free_for_others(noon):
    technician = TechnicianFactory()
    _visit(noon, begins_in=30 * MINUTE, assigned_ago=60 * MINUTE, technician=technician)

    job_release_dark()

    assert Job.objects.filter(technician=technician).count() == 0


# Sweeps


def test_sweeps_call_their_services(noon):
    reminded = _visit(noon, begins_in=60 * MINUTE, assigned_ago=60 * MINUTE)
    dark = _visit(noon, begins_in=0 * MINUTE, assigned_ago=60 * MINUTE)

    remind_visits()
    release_dark()

    assert stored(reminded).reminded_at == noon
    assert stored(dark).status == JobStatus.MATCHING
