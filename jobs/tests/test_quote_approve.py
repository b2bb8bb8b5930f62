"""Extra work on site is approved, with its code and in time, and the price rises by it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.tests.factories import UserFactory
from catalog.models import FeeRate
from fixmate.core import clock
from fixmate.core.errors import Forbidden, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from jobs.enums import JobEventKind, QuoteStatus
from jobs.errors import AmountNotApproved, QuoteCodeLocked, QuoteCodeWrong, QuoteExpired
from jobs.events import QuoteApproved
from jobs.models import QuoteRevision
from jobs.rules import quote_code
from jobs.selectors import price_current, price_list, quote_get_of
from jobs.services import job_assign, quote_approve
from jobs.tests.factories import job_in_progress, job_matching, quote_for
from jobs.tests.helpers import last_event, nothing_written, outbox, rows_of
from jobs.tests.quoting import approve, complete, decline, now_of, parts, propose, wrong_code
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quote_rules")]


def test_approve_adds_the_lines_to_the_price_at_the_rate_that_holds(job, quote, noon):
    approve(quote)

    price, now = price_current(job.pk), now_of(quote)
    assert (price.revision, price.kind, price.amount_minor, price.created_at) == (2, "QUOTE_REVISION", 15_000, noon)
    assert (price.fee_rate, price.fee_source, price.platform_fee_minor) == (Decimal("0.15"), "standard", 2_250)
    assert list(price.lines.order_by("position").values_list("kind", "amount_minor")) == [
        ("LABOUR", 10_000),
        ("PARTS", 5_000),
    ]
    assert (now.status, now.price, now.closed_at) == (QuoteStatus.APPROVED, price, noon)
    event = last_event(job)
    assert (event.kind, event.actor_id) == (JobEventKind.QUOTE_APPROVED, job.customer_id)
    assert outbox() == rows_of(QuoteApproved(job_id=job.pk, quote_id=quote.pk, price_revision=2))


def test_approve_keeps_the_rate_of_a_technician_with_a_tier(noon):
    job, technician = job_matching(created_at=noon), TechnicianFactory(tier="PARTNER")
    FeeRate.objects.create(name="partners", tier="PARTNER", rate="0.1", valid_from=noon)
    job_assign(job=job, technician=technician, actor=technician.user, at=noon)
    job.start(at=noon)
    job.save()

    approve(quote_for(job))

    assert [(one.revision, one.fee_source, one.platform_fee_minor) for one in price_list(job.pk)] == [
        (1, "standard", 1_500),
        (2, "partners", 1_000),
        (3, "partners", 1_500),
    ]


def test_completion_bills_at_most_what_was_approved_last(job, quote):
    approve(quote)

    with pytest.raises(AmountNotApproved) as refusal:
        complete(job, Money(15_001, "USD"))
    complete(job, Money(15_000, "USD"))

    assert refusal.value.details == {"approved": "150.00"}
    assert price_current(job.pk).amount_minor == 15_000


def test_a_final_price_after_two_proposals_explains_everything(job):
    approve(propose(job))
    approve(propose(job, parts(2_000)))

    complete(job, Money(20_000, "USD"))

    rows = price_current(job.pk).lines.order_by("position").values_list("kind", "amount_minor")
    assert list(rows) == [("LABOUR", 10_000), ("PARTS", 14_550), ("PARTS", 2_000), ("ADJUSTMENT", -6_550)]
    assert price_current(job.pk).amount_minor == 20_000


def test_approve_with_a_wrong_code_is_counted_although_it_is_refused(job, quote):
    with pytest.raises(QuoteCodeWrong) as refusal:
        approve(quote, code=wrong_code(quote))

    assert refusal.value.details == {"tries_left": 2}
    assert (now_of(quote).status, now_of(quote).code_failures) == (QuoteStatus.PROPOSED, 1)
    assert last_event(job).kind == JobEventKind.QUOTE_REFUSED
    assert price_list(job.pk).count() == 1
    assert outbox() == []


def test_approve_is_locked_after_too_many_wrong_codes(quote):
    for _ in range(3):
        with pytest.raises(QuoteCodeWrong):
            approve(quote, code=wrong_code(quote))

    with nothing_written(), pytest.raises(QuoteCodeLocked):
        approve(quote)


def test_a_locked_proposal_can_be_declined_and_made_anew(job, quote):
    QuoteRevision.objects.filter(pk=quote.pk).update(code_failures=3)

    decline(quote)
    approve(propose(job))

    assert price_current(job.pk).amount_minor == 24_550


def test_the_code_is_of_one_proposal_at_its_amount(quote):
    code = quote_code(quote)
    other = QuoteRevision(pk=quote.pk, amount_minor=quote.amount_minor + 1, currency="USD")

    assert (len(code), code.isdigit()) == (6, True)
    assert code not in {quote_code(other), quote_code(QuoteRevision(pk=uuid7(), amount_minor=5_000, currency="USD"))}


@pytest.mark.parametrize("seconds", [1799, 1800])
def test_approve_is_possible_until_the_time_is_over(quote, noon, seconds):
    with clock.frozen(noon + timedelta(seconds=seconds)):
        if seconds < 1800:
            assert approve(quote).status == QuoteStatus.APPROVED
            return
        with nothing_written(), pytest.raises(QuoteExpired) as refusal:
            approve(quote)

    assert refusal.value.details == {
        "expires_at": "2026-03-02T12:30:00+00:00",
        "server_now": "2026-03-02T12:30:00+00:00",
    }


@pytest.mark.parametrize("answer", [approve, decline])
def test_an_answer_is_the_customers_alone(job, quote, answer):
    for other in (job.technician.user, UserFactory(), UserFactory(admin=True)):
        with nothing_written(), pytest.raises(Forbidden):
            answer(quote, by=other)


def test_an_answer_to_what_was_never_proposed_is_not_found(job):
    with nothing_written(), pytest.raises(NotFound):
        quote_approve(job_id=job.pk, number=1, actor=job.customer, code="123456")


def test_a_proposal_of_another_job_is_not_found(quote):
    with pytest.raises(NotFound):
        quote_get_of(job=job_in_progress(), quote_id=quote.pk)
