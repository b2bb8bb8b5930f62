from datetime import timedelta

import pytest

from fixmate.core.errors import IllegalTransition, NotFound
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.events import JobReleased, JobUnmatched
from jobs.rules import start_code
from jobs.selectors import price_list
from jobs.services import (
    job_release_by_technician,
)
from jobs.tests.factories import JOB_IN, job_assigned
from jobs.tests.helpers import kinds_of, last_event, nothing_written, outbox, rows_of, stored
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.MAX_REMATCHES = 3


def _release(job, *, by=None, note=""):
    actor = (by or job.technician).user
    return job_release_by_technician(job_id=job.pk, actor=actor, reason=CancelReason.CANNOT_COME, note=note)


def test_release_has_the_job_matched_again(noon):
    job = job_assigned(created_at=noon - timedelta(hours=1))
    technician, old_code = job.technician, start_code(job)

    _release(job, note="The van broke down.")

    after = stored(job)
    assert (after.status, after.technician_id) == (JobStatus.MATCHING, None)
    assert (after.assigned_at, after.booked_from, after.booked_until) == (None, None, None)
    assert (after.rematch_count, after.search_number) == (1, 2)
    assert (after.search_started_at, after.next_pass_at) == (noon, noon)
    assert start_code(after) != old_code
    event = last_event(job)
    assert (event.kind, event.status, event.note) == (
        JobEventKind.RELEASED,
        JobStatus.MATCHING,
        "The van broke down.",
    )
    assert (event.actor_id, event.data) == (technician.user_id, {"reason": CancelReason.CANNOT_COME})
    assert outbox() == rows_of(JobReleased(job_id=job.pk, technician_id=technician.pk, reason=CancelReason.CANNOT_COME))


def test_release_keeps_the_price():
    job = job_assigned()
    before = list(price_list(job.pk).values())

    _release(job)

    assert list(price_list(job.pk).values()) == before


def test_release_gives_the_next_technician_all_tries():
    job = job_assigned()
    job.start_code_failures = 5
    job.save(update_fields=["start_code_failures"])

    _release(job)

    assert stored(job).start_code_failures == 0


def test_release_lets_an_online_technician_wait_again(noon):
    technician = TechnicianFactory(is_online=True)
    job = job_assigned(technician, created_at=noon)

    _release(job)

    assert Technician.objects.get(pk=technician.pk).idle_since == noon


def test_release_frees_the_booking():
    job = job_assigned()
    technician = job.technician

    _release(job)

    assert job_assigned(technician, created_at=job.created_at).status == JobStatus.ASSIGNED


@pytest.mark.parametrize(("released_before", "status"), [(2, JobStatus.MATCHING), (3, JobStatus.UNMATCHED)])
def test_release_is_matched_again_so_many_times(released_before, status):
    job = job_assigned(rematch_count=released_before)

    _release(job)

    after = stored(job)
    assert (after.status, after.rematch_count) == (status, released_before + 1)


def test_release_once_too_often_leaves_it_to_the_customer(noon):
    job = job_assigned(created_at=noon, rematch_count=3)
    technician = job.technician

    _release(job)

    assert stored(job).next_pass_at is None
    assert kinds_of(job)[-2:] == [JobEventKind.RELEASED, JobEventKind.UNMATCHED]
    assert outbox() == rows_of(
        JobReleased(job_id=job.pk, technician_id=technician.pk, reason=CancelReason.CANNOT_COME),
        JobUnmatched(job_id=job.pk, search_number=2),
    )


@pytest.mark.parametrize("status", [JobStatus.IN_PROGRESS, JobStatus.COMPLETED])
def test_release_is_possible_while_assigned_alone(status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _release(job)

    assert refusal.value.details == {"state": status, "action": "release"}


@pytest.mark.parametrize("status", JobStatus)
def test_release_of_somebody_elses_job_is_not_found(status):
    job, stranger = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(NotFound):
        _release(job, by=stranger)


def test_release_twice_is_not_found():
    job = job_assigned()
    technician = job.technician
    _release(job)

    with nothing_written(), pytest.raises(NotFound):
        _release(job, by=technician)
