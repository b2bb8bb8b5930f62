from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import IllegalTransition, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from payments.enums import PayoutStatus
from payments.errors import HeldBack
from payments.events import PayoutFailed, PayoutPaid, PayoutSent
from payments.models import LedgerTransaction, Payment, PaymentEvent, Payout, PayoutItem
from payments.selectors import balances_of_technician
from payments.services import (
    payment_freeze,
    payment_unfreeze,
    payout_fail,
    payout_order,
    payout_pay,
    payout_send,
    payouts_order,
    refund_reject,
    refund_request,
)
from payments.services.payouts import HELD_BACK, payment_release
from payments.tasks import order_payouts
from payments.tests.factories import payment_captured, payment_held
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]

HOLD = timedelta(days=2)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def due(noon):
    """The moment at which a payment captured at noon has been held for long enough."""
    with clock.frozen(noon + HOLD):
        yield noon + HOLD


@pytest.fixture
def technician():
    return TechnicianFactory()


def ordered(technician, noon, count=1):
    """Return the payout of so many payments, ordered."""
    for _ in range(count):
        payment_held(technician, at=noon)
    payouts_order()
    return Payout.objects.latest("ordered_at", "id")


def by(staff):
    return {"actor": staff, "reason": "The bank says so."}


# Ordering


def test_it_waits_for_the_hold(noon, technician):
    payment_held(technician, at=noon)
    with clock.frozen(noon + HOLD - MOMENT):
        assert payouts_order() == 0
    with clock.frozen(noon + HOLD):
        assert payouts_order() == 1
        assert payouts_order() == 0

    payout = Payout.objects.get()
    assert (payout.technician, payout.status, payout.provider) == (technician, "ORDERED", "stripe")
    assert (payout.amount, payout.ordered_at) == (Money(8_500, "USD"), noon + HOLD)
    assert str(payout) == f"ORDERED {payout.pk}"


def test_one_payout_for_everything_of_a_technician(noon, due, technician):
    payout = ordered(technician, noon, count=3)
    other = ordered(TechnicianFactory(), noon)

    assert (payout.amount_minor, payout.items.count(), other.amount_minor) == (25_500, 3, 8_500)
    item = payout.items.first()
    assert (item.amount, str(item)) == (Money(8_500, "USD"), f"8500 of {item.payment_id}")
    assert list(PaymentEvent.objects.filter(payment=item.payment).order_by("id").values_list("kind", flat=True)) == [
        "RELEASED", "PAYOUT_ORDERED",
    ]  # fmt: skip


def test_the_task_orders(noon, due, technician):
    payment_held(technician, at=noon)

    order_payouts()

    assert Payout.objects.count() == 1


def test_cash_is_never_paid_out(noon, due, technician):
    payment = payment_captured(technician, at=noon)

    assert payment_release(payment_id=payment.pk) is False
    assert payouts_order() == 0


def test_released_once(noon, due, technician):
    payment = payment_held(technician, at=noon)

    assert [payment_release(payment_id=payment.pk) for _ in range(2)] == [True, False]


def test_what_all_went_to_what_he_owed_makes_no_payout(noon, due, technician):
    for _ in range(6):
        payment_captured(technician, at=noon)
    payment_held(technician, at=noon)
    payouts_order()

    assert payout_order(technician_id=technician.pk, currency="USD") == []


# What holds it back


def freeze(payment):
    payment_freeze(job_id=payment.job_id, actor=payment.customer)


def ask_refund(payment, settings):
    settings.REFUND_SECOND_PERSON_MINOR = 0
    actor = UserFactory(admin=True)
    return refund_request(payment_id=payment.pk, actor=actor, amount=Money(1_000, "USD"), reason="It drips.")


def test_a_dispute_keeps_it_in_hold(noon, due, technician):
    payment = payment_held(technician, at=noon)
    freeze(payment)

    assert payment_release(payment_id=payment.pk) is False
    assert payouts_order() == 0

    payment_unfreeze(job_id=payment.job_id, actor=payment.customer)
    assert payouts_order() == 1


