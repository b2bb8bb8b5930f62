"""Whether a technician is at work follows his jobs, however many he holds."""

from datetime import timedelta

import pytest

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from jobs.selectors import job_get_locked, technician_ids_at_work
from jobs.services import job_assign, job_cancel_by_customer, job_complete_by_technician, job_release_by_technician
from jobs.services import job_start_by_technician as start
from jobs.tests.factories import job_completed, job_matching
from technicians.models import Dispatchable, Technician
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def technician(settings, noon):
    settings.START_CODE_REQUIRED, settings.START_MAX_DISTANCE_M = False, 100_000
    return technician_ready(ServiceFactory())


def taken(technician, at, scheduled_for=None):
    """A job that the technician took at that moment."""
    job = job_matching(created_at=at, scheduled_for=scheduled_for)
    with clock.frozen(at):
        job = job_get_locked(job.pk)
        job_assign(job=job, technician=technician, actor=technician.user, at=at)
    return job


def is_busy(technician):
    row, waits = Dispatchable.objects.get(), Technician.objects.get().idle_since is not None
    at_work = technician_ids_at_work([technician.pk]) == {technician.pk}
    assert row.is_busy == at_work == (not waits)
    return row.is_busy


def test_a_job_for_now_makes_him_busy_until_it_is_done(technician, noon):
    job = taken(technician, noon)

    seen = [is_busy(technician)]
    start(job_id=job.pk, actor=technician.user)
    seen.append(is_busy(technician))
    job_complete_by_technician(job_id=job.pk, actor=technician.user, work_summary="Done.")
    seen.append(is_busy(technician))

    assert seen == [True, True, False]


def test_a_job_for_later_makes_him_busy_when_he_starts_it(technician, noon):
    job = taken(technician, noon, scheduled_for=noon + timedelta(minutes=90))

    seen = [is_busy(technician)]
    start(job_id=job.pk, actor=technician.user)
    seen.append(is_busy(technician))

    assert seen == [False, True]


def test_losing_a_later_job_leaves_him_at_the_one_he_works_on(technician, noon):
    now = taken(technician, noon)
    later = [taken(technician, noon, scheduled_for=noon + timedelta(hours=hours)) for hours in (3, 5)]
    start(job_id=now.pk, actor=technician.user)

    job_cancel_by_customer(job_id=later[0].pk, actor=later[0].customer, reason="NOT_NEEDED")
    seen = [is_busy(technician)]
    job_release_by_technician(job_id=later[1].pk, actor=technician.user, reason="CANNOT_COME")
    seen.append(is_busy(technician))
    job_complete_by_technician(job_id=now.pk, actor=technician.user, work_summary="Done.")
    seen.append(is_busy(technician))

    assert seen == [True, True, False]


def test_finishing_the_one_leaves_him_free_for_now_with_a_later_one(technician, noon):
    now = taken(technician, noon)
    taken(technician, noon, scheduled_for=noon + timedelta(hours=3))

    job_cancel_by_customer(job_id=now.pk, actor=now.customer, reason="NOT_NEEDED")

    assert is_busy(technician) is False


def test_going_offline_and_back_does_not_hide_the_work(technician, noon):
    job = taken(technician, noon)

    technician_go_offline(technician_id=technician.pk)
    technician_go_online(technician_id=technician.pk)
    seen = [is_busy(technician)]
    job_release_by_technician(job_id=job.pk, actor=technician.user, reason="CANNOT_COME")
    seen.append(is_busy(technician))

    assert seen == [True, False]


def test_what_is_closed_or_another_s_does_not_count(technician, noon):
    job_completed(technician)
    taken(technician, noon, scheduled_for=noon + timedelta(hours=3))

    assert technician_ids_at_work([technician.pk]) == set()
