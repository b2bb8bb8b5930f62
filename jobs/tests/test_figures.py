"""Figures of technicians that follow from jobs: counted from the rows they are what the services have kept."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.geo import Point
from jobs.enums import CancelReason
from jobs.figures import completed_count, released_count, visits_count
from jobs.models import Job
from jobs.rules import is_punctual
from jobs.selectors import job_get_locked
from jobs.services import (
    job_assign,
    job_cancel_by_staff,
    job_complete_by_technician,
    job_release_by_technician,
    job_start_by_technician,
    job_transfer_by_staff,
)
from jobs.tests.factories import job_matching
from jobs.tests.helpers import last_event
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
COLUMNS = ("jobs_completed", "jobs_released", "visits_begun", "visits_punctual")


@pytest.fixture(autouse=True)
def _no_codes(settings):
    settings.START_CODE_REQUIRED = False


def assign(job, technician, at):
    job_assign(job=job_get_locked(job.pk), technician=technician, actor=technician.user, at=at)
    return Job.objects.get(pk=job.pk)


def start(job):
    here = Point(job.latitude, job.longitude)
    return job_start_by_technician(job_id=job.pk, actor=job.technician.user, here=here)


def assert_counted(**expected):
    """Assert that each technician, by name, has these figures, and that the rows say the same."""
    for name, figures in expected.items():
        technician = Technician.objects.get(user__first_name=name)
        counted = dict.fromkeys(COLUMNS, 0)
        for count in (completed_count, released_count, visits_count):
            for row in count([technician.pk]):
                assert row["technician_id"] == technician.pk
                counted |= {column: row[column] for column in row if column in COLUMNS}
        assert tuple(counted.values()) == tuple(getattr(technician, column) for column in COLUMNS) == figures, name


def test_jobs_finished_and_given_back_are_counted_of_who_had_them(noon):
    ada, bob = (TechnicianFactory(user__first_name=name) for name in ("Ada", "Bob"))
    finished, kept, given_back, called_off = (job_matching(created_at=noon) for _ in range(4))

    job_complete_by_technician(job_id=start(assign(finished, ada, noon)).pk, actor=ada.user, work_summary="Done.")
    assign(given_back, ada, noon)
    job_release_by_technician(job_id=given_back.pk, actor=ada.user, reason=CancelReason.CANNOT_COME)
    assign(given_back, bob, noon)
    job_release_by_technician(job_id=given_back.pk, actor=bob.user, reason=CancelReason.EMERGENCY)
    assign(given_back, ada, noon)
    job_cancel_by_staff(job_id=start(Job.objects.get(pk=given_back.pk)).pk, actor=UserFactory(admin=True), note="Gone.")
    assign(called_off, bob, noon)
    job_transfer_by_staff(
        job=job_get_locked(called_off.pk), held_by=bob.pk, technician=ada, actor=UserFactory(admin=True), at=noon
    )

    assert_counted(Ada=(1, 1, 0, 0), Bob=(0, 1, 0, 0))
    assert kept.technician_id is None


@pytest.mark.parametrize(("late_min", "figures"), [(-30, (0, 0, 1, 1)), (15, (0, 0, 1, 1)), (16, (0, 0, 1, 0))])
def test_visits_booked_ahead_are_judged_when_they_begin(noon, late_min, figures, settings):
    technician = TechnicianFactory(user__first_name="Ada")
    job = job_matching(created_at=noon, scheduled_for=noon + timedelta(hours=1))
    assign(job, technician, noon)

    with clock.frozen(noon + timedelta(hours=1, minutes=late_min)):
        start(Job.objects.get(pk=job.pk))
    settings.PUNCTUAL_WITHIN_MINUTES = 0  # what was judged stays

    assert last_event(job).data["was_punctual"] == bool(figures[3])
    assert_counted(Ada=figures)


def test_a_job_for_now_and_one_taken_after_its_hour_promise_none(noon):
    technician = TechnicianFactory()
    late = job_matching(created_at=noon - timedelta(hours=2), scheduled_for=noon - timedelta(hours=1))
    now = job_matching(created_at=noon)

    late, now = assign(late, technician, noon), assign(now, TechnicianFactory(), noon)

    assert (is_punctual(late, noon), is_punctual(now, noon), is_punctual(Job(), noon)) == (None, None, None)
    assert "was_punctual" not in last_event(start(now)).data
