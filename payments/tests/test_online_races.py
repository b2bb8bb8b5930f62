"""Races of money through a provider, on PostgreSQL; and with a lock taken out each is seen."""

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import UserFactory
from fixmate.core.errors import Conflict
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from jobs.enums import PriceKind
from jobs.models import Job
from jobs.selectors import job_get_locked
from jobs.tests.factories import job_assigned, price_for
from payments.enums import HOLD_OPEN, CallKind, HoldStatus, PaymentStatus, RefundStatus
from payments.models import Hold, Payment, ProviderCall, Refund
from payments.selectors import Scene
from payments.services import (
    call_perform,
    payment_authorize,
    payment_capture_for_job,
    payment_ensure,
    payment_freeze,
    payment_settle_cancelled,
    refund_request,
)
from payments.tests.factories import calls_perform, card_for, job_call_off, job_finish, payment_authorized
from payments.tests.fake import CARD

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("online"),
]
ROUNDS = 5
locked = pytest.mark.usefixtures("books_hold")


def to_be_paid():
    """A payment whose price is not held, and nothing asked for yet."""
    return payment_ensure(job_id=job_assigned().pk)


def to_be_asked():
    """A payment and the call that is to have its price held."""
    job = job_assigned()
    card_for(job.customer)
    payment = payment_ensure(job_id=job.pk)
    return payment, ProviderCall.objects.get(payment=payment)


def pay(payment):
    return payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)


def call_off(payment):
    with transaction.atomic():
        job = job_get_locked(payment.job_id)
        job_call_off(job)
        payment_settle_cancelled(job_id=job.pk)


def raise_price(payment):
    with transaction.atomic():
        price_for(job_get_locked(payment.job_id), PriceKind.QUOTE_REVISION, amount_minor=14_000, revision=2)
        payment_ensure(job_id=payment.job_id)


def without_locks(payment_id):
    payment = Payment.objects.get(pk=payment_id)
    holds = list(Hold.objects.filter(payment=payment).order_by("number"))
    return Scene(Job.objects.get(pk=payment.job_id), payment, holds)


@locked
def test_paying_several_times_at_once_holds_once(online):
    for _ in range(ROUNDS):
        payment = to_be_paid()

        at_once(*[lambda payment=payment: pay(payment)] * 6)
        calls_perform()

        assert Hold.objects.get(payment=payment).status == HoldStatus.HELD
    assert online.held_minor == ROUNDS * 10_000


def test_without_the_locks_paying_at_once_asks_for_several_holds(monkeypatch):
    monkeypatch.setattr("payments.services.payments.scene_lock", without_locks)
    seen = 0
    for _ in range(10):
        payment = to_be_paid()
        card_for(payment.customer)
        try:
            at_once(*[lambda payment=payment: pay(payment)] * 6)
        except IntegrityError:  # the constraint on their numbers
            seen += 1

    assert seen


@locked
def test_a_payment_called_off_while_it_is_being_held_keeps_nothing(online):
    for _ in range(ROUNDS):
        payment, call = to_be_asked()

        at_once(
            lambda call=call: call_perform(call_id=call.pk),
            lambda payment=payment: call_off(payment),
            lambda payment=payment: pay(payment),
        )
        calls_perform()

        assert Payment.objects.get(pk=payment.pk).status == PaymentStatus.VOIDED
        assert not Hold.objects.filter(payment=payment, status__in=HOLD_OPEN).exists()
    assert online.held_minor == 0


def test_without_the_locks_a_payment_called_off_is_seen_to_be_held(monkeypatch):
    monkeypatch.setattr("payments.services.hold_calls.scene_lock", without_locks)
    seen = 0
    for _ in range(20):
        payment, call = to_be_asked()
        answers = at_once(lambda call=call: call_perform(call_id=call.pk), lambda payment=payment: call_off(payment))
        seen += any(isinstance(answer, Conflict) for answer in answers)  # the row had moved under one of them
        held = Hold.objects.filter(payment=payment, status=HoldStatus.HELD)
        seen += held.exclude(calls__kind=CallKind.RELEASE).exists()

    assert seen


@locked
def test_a_price_that_rises_while_it_is_being_held_is_held_in_full(online):
    for number in range(1, ROUNDS + 1):
        payment, call = to_be_asked()

        at_once(
            lambda call=call: call_perform(call_id=call.pk),
            lambda payment=payment: raise_price(payment),
            lambda payment=payment: pay(payment),
        )
        calls_perform()

        assert Payment.objects.get(pk=payment.pk).status == PaymentStatus.AUTHORIZED
        assert online.held_minor == number * 14_000


@locked
def test_completing_several_times_at_once_takes_it_once(online):
    for number in range(1, ROUNDS + 1):
        payment = payment_authorized()
        job_finish(payment.job)

        at_once(*[lambda payment=payment: payment_capture_for_job(job_id=payment.job_id)] * 4)
        at_once(*[calls_perform] * 3)

        assert Payment.objects.get(pk=payment.pk).amount_minor == 10_000
        assert online.taken_minor == number * 10_000


@locked
def test_completion_against_a_dispute_captures_and_freezes(online):
    for _ in range(ROUNDS):
        payment = payment_authorized()
        job_finish(payment.job)

        at_once(
            lambda payment=payment: payment_capture_for_job(job_id=payment.job_id),
            lambda payment=payment: payment_freeze(job_id=payment.job_id, actor=payment.customer),
            calls_perform,
        )
        calls_perform()

        stored = Payment.objects.get(pk=payment.pk)
        assert (stored.status, stored.payout_frozen_at is not None) == (PaymentStatus.CAPTURED, True)


@locked
def test_refunds_at_once_give_back_no_more_than_was_taken(online):
    for _ in range(ROUNDS):
        payment = payment_authorized()
        payment_capture_for_job(job_id=job_finish(payment.job).pk)
        calls_perform()
        asked = {"payment_id": payment.pk, "amount": Money(3_000, "USD"), "reason": "It drips."}
        people = [UserFactory(admin=True) for _ in range(6)]

        at_once(*[lambda by=by, asked=asked: refund_request(actor=by, **asked) for by in people])
        at_once(*[calls_perform] * 3)

        refunds = Refund.objects.filter(payment=payment)
        assert {refund.status for refund in refunds} == {RefundStatus.DONE}
        assert refunds.count() == 3
    assert online.taken_minor == ROUNDS * 1_000
