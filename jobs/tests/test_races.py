"""Many at once on PostgreSQL: exactly one wins, and the losers leave nothing behind."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from fixmate.core.errors import DomainError
from fixmate.core.tests.races import at_once
from jobs.enums import CancelReason, JobEventKind, JobStatus, PriceKind
from jobs.events import JobAssigned, JobCancelled, JobCompleted, JobStarted
from jobs.models import Job
from jobs.rules import start_code
from jobs.selectors import job_get_locked, job_ids_dark, job_ids_to_remind, price_list
from jobs.services import (
    job_assign,
    job_cancel_by_customer,
    job_complete_by_technician,
    job_no_show_by_technician,
    job_release_by_technician,
    job_release_dark,
    job_remind_due,
    job_start_by_technician,
)
from jobs.tests.factories import job_assigned, job_in_progress, job_matching, job_nobody_opens
from jobs.tests.helpers import kinds_of, north_of, outbox, put, rows_of, stored
from technicians.models import Technician
from technicians.selectors import technician_get_locked
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WON = "won"


def _at_once(*calls: Callable[[], Any]) -> list[str]:
    """Return what each call got: WON, or the code of its refusal."""
    return [answer.code if isinstance(answer, DomainError) else WON for answer in at_once(*calls)]


def _cancel(job):
    return lambda: job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED)


def _start(job):
    user, code = job.technician.user, start_code(job)
    return lambda: job_start_by_technician(job_id=job.pk, actor=user, start_code=code)


def _no_show(job):
    user = job.technician.user
    return lambda: job_no_show_by_technician(job_id=job.pk, actor=user)


def _release(job):
    user = job.technician.user
    return lambda: job_release_by_technician(job_id=job.pk, actor=user, reason=CancelReason.CANNOT_COME)


def _complete(job):
    user = job.technician.user
    return lambda: job_complete_by_technician(job_id=job.pk, actor=user, work_summary="New washer.")


def _assign(job, technician):
    def call():
        with transaction.atomic():
            locked = job_get_locked(job.pk)
            job_assign(
                job=locked, technician=technician_get_locked(technician.pk), actor=technician.user, at=timezone.now()
            )

    return call


def _at_the_door(technician=None, **kwargs):
    return _seen_at(job_assigned(technician, **kwargs))


def _seen_at(job):
    put(job.technician, north_of(job, 0), timezone.now())
    return job


def _index(queries: Iterable[str], needle: str) -> int:
    return next(number for number, sql in enumerate(queries) if needle in sql)


def test_eight_cancels_at_once_are_one_cancellation_and_one_fee():
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))

    got = _at_once(*[_cancel(job)] * 8)

    assert Counter(got) == {WON: 1, "ILLEGAL_TRANSITION": 7}
    assert kinds_of(job).count(JobEventKind.CANCELLED) == 1
    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE, PriceKind.CANCELLATION_FEE]
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by=Role.CUSTOMER)
    )


@pytest.mark.parametrize("round_number", range(3))
def test_start_and_cancel_at_once_have_one_winner(round_number):
    job = _at_the_door()

    start, cancel = _at_once(_start(job), _cancel(job))

    started = JobStarted(job_id=job.pk, technician_id=job.technician_id)
    cancelled = JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by=Role.CUSTOMER)
    ended = {
        (WON, "ILLEGAL_TRANSITION"): (JobStatus.IN_PROGRESS, JobEventKind.STARTED, rows_of(started)),
        ("ILLEGAL_TRANSITION", WON): (JobStatus.CANCELLED, JobEventKind.CANCELLED, rows_of(cancelled)),
    }
    assert (stored(job).status, kinds_of(job)[-1], outbox()) == ended[start, cancel]
    assert len(kinds_of(job)) == 4


@pytest.mark.parametrize("round_number", range(3))
@pytest.mark.parametrize("other", [_start, _cancel])
def test_no_show_and_start_or_cancel_at_once_have_one_winner(other, round_number):
    job = _seen_at(job_nobody_opens(created_at=timezone.now() - timedelta(hours=1)))

    no_show, against = _at_once(_no_show(job), other(job))

    assert sorted([no_show, against]) == ["ILLEGAL_TRANSITION", WON]
    after, prices = stored(job), [price.kind for price in price_list(job.pk)]
    is_started = against == WON and other is _start
    assert after.status == (JobStatus.IN_PROGRESS if is_started else JobStatus.CANCELLED)
    assert (after.cancel_reason == CancelReason.NO_SHOW) == (no_show == WON)
    assert prices == [PriceKind.QUOTE, *([] if is_started else [PriceKind.CANCELLATION_FEE])]
    assert kinds_of(job)[3:] == [JobEventKind.STARTED if is_started else JobEventKind.CANCELLED]


def test_eight_no_shows_at_once_are_one_cancellation_and_one_fee():
    job = _seen_at(job_nobody_opens(created_at=timezone.now() - timedelta(hours=1)))

    got = _at_once(*[_no_show(job)] * 8)

    assert Counter(got) == {WON: 1, "ILLEGAL_TRANSITION": 7}
    assert kinds_of(job).count(JobEventKind.CANCELLED) == 1
    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE, PriceKind.CANCELLATION_FEE]
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by=Role.TECHNICIAN)
    )


@pytest.mark.parametrize("round_number", range(3))
def test_start_and_release_at_once_have_one_winner(round_number):
    job = _at_the_door()

    start, release = _at_once(_start(job), _release(job))

    ended = {
        (WON, "ILLEGAL_TRANSITION"): JobStatus.IN_PROGRESS,
        ("NOT_FOUND", WON): JobStatus.MATCHING,
    }
    assert stored(job).status == ended[start, release]


@pytest.mark.parametrize("round_number", range(5))
def test_start_and_going_dark_at_once_have_one_winner(round_number):
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))
    technician, code, here = job.technician, start_code(job), north_of(job, 0)
    put(technician, here, timezone.now() - timedelta(hours=1))

    started, released = at_once(
        lambda: job_start_by_technician(job_id=job.pk, actor=technician.user, start_code=code, here=here),
        job_release_dark,
    )

    is_started = not isinstance(started, DomainError)
    assert released == (0 if is_started else 1)
    assert stored(job).status == (JobStatus.IN_PROGRESS if is_started else JobStatus.MATCHING)
    assert is_started or started.code == "NOT_FOUND"
    assert kinds_of(job)[3:] == [JobEventKind.STARTED if is_started else JobEventKind.RELEASED]
    assert Technician.objects.get(pk=technician.pk).jobs_released == released


def test_control_without_the_lock_the_start_and_the_release_both_win():
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))
    barrier = Barrier(2)

    def unlocked(step):
        seen = Job.objects.get(pk=job.pk)
        barrier.wait(timeout=20)
        getattr(seen, step)(at=timezone.now())
        return WON

    assert at_once(lambda: unlocked("start"), lambda: unlocked("release")) == [WON, WON]


@pytest.mark.parametrize("sweep", [job_release_dark, job_remind_due])
def test_sweeps_of_visits_at_once_act_once(sweep):
    at = timezone.now()
    job = job_assigned(created_at=at - timedelta(hours=2), scheduled_for=at + timedelta(minutes=20))
    Job.objects.filter(pk=job.pk).update(
        booked_from=at + timedelta(minutes=20), booked_until=at + timedelta(minutes=80)
    )

    counts = at_once(*[sweep] * 4)

    assert sum(counts) == 1
    assert len(kinds_of(job)) == 4


def test_looking_for_silent_technicians_reads_no_closed_job():
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as captured:
        job_ids_dark(at=timezone.now(), limit=10)
        job_ids_to_remind(at=timezone.now(), limit=10)
        plans = []
        for query in captured.captured_queries:
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append(" ".join(row[0] for row in cursor.fetchall()))
        cursor.execute("RESET enable_seqscan")

    assert ["job_booked" in plan for plan in plans] == [True, True]


def test_complete_twice_at_once_completes_once():
    job = job_in_progress()

    got = _at_once(_complete(job), _complete(job))

    assert sorted(got) == ["ILLEGAL_TRANSITION", WON]
    assert kinds_of(job).count(JobEventKind.COMPLETED) == 1
    assert Technician.objects.get(pk=job.technician_id).jobs_completed == 1
    assert outbox() == rows_of(JobCompleted(job_id=job.pk, technician_id=job.technician_id))


def test_wrong_codes_at_once_are_all_counted():
    job = _at_the_door()
    wrong, user = f"{(int(start_code(job)) + 1) % 10_000:04d}", job.technician.user

    got = _at_once(*[lambda: job_start_by_technician(job_id=job.pk, actor=user, start_code=wrong)] * 8)

    assert Counter(got) == {"START_CODE_WRONG": 5, "START_CODE_LOCKED": 3}
    assert stored(job).start_code_failures == 5


def test_two_starts_of_one_technician_at_once_begin_one_job():
    technician = TechnicianFactory()
    at = timezone.now()
    first, second = _at_the_door(technician, created_at=at - timedelta(hours=2)), _at_the_door(technician)

    got = _at_once(_start(first), _start(second))

    assert sorted(got) == ["ALREADY_WORKING", WON]
    assert sorted([stored(first).status, stored(second).status]) == [JobStatus.ASSIGNED, JobStatus.IN_PROGRESS]


def test_two_assignments_of_one_technician_at_once_book_him_once():
    technician = TechnicianFactory()
    jobs = [job_matching(), job_matching()]

    got = _at_once(*[_assign(job, technician) for job in jobs])

    assert sorted(got) == ["BOOKING_OVERLAP", WON]
    (job,) = [job for job in jobs if stored(job).status == JobStatus.ASSIGNED]
    assert outbox() == rows_of(JobAssigned(job_id=job.pk, technician_id=technician.pk))
    assert Technician.objects.get(pk=technician.pk).jobs_assigned == 1


def test_cancel_locks_the_job_before_it_writes_anything():
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))

    with CaptureQueriesContext(connection) as captured:
        _cancel(job)()

    queries = [query["sql"] for query in captured.captured_queries]
    locked = _index(queries, "FOR UPDATE")
    assert '"jobs_job"' in queries[locked]
    assert locked < _index(queries, "clock_timestamp()") < _index(queries, 'UPDATE "jobs_job"')
    assert locked < _index(queries, "INSERT INTO")
