from datetime import timedelta

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.tests.http import client_for
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.errors import (
    LocationStale,
    PaymentRequired,
    StartCodeLocked,
    StartCodeWrong,
    TooFarFromJob,
)
from jobs.events import JobStarted
from jobs.rules import start_code
from jobs.services import (
    job_renew_start_code,
    job_require_payment,
    job_start_by_technician,
)
from jobs.tests.factories import JOB_IN, job_assigned, job_completed, job_in_progress
from jobs.tests.helpers import (
    all_but,
    changed,
    kinds_of,
    last_event,
    north_of,
    nothing_written,
    outbox,
    put,
    rows_of,
    stored,
)
from technicians.models import Position
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.START_CODE_REQUIRED = True
    settings.START_CODE_TRIES = 5
    settings.START_MAX_DISTANCE_M = 500
    settings.START_MAX_POSITION_AGE_S = 600


@pytest.fixture
def job(noon):
    """An assigned job, with its technician at the door."""
    job = job_assigned(created_at=noon)
    put(job.technician, north_of(job, 0), noon)
    return job


def _start(job, *, by=None, **kwargs):
    actor = (by or job.technician).user
    return job_start_by_technician(job_id=job.pk, actor=actor, **{"start_code": start_code(job), **kwargs})


def _wrong(job):
    return f"{(int(start_code(job)) + 1) % 10_000:04d}"


# Starting


def test_start_begins_the_work(job, noon):
    _start(job)

    after = stored(job)
    assert changed(job, after) == {"status", "started_at"}
    assert (after.status, after.started_at) == (JobStatus.IN_PROGRESS, noon)
    event = last_event(job)
    assert (event.kind, event.status, event.at) == (JobEventKind.STARTED, JobStatus.IN_PROGRESS, noon)
    assert (event.actor_id, event.actor_role) == (job.technician.user_id, Role.TECHNICIAN)
    assert event.data == {"away_m": 0, "position_age_s": 0}
    assert outbox() == rows_of(JobStarted(job_id=job.pk, technician_id=job.technician_id))


def test_start_without_any_position_is_refused(noon):
    job = job_assigned(created_at=noon)

    with nothing_written(), pytest.raises(LocationStale) as refusal:
        _start(job)

    assert refusal.value.details == {"age_s": None, "limit_s": 600}


def test_start_with_an_old_position_is_refused(job, noon):
    put(job.technician, north_of(job, 0), noon - timedelta(seconds=601))

    with nothing_written(), pytest.raises(LocationStale) as refusal:
        _start(job)

    assert refusal.value.details == {"age_s": 601, "limit_s": 600}


def test_start_with_the_oldest_position_allowed(job, noon):
    put(job.technician, north_of(job, 20), noon - timedelta(seconds=600))

    assert _start(job).status == JobStatus.IN_PROGRESS
    assert last_event(job).data == {"away_m": 20, "position_age_s": 600}


def test_start_from_too_far_is_refused(job, noon):
    put(job.technician, north_of(job, 501), noon)

    with nothing_written(), pytest.raises(TooFarFromJob) as refusal:
        _start(job)

    assert refusal.value.details == {"distance_m": 501, "limit_m": 500}


def test_start_from_just_within(job, noon):
    put(job.technician, north_of(job, 500), noon)

    assert _start(job).status == JobStatus.IN_PROGRESS


def test_start_takes_a_position_along(noon):
    job = job_assigned(created_at=noon)

    _start(job, here=north_of(job, 100))

    position = Position.objects.get(technician=job.technician)
    assert (position.latitude, position.location_at) == (north_of(job, 100).latitude, noon)
    assert stored(job).status == JobStatus.IN_PROGRESS


def test_start_believes_the_position_that_comes_along_over_an_older_one(job, noon):
    put(job.technician, north_of(job, 5_000), noon - timedelta(hours=1))

    assert _start(job, here=north_of(job, 100)).status == JobStatus.IN_PROGRESS


def test_start_counts_the_last_steps_to_the_door(job, noon):
    """A move under 50 m writes no coordinates: the one that comes with the call has to count by itself."""
    put(job.technician, north_of(job, 520), noon - timedelta(seconds=40))

    assert _start(job, here=north_of(job, 480)).status == JobStatus.IN_PROGRESS


def test_start_with_a_phone_ahead_of_the_clock(job, noon):
    """A ping from a clock that runs ahead hides the next ones for a moment: not the one that comes with the call."""
    position = put(job.technician, north_of(job, 5_000), noon)
    position.recorded_at = noon + timedelta(seconds=30)
    position.save()

    assert _start(job, here=north_of(job, 100)).status == JobStatus.IN_PROGRESS


def test_start_with_a_position_along_that_is_too_far_is_refused(job):
    with nothing_written(), pytest.raises(TooFarFromJob) as refusal:
        _start(job, here=north_of(job, 2_000))

    assert refusal.value.details == {"distance_m": 2_000, "limit_m": 500}


@pytest.mark.parametrize("status", all_but(JobStatus.ASSIGNED))
def test_start_is_possible_from_assigned_alone(noon, status):
    job = JOB_IN[status](created_at=noon)
    technician = job.technician or TechnicianFactory()
    refusal = IllegalTransition if job.technician else NotFound

    with nothing_written(), pytest.raises(refusal):
        _start(job, by=technician)


