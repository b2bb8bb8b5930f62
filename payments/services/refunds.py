"""Refunds: each an act of a person of staff. Services lock the payment, then the refund; the books come last."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.errors import Invalid
from fixmate.core.money import Money
from payments.enums import PAID, PaymentEventKind
from payments.errors import NothingToRefund, RefundTooMuch, SecondPersonNeeded, SettledByProvider
from payments.events import RefundApproved, RefundDone, RefundFailed
from payments.hooks import check_dispute
from payments.models import Payment, Refund
from payments.selectors import payment_get_locked, refund_done_minor, refund_get_locked, refund_taken
from payments.services.history import payment_event_add
from payments.services.movements import move_refund, move_refund_done, move_refund_failed, taxed_minor
from payments.services.payouts import payment_hold_back, payment_is_in_payout
from payments.services.refund_parts import refund_calls_ask
from payments.shares import part_minor

Settle = Callable[[Refund, datetime], None]


@transaction.atomic
def refund_request(
    *, payment_id: UUID, actor: User, amount: Money, reason: str, dispute_id: UUID | None = None
) -> Refund:
    """Order that money goes back to the customer. Audited.

    It is approved at once, unless the refunds of the payment come to more than `REFUND_SECOND_PERSON_MINOR`: then
    somebody else has to. While it is open nothing of the payment is paid out.

    :raises NothingToRefund: unless the payment was captured
    :raises RefundTooMuch: beyond what was captured less other refunds, and what the customer's bank took back
    :raises Invalid: without a reason, of nothing, or with a dispute about another job
    """
    payment = payment_get_locked(payment_id)
    _check_amount(payment, amount)
    if dispute_id:
        check_dispute(dispute_id=dispute_id, job_id=payment.job_id)
    at = clock.now()
    refund = _add(payment, actor, amount, reason, dispute_id, at)
    payment_hold_back(payment, at=at)
    payment_event_add(payment, PaymentEventKind.REFUND_REQUESTED, at=at, actor=actor, **_facts(refund))
    if not refund.needs_second_person:
        _approve(refund, actor, at)
    _audit(refund, "refund.request", actor=actor, reason=reason, before={})
    return refund


def _check_amount(payment: Payment, amount: Money) -> None:
    if payment.status not in PAID:
        raise NothingToRefund
    if amount.minor <= 0 or amount.currency != payment.currency:
        raise Invalid("Nothing would be given back.", amount=[f"Give an amount in {payment.currency}."])
    if amount.minor > payment.left_minor:
        raise RefundTooMuch(left=str(Money(payment.left_minor, payment.currency)))


def _check_not_charged_back(payment: Payment) -> None:
    if payment.refunded_minor + payment.charged_back_minor > (payment.amount_minor or 0):
        raise RefundTooMuch(left=str(Money(payment.left_minor, payment.currency)))


def _add(payment: Payment, actor: User, amount: Money, reason: str, dispute_id: UUID | None, at: datetime) -> Refund:
    fee, tax = _shares(payment, amount.minor)
    payment.refunded_minor += amount.minor
    payment.save(update_fields=["refunded_minor"])
    refund = Refund(
        payment=payment,
        amount_minor=amount.minor,
        platform_fee_minor=fee,
        tax_minor=tax,
        technician_earnings_minor=amount.minor - fee,
        reason=reason,
        dispute_id=dispute_id,
        needs_second_person=payment.refunded_minor > settings.REFUND_SECOND_PERSON_MINOR,
        requested_by=actor,
        created_at=at,
    )
    refund.save(force_insert=True)
    return refund


def _shares(payment: Payment, amount_minor: int) -> tuple[int, int]:
    """Return what the platform bears of the amount, and the tax contained in that: in proportion to what it took."""
    taken, whole_fee = refund_taken(payment.pk), payment.platform_fee_minor or 0
    fee = part_minor(
        amount_minor,
        whole=payment.amount_minor or 0,
        share=whole_fee,
        taken=taken.amount_minor,
        taken_share=taken.platform_fee_minor,
    )
    tax = part_minor(
        fee,
        whole=whole_fee,
        share=taxed_minor(payment.pk),
        taken=taken.platform_fee_minor,
        taken_share=taken.tax_minor,
    )
    return fee, tax


# The second person


@transaction.atomic
def refund_approve(*, refund_id: UUID, actor: User, reason: str) -> Refund:
    """Approve a refund somebody else asked for. Audited.

    :raises SecondPersonNeeded: for whoever asked for it
    :raises RefundTooMuch: if the customer's bank has taken the money back meanwhile
    :raises IllegalTransition: unless it is REQUESTED
    """
    refund = refund_get_locked(refund_id)
    if refund.requested_by_id == actor.pk:
        raise SecondPersonNeeded
    _check_not_charged_back(refund.payment)
    before = refund.status
    _approve(refund, actor, clock.now())
    _audit(refund, "refund.approve", actor=actor, reason=reason, before={"status": before})
    return refund


@transaction.atomic
def refund_reject(*, refund_id: UUID, actor: User, reason: str) -> Refund:
    """Refuse a refund, one's own as well. Audited.

    :raises IllegalTransition: unless it is REQUESTED
    """
    refund = refund_get_locked(refund_id)
    before, at = refund.status, clock.now()
    refund.reject(by=actor, at=at)
    refund.save(update_fields=["status", "decided_by", "decided_at", "closed_at"])
    _give_room_back(refund)
    payment_event_add(refund.payment, PaymentEventKind.REFUND_REJECTED, at=at, actor=actor, **_facts(refund))
    _audit(refund, "refund.reject", actor=actor, reason=reason, before={"status": before})
    return refund


def _approve(refund: Refund, actor: User, at: datetime) -> None:
    """Approve it and post it. Offline there is nobody to send it: the technician gives the money back."""
    refund.approve(by=actor, at=at)
    refund.save(update_fields=["status", "decided_by", "decided_at"])
    payment_event_add(refund.payment, PaymentEventKind.REFUND_APPROVED, at=at, actor=actor, **_facts(refund))
    move_refund(refund, at=at, is_free=not payment_is_in_payout(refund.payment_id))
    events.publish(RefundApproved(**_ids(refund)))
    if refund.payment.is_offline:
        _send(refund, at)
    else:
        refund_calls_ask(refund, at=at)


# On its way


@transaction.atomic
def refund_send(*, refund_id: UUID) -> Refund:
    """Note that the provider has been asked for it.

    :raises IllegalTransition: unless it is APPROVED
    """
    return _settled(refund_id, _send)


@transaction.atomic
def refund_finish(*, refund_id: UUID) -> Refund:
    """Note that the provider has given the money back.

    :raises IllegalTransition: unless it is SENT
    """
    return _settled(refund_id, _finish)


@transaction.atomic
def refund_fail(*, refund_id: UUID, reason: str) -> Refund:
    """Note that the provider could not give the money back; everybody gets back what the refund took.

    :raises IllegalTransition: unless it is APPROVED or SENT
    """
    return _settled(refund_id, _fail_because(reason))


@transaction.atomic
def refund_finish_by_staff(*, refund_id: UUID, actor: User, reason: str) -> Refund:
    """Note that the technician has given the money back. Audited.

    :raises SettledByProvider: unless it was paid offline
    :raises IllegalTransition: unless it is SENT
    """
    return _settled_by_staff(refund_id, _finish, "refund.finish", actor, reason)


@transaction.atomic
def refund_fail_by_staff(*, refund_id: UUID, actor: User, reason: str) -> Refund:
    """Note that the technician has not given the money back; he owes the fee on it again. Audited.

    :raises SettledByProvider: unless it was paid offline
    :raises IllegalTransition: unless it is SENT
    """
    return _settled_by_staff(refund_id, _fail_because(reason), "refund.fail", actor, reason)


def _settled(refund_id: UUID, settle: Settle) -> Refund:
    refund = refund_get_locked(refund_id)
    settle(refund, clock.now())
    return refund


def _settled_by_staff(refund_id: UUID, settle: Settle, action: str, actor: User, reason: str) -> Refund:
    refund = refund_get_locked(refund_id)
    if not refund.payment.is_offline:
        raise SettledByProvider
    before = refund.status
    settle(refund, clock.now())
    _audit(refund, action, actor=actor, reason=reason, before={"status": before})
    return refund


def _send(refund: Refund, at: datetime) -> None:
    refund.send(at=at)
    refund.save(update_fields=["status", "sent_at"])
    payment_event_add(refund.payment, PaymentEventKind.REFUND_SENT, at=at, **_facts(refund))


def _finish(refund: Refund, at: datetime) -> None:
    refund.finish(at=at)
    refund.save(update_fields=["status", "closed_at"])
    payment = refund.payment
    if refund_done_minor(payment.pk) == payment.amount_minor:
        payment.refund_in_full()
    else:
        payment.refund_in_part()
    payment.save(update_fields=["status"])
    payment_event_add(payment, PaymentEventKind.REFUND_DONE, at=at, **_facts(refund))
    move_refund_done(refund, at=at)
    events.publish(RefundDone(**_ids(refund)))


def _fail_because(reason: str) -> Settle:
    def fail(refund: Refund, at: datetime) -> None:
        refund.fail(reason=reason, at=at)
        refund.save(update_fields=["status", "failure", "closed_at"])
        _give_room_back(refund)
        payment_event_add(refund.payment, PaymentEventKind.REFUND_FAILED, at=at, **_facts(refund))
        move_refund_failed(refund, at=at)
        events.publish(RefundFailed(**_ids(refund)))

    return fail


# Parts


def _give_room_back(refund: Refund) -> None:
    refund.payment.refunded_minor -= refund.amount_minor
    refund.payment.save(update_fields=["refunded_minor"])


def _ids(refund: Refund) -> dict[str, UUID]:
    return {"refund_id": refund.pk, "payment_id": refund.payment_id, "job_id": refund.payment.job_id}


def _facts(refund: Refund) -> dict[str, Any]:
    return {"refund_id": str(refund.pk), "amount": str(refund.amount)}


def _audit(refund: Refund, action: str, *, actor: User, reason: str, before: dict[str, str]) -> None:
    after = {"status": refund.status, "amount": str(refund.amount), "payment_id": str(refund.payment_id)}
    audit.record(actor=actor, action=action, target=refund, reason=reason, before=before, after=after)
