"""Proposals that are not approved: declined, withdrawn, ended with the job, run out."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, NotFound
from jobs.enums import JobEventKind, JobStatus, QuoteStatus
from jobs.events import JobCancelled, JobCompleted, QuoteClosed
from jobs.selectors import price_current, price_list
from jobs.services import job_cancel_by_staff, quote_expire_due
from jobs.services.erasure import job_erase_customer
from jobs.tasks import expire_quotes
from jobs.tests.helpers import kinds_of, last_event, nothing_written, outbox, rows_of, stored
from jobs.tests.quoting import HALF_HOUR, approve, complete, decline, now_of, withdraw
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quote_rules")]


@pytest.mark.parametrize("end", [approve, decline, withdraw])
@pytest.mark.parametrize("act", [approve, decline, withdraw])
def test_a_closed_proposal_stays_as_it_is(quote, end, act):
    end(quote)

    with nothing_written(), pytest.raises(IllegalTransition):
        act(quote)


def test_decline_leaves_the_price_and_says_why(job, quote, noon):
    decline(quote)

    now = now_of(quote)
    assert (now.status, now.decline_reason, now.decline_note) == ("DECLINED", "TOO_EXPENSIVE", "Not this month.")
    assert (now.closed_at, now.price) == (noon, None)
    assert (last_event(job).kind, last_event(job).actor_id) == (JobEventKind.QUOTE_DECLINED, job.customer_id)
    assert [price.amount_minor for price in price_list(job.pk)] == [10_000]
    assert outbox() == rows_of(QuoteClosed(job_id=job.pk, quote_id=quote.pk, status="DECLINED"))


def test_declined_the_original_scope_is_finished_at_its_price(job, quote):
    decline(quote)

    complete(job)

    assert (stored(job).status, price_current(job.pk).amount_minor) == (JobStatus.COMPLETED, 10_000)


def test_withdraw_takes_it_back(job, quote):
    withdraw(quote)

    assert now_of(quote).status == QuoteStatus.WITHDRAWN
    assert (last_event(job).kind, last_event(job).actor_id) == (JobEventKind.QUOTE_WITHDRAWN, job.technician.user_id)
    assert outbox() == rows_of(QuoteClosed(job_id=job.pk, quote_id=quote.pk, status="WITHDRAWN"))


def test_withdraw_of_anothers_is_not_found(quote):
    stranger = TechnicianFactory().user

    with nothing_written(), pytest.raises(NotFound):
        withdraw(quote, by=stranger)


def test_completion_withdraws_what_nobody_answered(job, quote, noon):
    complete(job)

    assert (now_of(quote).status, price_current(job.pk).amount_minor) == (QuoteStatus.WITHDRAWN, 10_000)
    assert kinds_of(job)[-2:] == [JobEventKind.QUOTE_WITHDRAWN, JobEventKind.COMPLETED]
    assert outbox() == sorted(
        rows_of(
            QuoteClosed(job_id=job.pk, quote_id=quote.pk, status="WITHDRAWN"),
            JobCompleted(job_id=job.pk, technician_id=job.technician_id),
        )
    )


def test_staff_who_call_the_job_off_end_the_proposal_too(job, quote):
    job_cancel_by_staff(job_id=job.pk, actor=UserFactory(admin=True), note="A quarrel.")

    cancelled = JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by="ADMIN")
    closed = QuoteClosed(job_id=job.pk, quote_id=quote.pk, status="WITHDRAWN")
    assert now_of(quote).status == QuoteStatus.WITHDRAWN
    assert kinds_of(job)[-2:] == [JobEventKind.QUOTE_WITHDRAWN, JobEventKind.CANCELLED]
    assert outbox() == rows_of(closed, cancelled)


@pytest.mark.parametrize(("seconds", "status"), [(1799, "PROPOSED"), (1800, "EXPIRED")])
def test_a_proposal_runs_out(job, quote, noon, seconds, status):
    with clock.frozen(noon + timedelta(seconds=seconds)):
        expire_quotes()

    assert now_of(quote).status == status
    if status == "EXPIRED":
        assert last_event(job).kind == JobEventKind.QUOTE_EXPIRED
        assert outbox() == rows_of(QuoteClosed(job_id=job.pk, quote_id=quote.pk, status="EXPIRED"))


def test_a_proposal_answered_meanwhile_does_not_run_out(quote, noon, monkeypatch):
    monkeypatch.setattr("jobs.services.quotes.quote_ids_overdue", lambda **_: [quote.pk])
    decline(quote)

    with clock.frozen(noon + HALF_HOUR), nothing_written():
        assert quote_expire_due() == 0


def test_erasing_a_customer_takes_his_words_and_leaves_the_technicians(job, quote):
    decline(quote)

    job_erase_customer(job.customer)

    now = now_of(quote)
    assert (now.decline_note, now.decline_reason, now.note) == ("", "TOO_EXPENSIVE", "The pump is seized.")
