"""Answers to one proposal at once on PostgreSQL: one wins, and the price has risen once or not at all."""

from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fixmate.core.errors import DomainError
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from jobs.enums import DeclineReason, JobStatus, LineKind, PriceKind, QuoteStatus
from jobs.lines import line_of
from jobs.models import QuoteRevision
from jobs.rules import quote_code
from jobs.selectors import price_list
from jobs.services import (
    job_complete_by_technician,
    quote_approve,
    quote_decline,
    quote_propose,
    quote_withdraw,
)
from jobs.tests.factories import job_in_progress, quote_for
from jobs.tests.helpers import stored

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WON = "won"
ROUNDS = pytest.mark.parametrize("round_number", range(3))


@pytest.fixture
def job():
    return job_in_progress(created_at=timezone.now())


@pytest.fixture
def quote(job):
    return quote_for(job)


def _at_once(*calls):
    return [answer.code if isinstance(answer, DomainError) else WON for answer in at_once(*calls)]


def _approve(quote):
    of, actor, code = {"job_id": quote.job_id, "number": quote.number}, quote.job.customer, quote_code(quote)
    return lambda: quote_approve(**of, actor=actor, code=code)


def _decline(quote):
    of, actor = {"job_id": quote.job_id, "number": quote.number}, quote.job.customer
    return lambda: quote_decline(**of, actor=actor, reason=DeclineReason.OTHER)


def _withdraw(quote):
    of, actor = {"job_id": quote.job_id, "number": quote.number}, quote.technician.user
    return lambda: quote_withdraw(**of, actor=actor)


def _propose(job):
    actor, pump = job.technician.user, line_of(LineKind.PARTS, "Pump", 1, Money(5_000, "USD"))
    return lambda: quote_propose(job_id=job.pk, actor=actor, note="The pump is seized.", lines=[pump])


def _complete(job):
    actor = job.technician.user
    return lambda: job_complete_by_technician(job_id=job.pk, actor=actor, work_summary="New pump.")


def _state(quote):
    kinds = [price.kind for price in price_list(quote.job_id)]
    return QuoteRevision.objects.get(pk=quote.pk).status, kinds


ROSE = (QuoteStatus.APPROVED, [PriceKind.QUOTE, PriceKind.QUOTE_REVISION])


@ROUNDS
@pytest.mark.parametrize(("other", "status"), [(_withdraw, QuoteStatus.WITHDRAWN), (_decline, QuoteStatus.DECLINED)])
def test_approve_and_another_end_at_once_have_one_winner(quote, other, status, round_number):
    got = _at_once(_approve(quote), other(quote))

    ended = {(WON, "ILLEGAL_TRANSITION"): ROSE, ("ILLEGAL_TRANSITION", WON): (status, [PriceKind.QUOTE])}
    assert _state(quote) == ended[tuple(got)]


def test_eight_approvals_at_once_raise_the_price_once(quote):
    got = _at_once(*[_approve(quote)] * 8)

    assert sorted(got) == ["ILLEGAL_TRANSITION"] * 7 + [WON]
    assert _state(quote) == ROSE


@ROUNDS
def test_approve_and_complete_at_once_bill_what_was_approved_before(job, quote, round_number):
    approved, completed = _at_once(_approve(quote), _complete(job))

    withdrawn = (QuoteStatus.WITHDRAWN, [PriceKind.QUOTE])
    assert completed == WON
    assert (stored(job).status, _state(quote)) == (JobStatus.COMPLETED, ROSE if approved == WON else withdrawn)


@ROUNDS
def test_propose_and_complete_at_once_leave_nothing_open(job, round_number):
    proposed, completed = _at_once(_propose(job), _complete(job))

    assert (completed, stored(job).status) == (WON, JobStatus.COMPLETED)
    assert proposed in {WON, "ILLEGAL_TRANSITION"}
    assert not QuoteRevision.objects.filter(status=QuoteStatus.PROPOSED).exists()


def test_eight_proposals_at_once_are_one(job):
    got = _at_once(*[_propose(job)] * 8)

    assert sorted(got) == ["QUOTE_OPEN"] * 7 + [WON]
    assert list(job.quotes.values_list("number", flat=True)) == [1]


def test_wrong_codes_at_once_are_all_counted(quote):
    wrong = f"{(int(quote_code(quote)) + 1) % 1_000_000:06d}"
    actor, of = quote.job.customer, {"job_id": quote.job_id, "number": quote.number}

    got = _at_once(*[lambda: quote_approve(**of, actor=actor, code=wrong)] * 4)

    assert got == ["QUOTE_CODE_WRONG"] * 4
    assert QuoteRevision.objects.get(pk=quote.pk).code_failures == 4


def test_control_without_the_lock_both_ends_of_a_proposal_win(quote):
    barrier, price = Barrier(2), price_list(quote.job_id).get()

    def unlocked(step, **facts):
        seen = QuoteRevision.objects.get(pk=quote.pk)
        barrier.wait(timeout=20)
        getattr(seen, step)(at=timezone.now(), **facts)
        return WON

    assert at_once(lambda: unlocked("approve", price=price), lambda: unlocked("withdraw")) == [WON, WON]


def test_approve_locks_the_job_before_it_reads_the_proposal(quote):
    with CaptureQueriesContext(connection) as captured:
        _approve(quote)()

    queries = [query["sql"] for query in captured.captured_queries]
    locked = next(number for number, sql in enumerate(queries) if "FOR UPDATE" in sql)
    read = next(number for number, sql in enumerate(queries) if 'FROM "jobs_quoterevision"' in sql)
    assert '"jobs_job"' in queries[locked]
    assert locked < read
