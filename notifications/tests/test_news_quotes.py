"""Extra work proposed on site, told as it stands when the news is worked off."""

import pytest

from fixmate.core.ids import uuid7
from jobs.events import QuoteApproved, QuoteClosed, QuoteProposed
from jobs.rules import quote_code
from jobs.services import quote_approve, quote_decline, quote_withdraw
from jobs.tests.factories import job_in_progress, quote_for
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.helpers import payload_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def quote(noon):
    return quote_for(job_in_progress(created_at=noon))


def _proposed(quote):
    return QuoteProposed(job_id=quote.job_id, quote_id=quote.pk)


def _closed(quote):
    return QuoteClosed(job_id=quote.job_id, quote_id=quote.pk, status="")


def _of(quote):
    return {"job_id": quote.job_id, "number": quote.number}


def _approve(quote):
    quote_approve(**_of(quote), actor=quote.job.customer, code=quote_code(quote))
    return QuoteApproved(job_id=quote.job_id, quote_id=quote.pk, price_revision=2)


def test_a_proposal_tells_the_customer_what_it_comes_to_and_no_code(tell, quote):
    assert tell(_proposed(quote)) == [(quote.job.customer, Kind.QUOTE_PROPOSED)]

    assert payload_of(Kind.QUOTE_PROPOSED, quote.job.customer) == {
        "job_id": str(quote.job_id),
        "service": quote.job.service.name,
        "quote_id": str(quote.pk),
        "amount": {"amount": "50.00", "currency": "USD"},
        "price": {"amount": "150.00", "currency": "USD"},
        "technician": "Ada",
    }
    assert tell(_proposed(quote)) == [(quote.job.customer, Kind.QUOTE_PROPOSED)]
    assert quote_code(quote) not in str(list(Notification.objects.values_list("payload", flat=True)))


def test_an_approval_tells_both_their_part(tell, quote):
    told = tell(_approve(quote))

    customer, technician = quote.job.customer, quote.technician.user
    assert told == [(customer, Kind.QUOTE_APPROVED), (technician, Kind.QUOTE_APPROVED)]
    assert payload_of(Kind.QUOTE_APPROVED, customer)["price"] == {"amount": "150.00", "currency": "USD"}
    assert payload_of(Kind.QUOTE_APPROVED, technician)["pays"] == {"amount": "127.50", "currency": "USD"}
    assert "pays" not in payload_of(Kind.QUOTE_APPROVED, customer)


def test_a_proposal_is_no_news_once_it_was_answered(tell, quote):
    told = tell(_approve(quote))

    assert tell(_proposed(quote)) == told


def test_an_approval_that_is_none_is_no_news(tell, quote):
    assert tell(QuoteApproved(job_id=quote.job_id, quote_id=quote.pk, price_revision=2)) == []


def test_a_refusal_tells_the_technician(tell, quote):
    quote_decline(**_of(quote), actor=quote.job.customer, reason="OTHER")

    assert tell(_closed(quote)) == [(quote.technician.user, Kind.QUOTE_DECLINED)]


def test_a_withdrawal_tells_the_customer(tell, quote):
    quote_withdraw(**_of(quote), actor=quote.technician.user)

    assert tell(_closed(quote)) == [(quote.job.customer, Kind.QUOTE_LAPSED)]


def test_that_the_time_is_over_tells_both(tell, quote):
    quote.expire(at=quote.proposed_at)
    quote.save()

    assert tell(_closed(quote)) == [
        (quote.job.customer, Kind.QUOTE_LAPSED),
        (quote.technician.user, Kind.QUOTE_LAPSED),
    ]


def test_a_proposal_that_is_gone_is_no_news(tell, quote):
    assert tell(QuoteProposed(job_id=quote.job_id, quote_id=uuid7())) == []