def test_an_open_refund_keeps_it_in_hold(noon, due, technician, settings, staff):
    payment = payment_held(technician, at=noon)
    refund = ask_refund(payment, settings)

    assert payment_release(payment_id=payment.pk) is False
    assert payouts_order() == 0

    refund_reject(refund_id=refund.pk, actor=staff, reason="No.")
    assert payouts_order() == 1


@pytest.mark.parametrize("why", ["dispute", "refund"])
def test_it_is_taken_out_of_a_payout_that_was_not_sent(noon, due, technician, settings, why):
    payout = ordered(technician, noon, count=2)
    payment = payout.items.first().payment

    if why == "dispute":
        freeze(payment)
    else:
        ask_refund(payment, settings)

    payout = Payout.objects.get()
    assert (payout.status, payout.amount_minor) == ("ORDERED", 8_500)
    assert PayoutItem.objects.get(payment=payment).returned_at == due
    assert balances_of_technician(technician.pk).payable.minor == 8_500
    assert payouts_order() == 0
    assert PaymentEvent.objects.filter(payment=payment, kind="PAYOUT_HELD_BACK").count() == 1


def test_a_payout_of_which_nothing_is_left_has_failed(noon, due, technician):
    payout = ordered(technician, noon)
    payment = Payment.objects.get()
    freeze(payment)

    payout = Payout.objects.get()
    assert (payout.status, payout.failure, payout.closed_at) == ("FAILED", HELD_BACK, due)

    payment_unfreeze(job_id=payment.job_id, actor=payment.customer)
    assert payouts_order() == 1


def test_what_was_sent_stays_sent(noon, due, technician, staff):
    payout = ordered(technician, noon)
    payout_send(payout_id=payout.pk, **by(staff))

    freeze(Payment.objects.get())

    assert Payout.objects.get().status == "SENT"
    assert PayoutItem.objects.get().returned_at is None


def test_the_database_refuses_what_is_held_back(noon, due, technician, staff):
    payout = ordered(technician, noon)
    Payment.objects.update(payout_frozen_at=noon)  # past the service, which would take it out

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        payout_send(payout_id=payout.pk, **by(staff))
    assert isinstance(conflict_of(refusal.value), HeldBack)

    payment = payment_held(technician, at=noon)
    freeze(payment)
    with pytest.raises(IntegrityError, match="nothing is paid out"), transaction.atomic():
        PayoutItem.objects.create(payout=payout, payment=payment, amount_minor=1)
    Payment.objects.update(payout_frozen_at=None)


def test_a_payment_is_in_one_payout(noon, due, technician):
    payout = ordered(technician, noon)
    facts = {"technician": technician, "provider": "stripe", "currency": "USD", "amount_minor": 1}
    other = Payout(ordered_at=due, **facts)
    other.fail(reason="x", at=due)
    other.save()

    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutItem.objects.create(payout=other, payment=payout.items.get().payment, amount_minor=1)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payments_payout WHERE failure = 'x'")


def test_what_came_back_stays_back(noon, due, technician):
    ordered(technician, noon, count=2)
    freeze(Payment.objects.first())

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        PayoutItem.objects.filter(returned_at__isnull=False).update(returned_at=None)


# How it went


def test_paid(noon, due, technician, staff):
    payout = ordered(technician, noon)

    sent = payout_send(payout_id=payout.pk, **by(staff))
    assert (sent.status, sent.sent_at) == ("SENT", due)
    paid = payout_pay(payout_id=payout.pk, **by(staff))

    assert (paid.status, paid.closed_at) == ("PAID", due)
    entries = AuditEntry.objects.order_by("sequence")
    assert [(entry.action, entry.before, entry.after["status"]) for entry in entries] == [
        ("payout.send", {"status": "ORDERED"}, "SENT"),
        ("payout.pay", {"status": "SENT"}, "PAID"),
    ]


