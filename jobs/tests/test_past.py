from datetime import timedelta

import pytest

from catalog.tests.factories import ServiceFactory
from jobs.enums import JobEventKind
from jobs.models import JobEvent
from jobs.past import engagements_of
from jobs.tests.factories import JobFactory, job_assigned, job_cancelled, job_completed, job_in_progress, job_matching
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def held_by(technician, noon, lost=()):
    return engagements_of(technician_id=technician.pk, lost_job_ids=lost, since=noon - HOUR, until=noon + HOUR)


def handed(job, technician, at, kind=JobEventKind.ASSIGNED):
    data = {"technician_id": str(technician.pk)} if kind == JobEventKind.ASSIGNED else {}
    return JobEvent.objects.create(job=job, kind=kind, status=job.status, at=at, data=data)


def test_job_he_has_is_held_from_its_assignment_on(noon):
    technician = TechnicianFactory()
    job = job_assigned(technician, created_at=noon)
    job_assigned(TechnicianFactory(), created_at=noon)

    (one,) = held_by(technician, noon)

    assert (one.job, one.booked_from, one.booked_until) == (job, noon, noon + timedelta(minutes=job.duration_minutes))
    assert [one.was_held_at(noon - HOUR), one.was_held_at(noon), one.was_held_at(noon + HOUR)] == [False, True, True]
    assert one.was_in_progress_at(noon) is False


def test_work_in_progress_is_so_from_its_start_on(noon):
    technician = TechnicianFactory()
    job_in_progress(technician, created_at=noon)

    (one,) = held_by(technician, noon)

    assert [one.was_in_progress_at(noon - HOUR), one.was_in_progress_at(noon)] == [False, True]


def test_finished_job_is_held_until_its_end(noon):
    technician = TechnicianFactory()
    job_completed(technician, created_at=noon)

    (one,) = held_by(technician, noon)

    assert (one.ended_at, one.was_held_at(noon)) == (noon, False)


@pytest.mark.parametrize("hours", [-2, 2])
def test_what_ended_before_or_began_after_is_left_out(noon, hours):
    technician = TechnicianFactory()
    job_completed(technician, created_at=noon + hours * HOUR)

    assert held_by(technician, noon) == []


def test_job_called_off_before_anybody_had_it_is_nobodys(noon):
    job_cancelled(created_at=noon)

    assert held_by(TechnicianFactory(), noon) == []


def test_job_he_gave_back_is_read_from_the_timeline(noon):
    technician, other = TechnicianFactory(), TechnicianFactory()
    job = job_matching(created_at=noon)
    handed(job, other, noon - 2 * HOUR)
    handed(job, other, noon - HOUR, JobEventKind.RELEASED)
    handed(job, technician, noon)
    handed(job, technician, noon + HOUR / 2, JobEventKind.RELEASED)
    handed(job, other, noon + HOUR)

    (one,) = held_by(technician, noon, lost=[job.pk])

    assert (one.assigned_at, one.ended_at, one.started_at) == (noon, noon + HOUR / 2, None)
    assert one.booked_until - one.booked_from == timedelta(minutes=job.duration_minutes)


def test_two_queries_however_many_jobs(noon, django_assert_num_queries):
    technician, service = TechnicianFactory(), ServiceFactory()
    jobs = [JobFactory(service=service, created_at=noon) for _ in range(3)]
    for job in jobs:
        handed(job, technician, noon)
        handed(job, technician, noon, JobEventKind.RELEASED)

    with django_assert_num_queries(2):
        held_by(technician, noon, lost=[job.pk for job in jobs])