def test_start_of_somebody_elses_job_is_not_found(job):
    stranger = TechnicianFactory()

    with nothing_written(), pytest.raises(NotFound):
        _start(job, by=stranger)


def test_start_by_an_account_without_a_profile_is_not_found(job):
    with nothing_written(), pytest.raises(NotFound):
        job_start_by_technician(job_id=job.pk, actor=job.customer, start_code=start_code(job))


def test_start_of_a_job_called_off_on_the_way_is_refused(job, noon):
    job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=noon)
    job.save()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _start(job)

    assert refusal.value.details == {"state": JobStatus.CANCELLED, "action": "start"}


def test_start_waits_for_the_payment(job):
    job_require_payment(job_id=job.pk, is_required=True)

    with nothing_written(), pytest.raises(PaymentRequired):
        _start(job)
    job_require_payment(job_id=job.pk, is_required=False)

    assert _start(job).status == JobStatus.IN_PROGRESS


# The start code


def test_start_with_a_wrong_code_is_counted_although_it_is_refused(job, noon):
    with pytest.raises(StartCodeWrong) as refusal:
        _start(job, start_code=_wrong(job))

    after = stored(job)
    assert refusal.value.details == {"tries_left": 4}
    assert changed(job, after) == {"start_code_failures"}
    assert after.start_code_failures == 1
    event = last_event(job)
    assert (event.kind, event.status, event.data) == (
        JobEventKind.START_REFUSED,
        JobStatus.ASSIGNED,
        {"tries_left": 4},
    )
    assert outbox() == []


def test_start_keeps_the_position_that_came_with_a_wrong_code(job, noon):
    put(job.technician, north_of(job, 0), noon - timedelta(minutes=1))

    with pytest.raises(StartCodeWrong):
        _start(job, start_code=_wrong(job), here=north_of(job, 200))

    assert Position.objects.get(technician=job.technician).latitude == north_of(job, 200).latitude


def test_start_is_locked_after_five_wrong_codes(job):
    for tries_left in (4, 3, 2, 1, 0):
        with pytest.raises(StartCodeWrong) as refusal:
            _start(job, start_code=_wrong(job))
        assert refusal.value.details == {"tries_left": tries_left}

    with nothing_written(), pytest.raises(StartCodeLocked):
        _start(job)

    assert kinds_of(job).count(JobEventKind.START_REFUSED) == 5


def test_start_with_the_right_code_at_the_last_try(job):
    for _ in range(4):
        with pytest.raises(StartCodeWrong):
            _start(job, start_code=_wrong(job))

    assert _start(job).status == JobStatus.IN_PROGRESS


def test_start_without_a_code_is_no_try(job):
    with nothing_written(), pytest.raises(Invalid) as refusal:
        _start(job, start_code="")

    assert list(refusal.value.details) == ["start_code"]


@pytest.mark.parametrize("given", ["", "0000"])
def test_start_needs_no_code_where_none_is_required(job, settings, given):
    settings.START_CODE_REQUIRED = False

    assert _start(job, start_code=given).status == JobStatus.IN_PROGRESS


def test_renew_gives_another_code_and_fresh_tries(job, noon):
    old = start_code(job)
    for _ in range(5):
        with pytest.raises(StartCodeWrong):
            _start(job, start_code=_wrong(job))

    job_renew_start_code(job_id=job.pk, actor=job.customer)

    after = stored(job)
    assert (after.start_code_serial, after.start_code_failures) == (2, 0)
    assert start_code(after) != old
    event = last_event(job)
    assert (event.kind, event.actor_id, event.at) == (JobEventKind.START_CODE_RENEWED, job.customer_id, noon)
    with pytest.raises(StartCodeWrong):
        _start(job, start_code=old)
    assert _start(job, start_code=start_code(after)).status == JobStatus.IN_PROGRESS


@pytest.mark.parametrize("status", all_but(JobStatus.ASSIGNED))
def test_renew_is_possible_while_assigned_alone(status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        job_renew_start_code(job_id=job.pk, actor=job.customer)

    assert refusal.value.details == {"state": status, "action": "renew_start_code"}


def test_renew_by_another_customer_is_forbidden(job):
    with nothing_written(), pytest.raises(Forbidden):
        job_renew_start_code(job_id=job.pk, actor=UserFactory())


# One job at a time


def test_second_job_at_once_is_refused_over_http(noon):
    first = job_in_progress(created_at=noon - timedelta(hours=2))
    second = job_assigned(first.technician, created_at=noon)
    put(first.technician, north_of(second, 0), noon)
    client = client_for(first.technician.user)

    with nothing_written():
        answer = client.post(f"/api/v1/jobs/{second.pk}/start", {"start_code": start_code(second)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ALREADY_WORKING")


def test_next_job_starts_once_the_first_is_done(noon):
    first = job_completed(created_at=noon - timedelta(hours=2))
    second = job_assigned(first.technician, created_at=noon)
    put(first.technician, north_of(second, 0), noon)

    assert _start(second).status == JobStatus.IN_PROGRESS


# Whether payment is required


def test_require_payment_is_idempotent(job):
    job_require_payment(job_id=job.pk, is_required=True)
    assert changed(job, stored(job)) == {"is_payment_required"}

    with nothing_written():
        job_require_payment(job_id=job.pk, is_required=True)

    assert outbox() == []


def test_require_payment_of_no_job_is_not_found(job):
    with pytest.raises(NotFound):
        job_require_payment(job_id=job.customer_id, is_required=True)
