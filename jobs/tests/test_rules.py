from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.enums import JobStatus
from jobs.models import Job, JobPrice
from jobs.rules import booking_of, cancellation_fee_minor, dispatch_at, is_start_code, start_code

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.DISPATCH_LEAD_S = 7200
    settings.CANCELLATION_GRACE_S = 300
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")


def test_job_for_now_is_dispatched_at_once():
    assert dispatch_at(Job(created_at=AT)) == AT


def test_job_for_later_is_dispatched_the_lead_time_ahead():
    job = Job(created_at=AT, scheduled_for=AT + timedelta(days=1))

    assert dispatch_at(job) == AT + timedelta(hours=22)


def test_job_for_soon_is_due_already():
    job = Job(created_at=AT, scheduled_for=AT + timedelta(minutes=30))

    assert dispatch_at(job) == AT - timedelta(minutes=90)


@pytest.mark.parametrize(
    ("scheduled_for", "start"),
    [(None, AT), (AT + timedelta(hours=3), AT + timedelta(hours=3)), (AT - SECOND, AT)],
)
def test_booking_begins_with_the_visit_and_never_in_the_past(scheduled_for, start):
    job = Job(scheduled_for=scheduled_for, duration_minutes=90)

    assert booking_of(job, AT) == (start, start + timedelta(minutes=90))


# What calling off costs


def _fee(amount_minor, *, after, status=JobStatus.ASSIGNED):
    job = Job(status=status, assigned_at=AT)
    return cancellation_fee_minor(job, JobPrice(amount_minor=amount_minor), AT + after)


@pytest.mark.parametrize(
    ("after", "fee"),
    [
        (timedelta(0), 0),
        (timedelta(seconds=300) - timedelta(microseconds=1), 0),
        (timedelta(seconds=300), 0),
        (timedelta(seconds=300) + timedelta(microseconds=1), 2_000),
        (timedelta(days=3), 2_000),
    ],
)
def test_cancellation_costs_once_the_grace_period_is_over(after, fee):
    assert _fee(10_000, after=after) == fee


@pytest.mark.parametrize(("amount_minor", "fee"), [(12, 2), (13, 3), (2, 0), (3, 1), (0, 0)])
def test_cancellation_fee_is_rounded_half_up(amount_minor, fee):
    assert _fee(amount_minor, after=timedelta(hours=1)) == fee


def test_cancellation_fee_of_an_exact_half_is_rounded_up(settings):
    settings.CANCELLATION_FEE_RATE = Decimal("0.50")

    assert [_fee(amount, after=timedelta(hours=1)) for amount in (1, 3, 5)] == [1, 2, 3]


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.ASSIGNED])
def test_cancellation_costs_nothing_in_any_other_state(status):
    assert _fee(10_000, after=timedelta(hours=1), status=status) == 0


# The start code


def _job(serial=1, pk="0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11"):
    return Job(id=UUID(pk), start_code_serial=serial)


@given(st.uuids(), st.integers(min_value=1, max_value=32_767))
def test_start_code_is_four_digits_and_stays_the_same(pk, serial):
    code = start_code(Job(id=pk, start_code_serial=serial))

    assert len(code) == 4
    assert code.isascii()
    assert code.isdigit()
    assert start_code(Job(id=pk, start_code_serial=serial)) == code


def test_start_code_is_spread_over_serials_and_jobs(settings):
    settings.SECRET_KEY = "k" * 50
    by_serial = {start_code(_job(serial)) for serial in range(1, 101)}
    by_job = {start_code(_job(pk=f"0198f0c4-7a51-7c3e-9d0a-{number:012d}")) for number in range(100)}

    assert start_code(_job(1)) != start_code(_job(2))
    assert len(by_serial) > 90
    assert len(by_job) > 90


def test_start_code_cannot_be_derived_without_the_key(settings):
    settings.SECRET_KEY = "a" * 50
    codes = [start_code(_job(serial)) for serial in range(1, 6)]

    settings.SECRET_KEY = "b" * 50

    assert [start_code(_job(serial)) for serial in range(1, 6)] != codes


def test_start_code_keeps_its_leading_zeros(settings):
    settings.SECRET_KEY = "k" * 50
    codes = [start_code(_job(serial)) for serial in range(1, 200)]

    assert any(code.startswith("0") for code in codes)


def test_is_start_code_takes_the_very_code_alone():
    code = start_code(_job())
    wrong = f"{(int(code) + 1) % 10_000:04d}"

    assert is_start_code(_job(), code) is True
    assert [is_start_code(_job(), given) for given in (wrong, "", code[:3], f" {code}", "١٢٣٤")] == [False] * 5
