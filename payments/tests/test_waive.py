"""Staff let a customer off what no card of his has paid of a job that has ended."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from structlog.testing import capture_logs

from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.money import Money
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.enums import PriceKind
from jobs.models import JobPrice
from jobs.selectors import price_current
from jobs.tests.factories import job_assigned, price_for
from payments.enums import CallKind, HoldStatus, PaymentStatus, Provider, RefundStatus
from payments.errors import PaymentClosed, SettledByProvider
from payments.events import PaymentCaptured, PaymentVoided
from payments.models import Chargeback, Hold, Payment, PaymentEvent, ProviderCall, WebhookEvent
from payments.selectors.proof import first_fault
from payments.services import (
    call_perform,
    payment_authorize,
    payment_capture_for_job,
    payment_ensure,
    payment_fee_paid,
    payment_fee_waive,
    payment_settle_cancelled,
    refund_request,
    webhook_apply,
)
from payments.tests.books import balances
from payments.tests.factories import (
    calls_perform,
    calls_waiting,
    card_for,
    job_call_off,
    job_finish,
    payment_authorized,
)
from payments.tests.fake import ASKS, CARD, DECLINED
from payments.tests.telling import chargeback_state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]
WHY = "He was promised it on the phone."
STAFF = "/api/v1/admin/payments"


def stored():
    return Payment.objects.get()


def refs():
    return list(Hold.objects.order_by("number").values_list("ref", flat=True))


def held_in_two():
    """A payment of which 100.00 and 40.00 are held."""
    payment = payment_authorized()
    price_for(payment.job, PriceKind.QUOTE_REVISION, amount_minor=14_000, revision=2)
    payment_ensure(job_id=payment.job_id)
    calls_perform()
    return payment


@pytest.fixture
def partly(online):
    """A payment whose job is done: 100.00 were taken, and what held the other 40.00 had lapsed."""
    payment = held_in_two()
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    online.lapse(refs()[1])
    calls_perform()
    assert (stored().status, online.taken_minor) == (PaymentStatus.FAILED, 10_000)
    return stored()


@pytest.fixture
def unpaid(online):
    """A payment over a cancellation fee of 20.00 that no card paid."""
    payment = payment_authorized(method=DECLINED)
    payment_settle_cancelled(job_id=job_call_off(payment.job, fee_minor=2_000).pk)
    calls_perform()
    assert (stored().status, online.taken_minor) == (PaymentStatus.FAILED, 0)
    return stored()


def waive(payment, staff):
    return payment_fee_waive(payment_id=payment.pk, actor=staff, reason=WHY)


# What was taken is the price


def test_what_was_taken_of_it_becomes_the_price(online, partly, staff, noon, monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)

    waive(partly, staff)

    payment = stored()
    assert (payment.status, payment.captured_at) == (PaymentStatus.CAPTURED, noon)
    split = (payment.amount_minor, payment.platform_fee_minor, payment.technician_earnings_minor, payment.fee_source)
    assert split == (10_000, 1_500, 8_500, "standard")
    assert balances() == {"PROVIDER_CLEARING": 10_000, "PLATFORM_FEE": -1_500, "TECHNICIAN_HELD": -8_500}
    assert (online.taken_minor, online.held_minor) == (10_000, 0)
    assert published() == [{"payment_id": str(payment.pk), "job_id": str(payment.job_id)}]


def test_the_price_says_what_the_customer_was_let_off(partly, staff):
    waive(partly, staff)

    price = price_current(partly.job_id)
    assert (price.revision, price.kind, price.amount_minor) == (3, PriceKind.FINAL, 10_000)
    lines = list(price.lines.order_by("position").values_list("kind", "description", "amount_minor"))
    assert lines[1:] == [("ADJUSTMENT", "Let off: not paid", -4_000)]


def test_of_a_fee_that_was_taken_in_part_the_rest_is_let_off(online, staff):
    payment = held_in_two()
    payment_settle_cancelled(job_id=job_call_off(payment.job, fee_minor=12_000).pk)
    online.lapse(refs()[1])
    calls_perform()
    assert (stored().status, online.taken_minor) == (PaymentStatus.FAILED, 10_000)

    waive(payment, staff)

    assert (stored().status, stored().amount_minor) == (PaymentStatus.CAPTURED, 10_000)
    assert price_current(payment.job_id).kind == PriceKind.CANCELLATION_FEE


def test_it_is_audited(partly, staff):
    waive(partly, staff)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("payment.fee_waive", staff.pk, WHY)
    assert entry.target_id == str(partly.pk)
    assert (entry.before, entry.after) == ({"status": "FAILED"}, {"status": "CAPTURED", "amount": "100.00 USD"})


def test_with_nothing_taken_it_is_void(unpaid, staff, noon, monkeypatch):
    published = watch(monkeypatch, PaymentVoided)

    waive(unpaid, staff)

    assert (stored().status, stored().voided_at, balances()) == (PaymentStatus.VOIDED, noon, {})
    assert JobPrice.objects.count() == 2
    event = PaymentEvent.objects.order_by("id").last()
    assert (event.kind, event.actor_id) == ("VOIDED", staff.pk)
    assert published() == [{"payment_id": str(unpaid.pk), "job_id": str(unpaid.job_id)}]
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"status": "FAILED"}, {"status": "VOIDED", "amount": None})


@pytest.mark.parametrize("state", ["partly", "unpaid"])
def test_nothing_more_is_paid_afterwards(state, online, staff, request):
    payment = request.getfixturevalue(state)
    waive(payment, staff)
    taken = online.taken_minor

    with pytest.raises(PaymentClosed):
        payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)

    calls_perform()
    assert (online.taken_minor, online.held_minor) == (taken, 0)


def test_what_was_taken_can_be_given_back_then(online, partly, staff):
    waive(partly, staff)

    refund_request(payment_id=partly.pk, actor=staff, amount=Money(10_000, "USD"), reason="Let him off.")
    calls_perform()

    assert (online.taken_minor, stored().status) == (0, PaymentStatus.REFUNDED)
    assert partly.refunds.get().status == RefundStatus.DONE


# A bank takes back what was taken in part


@pytest.fixture
def told(online, partly):
    """What the provider told of a chargeback about the 100.00, and has not been applied."""
    online.chargeback_state = lambda ref: chargeback_state(refs()[0], ref=ref)
    at = clock.now()
    about = {"provider": "stripe", "kind": "chargeback", "ref": "dp_1", "type": "charge.dispute.created"}
    return WebhookEvent.objects.create(event_id="evt_1", received_at=at, next_try_at=at, **about)


def test_a_chargeback_of_what_was_taken_in_part_waits_and_staff_see_of_which_payment(partly, told):
    with capture_logs() as logs:
        assert webhook_apply(webhook_id=told.pk) is False

    assert not Chargeback.objects.exists()
    assert f"payment {partly.pk}" in WebhookEvent.objects.get().last_error
    [line] = [line for line in logs if line["event"] == "chargeback.waits"]
    assert (line["payment_id"], line["status"], line["log_level"]) == (str(partly.pk), "FAILED", "warning")


def test_it_is_known_once_the_customer_was_let_off_the_rest(partly, told, staff):
    webhook_apply(webhook_id=told.pk)
    waive(partly, staff)

    assert webhook_apply(webhook_id=told.pk) is True

    assert Chargeback.objects.get().hold.ref == refs()[0]
    assert (stored().charged_back_minor, stored().left_minor) == (10_000, 0)


# Refused


def _held(online):
    return payment_authorized()


def _refused_before_the_visit(online):
    return payment_authorized(method=DECLINED)


def _captured(online):
    payment = held_in_two()
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    calls_perform()
    return payment


def _void(online):
    payment = payment_authorized()
    payment_settle_cancelled(job_id=job_call_off(payment.job).pk)
    calls_perform()
    return payment


def _paid_anew(method, *, is_asked):
    """A payment whose card was refused, and which the customer tries to pay with another."""

    def make(online):
        payment = payment_authorized(method=DECLINED)
        payment_settle_cancelled(job_id=job_call_off(payment.job, fee_minor=2_000).pk)
        calls_perform()
        payment_authorize(payment_id=payment.pk, actor=payment.customer, method=method)
        if is_asked:
            calls_perform()
        return payment

    return make


def _taken_now(online):
    """A payment that failed, and of which something is about to be taken."""
    payment = held_in_two()
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    online.lapse(refs()[1])
    first, second = ProviderCall.objects.filter(kind=CallKind.CAPTURE).order_by("hold__number")
    call_perform(call_id=second.pk)
    assert (stored().status, first.pk in calls_waiting()) == (PaymentStatus.FAILED, True)
    return payment


STATES = {
    "held": _held,
    "refused_before_the_visit": _refused_before_the_visit,
    "captured": _captured,
    "void": _void,
    "being_asked": _paid_anew(CARD, is_asked=False),
    "being_taken": _taken_now,
}


@pytest.mark.parametrize("state", STATES)
def test_what_the_provider_may_yet_take_or_has_settled_is_not_waived(state, online, staff):
    payment = STATES[state](online)
    before = list(Payment.objects.values()), JobPrice.objects.count(), OutboxMessage.objects.count()

    with pytest.raises(SettledByProvider):
        waive(payment, staff)

    assert (list(Payment.objects.values()), JobPrice.objects.count(), OutboxMessage.objects.count()) == before
    assert not AuditEntry.objects.exists()


def test_what_waits_for_the_customer_alone_is_waived_and_let_go_of(online, staff):
    payment = _paid_anew(ASKS, is_asked=True)(online)
    assert Hold.objects.last().status == HoldStatus.ACTION_NEEDED

    waive(payment, staff)
    online.confirm(Hold.objects.last().ref)
    calls_perform()

    assert (stored().status, Hold.objects.last().status) == (PaymentStatus.VOIDED, HoldStatus.RELEASED)
    assert (online.held_minor, online.taken_minor) == (0, 0)


def test_a_fee_for_which_no_card_was_ever_given_is_waived(online, staff):
    payment = payment_ensure(job_id=job_assigned().pk)
    payment_settle_cancelled(job_id=job_call_off(payment.job, fee_minor=2_000).pk)
    assert (stored().status, stored().provider) == (PaymentStatus.PENDING, Provider.STRIPE)

    waive(payment, staff)

    assert stored().status == PaymentStatus.VOIDED


def test_nobody_says_by_hand_that_a_card_paid(unpaid, staff):
    with pytest.raises(SettledByProvider):
        payment_fee_paid(payment_id=unpaid.pk, actor=staff, reason=WHY)

    assert stored().status == PaymentStatus.FAILED


# Over REST and in the console


@pytest.mark.parametrize(("state", "status"), [("partly", "CAPTURED"), ("unpaid", "VOIDED")])
def test_staff_waive_it_over_rest(state, status, staff, request):
    payment = request.getfixturevalue(state)
    client = client_for(staff)

    answer = client.post(f"{STAFF}/{payment.pk}/waive", {"reason": WHY})

    assert (answer.status_code, answer.json()["status"]) == (200, status)
    again = client.post(f"{STAFF}/{payment.pk}/waive", {"reason": WHY})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "SETTLED_BY_PROVIDER")


def test_staff_waive_it_in_the_console(partly, console):
    console.post(reverse("admin:payments_payment_act", args=[partly.pk, "waive"]), {"reason": WHY})

    assert stored().status == PaymentStatus.CAPTURED


# At once


@pytest.mark.postgres
def test_it_is_waived_under_the_locks_of_job_payment_and_holds(partly, staff):
    with CaptureQueriesContext(connection) as queries:
        waive(partly, staff)

    statements = [query["sql"] for query in queries]
    locks = [number for number, sql in enumerate(statements) if "FOR UPDATE" in sql]
    tables = [statements[number].partition('FROM "')[2].partition('"')[0] for number in locks[:3]]
    assert tables == ["jobs_job", "payments_payment", "payments_hold"]
    writes = (number for number, sql in enumerate(statements) if sql.startswith(("UPDATE", "INSERT")))
    assert locks[2] < next(writes)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_waived_and_paid_at_once_what_is_taken_is_the_price(online, partly, staff):
    card_for(partly.customer, CARD)
    pay = {"payment_id": partly.pk, "actor": partly.customer}

    results = at_once(*[lambda: waive(partly, staff), lambda: payment_authorize(**pay)] * 4)
    calls_perform()

    payment = stored()
    assert all(isinstance(result, Payment | DomainError) for result in results)
    assert (payment.status, payment.amount_minor) == (PaymentStatus.CAPTURED, online.taken_minor)
    assert AuditEntry.objects.count() == (payment.amount_minor == 10_000)
    assert set(Hold.objects.values_list("status", flat=True)) <= {HoldStatus.CAPTURED, HoldStatus.FAILED}
    assert first_fault() is None
