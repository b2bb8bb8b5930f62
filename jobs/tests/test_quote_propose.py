"""Extra work on site is proposed: by whom, when, and how much of it."""

from decimal import Decimal

import pytest

from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.money import Money
from jobs.enums import JobEventKind, JobStatus, LineKind, PriceKind, QuoteStatus
from jobs.errors import QuoteOpen, QuoteTooHigh
from jobs.events import QuoteProposed
from jobs.lines import line_of
from jobs.selectors import price_list
from jobs.services import quote_propose
from jobs.tests.factories import JOB_IN
from jobs.tests.helpers import all_but, last_event, nothing_written, outbox, rows_of
from jobs.tests.quoting import HALF_HOUR, approve, decline, now_of, parts, propose
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quote_rules")]


def test_propose_puts_lines_before_the_customer(job, noon):
    hours = line_of(LineKind.HOURS, "Fitting it", Decimal("1.5"), Money(8_001, "USD"))

    quote = propose(job, parts(), hours)

    assert (quote.number, quote.status, quote.technician_id) == (1, QuoteStatus.PROPOSED, job.technician_id)
    assert (quote.amount, quote.proposed_at, quote.expires_at) == (Money(26_552, "USD"), noon, noon + HALF_HOUR)
    assert list(quote.lines.order_by("position").values_list("kind", "quantity", "unit_minor", "amount_minor")) == [
        ("PARTS", Decimal(1), 14_550, 14_550),
        ("HOURS", Decimal("1.5"), 8_001, 12_002),
    ]
    event = last_event(job)
    assert (event.kind, event.status, event.data) == (
        JobEventKind.QUOTE_PROPOSED,
        JobStatus.IN_PROGRESS,
        {"quote": 1, "amount": "265.52 USD"},
    )
    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE]
    assert outbox() == rows_of(QuoteProposed(job_id=job.pk, quote_id=quote.pk))


@pytest.mark.parametrize("status", all_but(JobStatus.IN_PROGRESS))
def test_propose_is_possible_while_the_work_goes_on_alone(noon, status):
    job = JOB_IN[status](created_at=noon)
    by = (job.technician or TechnicianFactory()).user
    refusal = IllegalTransition if job.technician else NotFound

    with nothing_written(), pytest.raises(refusal):
        propose(job, by=by)


def test_propose_for_somebody_elses_job_is_not_found(job):
    stranger = TechnicianFactory().user

    with nothing_written(), pytest.raises(NotFound):
        propose(job, by=stranger)


@pytest.mark.parametrize("lines", [(), (parts(0),), (parts(1, "0.001"),)])
def test_propose_refuses_what_comes_to_nothing(job, lines):
    with nothing_written(), pytest.raises(Invalid) as refusal:
        quote_propose(job_id=job.pk, actor=job.technician.user, note="x", lines=lines)

    assert list(refusal.value.details) == ["lines"]


def test_propose_is_refused_while_one_is_open(job, quote):
    with nothing_written(), pytest.raises(QuoteOpen) as refusal:
        propose(job)

    assert refusal.value.details == {"number": 1}


def test_propose_closes_one_that_ran_out_unnoticed(job, quote, noon):
    with clock.frozen(noon + HALF_HOUR):
        again = propose(job)

    assert (now_of(quote).status, again.number) == (QuoteStatus.EXPIRED, 2)


def test_propose_after_a_declined_one(job, quote):
    decline(quote)

    assert propose(job).number == 2


@pytest.mark.parametrize(("unit_minor", "is_taken"), [(40_000, True), (40_001, False)])
def test_propose_guards_against_a_slip_of_the_hand(job, unit_minor, is_taken):
    if is_taken:
        assert propose(job, parts(unit_minor)).amount_minor == unit_minor
        return
    with nothing_written(), pytest.raises(QuoteTooHigh) as refusal:
        propose(job, parts(unit_minor))

    assert refusal.value.details == {"limit": "500.00"}


def test_propose_counts_what_was_approved_before_towards_the_limit(job, quote):
    approve(quote)

    with pytest.raises(QuoteTooHigh):
        propose(job, parts(35_001))
