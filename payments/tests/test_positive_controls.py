"""With a lock taken out, the races of money are seen: so the tests of races see what they look for."""

import time

import pytest
from django.db import IntegrityError

from accounts.tests.factories import UserFactory
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from payments.models import Payment, Payout, Refund
from payments.services import call_perform, payment_freeze, payout_order, refund_request
from payments.services.payouts import payment_release
from payments.tests.bank import bank
from payments.tests.factories import PayoutAccountFactory, payment_held
from technicians.tests.factories import TechnicianFactory

__all__ = ["bank"]
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_without_the_payments_lock_refunds_are_lost_from_the_count(monkeypatch, settings):
    settings.REFUND_SECOND_PERSON_MINOR = 0
    monkeypatch.setattr(
        "payments.services.refunds.payment_get_locked", lambda payment_id: Payment.objects.get(pk=payment_id)
    )
    seen = 0
    for _ in range(10):
        payment = payment_held()
        asked = {"payment_id": payment.pk, "amount": Money(3_000, "USD"), "reason": "It drips."}
        people = [UserFactory(admin=True) for _ in range(8)]
        try:
            at_once(*[lambda by=by, asked=asked: refund_request(actor=by, **asked) for by in people])
        except IntegrityError:
            seen += 1  # one of them saw more taken than there was
        total = 3_000 * Refund.objects.filter(payment=payment).count()
        seen += total != Payment.objects.get(pk=payment.pk).refunded_minor

    assert seen


def test_without_the_payments_lock_the_constraint_alone_keeps_from_paying_twice(monkeypatch, settings):
    settings.PAYOUT_HOLD_DAYS = 0
    technician = TechnicianFactory()
    payment_release(payment_id=payment_held(technician).pk)
    monkeypatch.setattr(
        "payments.services.payouts.payment_list_free_locked", lambda **_: list(Payment.objects.order_by("pk"))
    )

    with pytest.raises(IntegrityError, match="payout_item_paid_once"):
        at_once(*[lambda: payout_order(technician_id=technician.pk, currency="USD")] * 8)

    assert Payout.objects.count() == 1


def test_without_the_payments_locks_another_amount_is_sent_than_the_payout_says(monkeypatch, settings, bank):
    settings.PAYOUT_HOLD_DAYS = 0

    def payout_alone_locked(payout_id):
        payout = Payout.objects.select_for_update().get(pk=payout_id)
        time.sleep(0.05)  # in which the others would have waited for the payments' locks
        return payout

    monkeypatch.setattr("payments.services.transfers.payout_get_locked", payout_alone_locked)
    seen = 0
    for _ in range(10):
        account = PayoutAccountFactory(ready=True)
        for _ in range(2):
            payment_release(payment_id=payment_held(account.technician).pk)
        [payout] = payout_order(technician_id=account.technician_id, currency="USD")
        call, payment = payout.calls.get(), payout.items.first().payment
        before = sum(minor for _, minor in bank.paid_to)
        answers = at_once(
            lambda c=call: call_perform(call_id=c.pk),
            lambda p=payment: payment_freeze(job_id=p.job_id, actor=p.customer),
        )
        paid = sum(minor for _, minor in bank.paid_to) - before
        seen += isinstance(answers[0], Exception) or paid != Payout.objects.get(pk=payout.pk).amount_minor

    assert seen