def test_failed_it_comes_back_once(noon, due, technician, staff):
    payout = ordered(technician, noon, count=2)
    freeze(payout.items.first().payment)

    failed = payout_fail(payout_id=payout.pk, **by(staff))

    assert (failed.status, failed.failure) == ("FAILED", "The bank says so.")
    assert balances_of_technician(technician.pk).payable.minor == 17_000
    with pytest.raises(IllegalTransition):
        payout_fail(payout_id=payout.pk, **by(staff))
    assert payouts_order() == 1
    assert Payout.objects.latest("id").amount_minor == 8_500


EDGES = {
    PayoutStatus.ORDERED: {payout_send, payout_fail},
    PayoutStatus.SENT: {payout_pay, payout_fail},
    PayoutStatus.PAID: set(),
    PayoutStatus.FAILED: set(),
}
STEPS = {
    PayoutStatus.ORDERED: [],
    PayoutStatus.SENT: [payout_send],
    PayoutStatus.PAID: [payout_send, payout_pay],
    PayoutStatus.FAILED: [payout_fail],
}


@pytest.mark.parametrize("status", PayoutStatus)
def test_payout_takes_the_written_edges_alone(noon, due, technician, staff, status):
    payout = ordered(technician, noon)
    for step in STEPS[status]:
        step(payout_id=payout.pk, **by(staff))
    before = LedgerTransaction.objects.count(), AuditEntry.objects.count()

    for act in (payout_send, payout_pay, payout_fail):
        if act not in EDGES[status]:
            with pytest.raises(IllegalTransition):
                act(payout_id=payout.pk, **by(staff))

    assert Payout.objects.get().status == status
    assert (LedgerTransaction.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize(
    ("event", "before", "act"),
    [(PayoutSent, [], payout_send), (PayoutPaid, [payout_send], payout_pay), (PayoutFailed, [], payout_fail)],
)
def test_others_hear_how_it_went_once(noon, due, technician, staff, monkeypatch, event, before, act):
    payout = ordered(technician, noon)
    for step in before:
        step(payout_id=payout.pk, **by(staff))
    heard = watch(monkeypatch, event)

    act(payout_id=payout.pk, **by(staff))

    assert heard() == [{"payout_id": str(payout.pk), "technician_id": str(technician.pk)}]


@pytest.mark.parametrize(("count", "failed"), [(1, 1), (2, 0)])
def test_others_hear_that_one_has_failed_of_which_nothing_is_left(noon, due, technician, monkeypatch, count, failed):
    payout = ordered(technician, noon, count=count)
    heard = watch(monkeypatch, PayoutFailed)

    freeze(payout.items.first().payment)

    assert len(heard()) == failed


def test_an_unknown_payout_is_not_found(staff):
    with pytest.raises(NotFound):
        payout_send(payout_id=uuid7(), **by(staff))


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_payouts_ordered_at_once_pay_once(noon, due, technician):
    for _ in range(3):
        payment_held(technician, at=noon)

    at_once(*[payouts_order] * 8)

    assert (Payout.objects.get().amount_minor, PayoutItem.objects.count()) == (25_500, 3)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_payout_sent_while_it_is_frozen_is_one_or_the_other(noon, due, technician, staff):
    for _ in range(8):
        payout = ordered(technician, noon)
        payment = payout.items.get().payment

        at_once(lambda p=payout: payout_send(payout_id=p.pk, **by(staff)), lambda p=payment: freeze(p))

        payout = Payout.objects.get(pk=payout.pk)
        is_in = payout.items.filter(returned_at__isnull=True).exists()
        assert (payout.status, is_in) in {("SENT", True), ("FAILED", False)}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_payouts_ordered_while_payments_are_frozen_hold_nothing_frozen(noon, due, technician):
    payments = [payment_held(technician, at=noon) for _ in range(4)]

    at_once(payouts_order, *[lambda p=payment: freeze(p) for payment in payments], payouts_order)

    live = PayoutItem.objects.filter(returned_at__isnull=True)
    assert live.filter(payment__payout_frozen_at__isnull=False).count() == 0
