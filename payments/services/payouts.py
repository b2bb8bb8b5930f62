"""Payouts: after the hold, never while a dispute or a refund is open. Payments are locked first, then the payout."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.batches import each_alone
from payments.enums import PaymentEventKind, PayoutStatus
from payments.errors import SettledByProvider
from payments.events import PayoutFailed
from payments.models import Payment, Payout, PayoutItem
from payments.selectors import (
    free_of_payments,
    payment_get_locked,
    payment_ids_to_release,
    payment_list_free_locked,
    payment_may_go,
    payout_account_is_paused,
    payout_get_locked,
    technicians_with_free_money,
    transfer_call_of,
)
from payments.services.history import payment_event_add
from payments.services.movements import (
    move_payout,
    move_payout_held_back,
    move_release,
)
from payments.services.settlements import ids_of, mark_failed, mark_paid, mark_sent
from payments.services.transfers import transfer_ask

HELD_BACK = "Everything in it was held back."


def payouts_order() -> int:
    """Free what was held for long enough, and order a payout for each technician who has something free.

    Returns how many were ordered. Safe to run twice at once.
    """
    due = payment_ids_to_release(captured_before=_hold_ends(clock.now()))
    each_alone(due, lambda payment_id: payment_release(payment_id=payment_id))
    return each_alone(
        technicians_with_free_money(), lambda one: bool(payout_order(technician_id=one[0], currency=one[1]))
    )


@transaction.atomic
def payment_release(*, payment_id: UUID) -> bool:
    """Free the technician's share of a payment, if its hold is over and nothing keeps it; tell whether it was."""
    payment = payment_get_locked(payment_id)
    at = clock.now()
    if payment.released_at or not _is_due(payment, at) or not payment_may_go(payment):
        return False
    move_release(payment, at=at)
    payment.released_at = at
    payment.save(update_fields=["released_at"])
    payment_event_add(payment, PaymentEventKind.RELEASED, at=at)
    return True


def _is_due(payment: Payment, at: datetime) -> bool:
    return bool(payment.captured_at and payment.captured_at <= _hold_ends(at) and not payment.is_offline)


def _hold_ends(at: datetime) -> datetime:
    """Return when that was captured whose hold ends now."""
    return at - timedelta(days=settings.PAYOUT_HOLD_DAYS)


@transaction.atomic
def payout_order(*, technician_id: UUID, currency: str) -> list[Payout]:
    """Order that everything free of the technician's is paid out: a payout for each provider that holds some.

    To an account that is ready it is transferred from here on; while that is paused nothing is ordered.
    """
    payments = payment_list_free_locked(technician_id=technician_id, currency=currency)
    free = free_of_payments(payment.pk for payment in payments)
    at = clock.now()
    payouts = []
    for provider in sorted({payment.provider for payment in payments}):
        its = [payment for payment in payments if payment.provider == provider and free.get(payment.pk, 0) > 0]
        if its and not payout_account_is_paused(technician_id=technician_id, provider=provider, at=at):
            payouts.append(_order(technician_id, its, free, at))
    return payouts


def _order(technician_id: UUID, payments: list[Payment], free: dict[UUID, int], at: datetime) -> Payout:
    first = payments[0]
    payout = Payout(
        technician_id=technician_id,
        provider=first.provider,
        currency=first.currency,
        amount_minor=sum(free[payment.pk] for payment in payments),
        ordered_at=at,
    )
    payout.save(force_insert=True)
    for payment in payments:
        PayoutItem.objects.create(payout=payout, payment=payment, amount_minor=free[payment.pk])
        payment_event_add(payment, PaymentEventKind.PAYOUT_ORDERED, at=at, payout_id=str(payout.pk))
    move_payout(payout, at=at)
    transfer_ask(payout, at=at)
    return payout


# What holds a payment back


def payment_is_in_payout(payment_id: UUID) -> bool:
    return PayoutItem.objects.filter(payment=payment_id, returned_at__isnull=True).exists()


def payment_hold_back(payment: Payment, *, at: datetime) -> None:
    """Take the locked payment out of a payout that has not been sent. Without anything left, the payout has failed."""
    ordered = PayoutItem.objects.filter(payment=payment, returned_at__isnull=True, payout__status=PayoutStatus.ORDERED)
    item = ordered.first()
    if item is None:
        return
    payout = item.payout = Payout.objects.select_for_update().get(pk=item.payout_id)
    item.returned_at = at
    item.save(update_fields=["returned_at"])
    payout.amount_minor -= item.amount_minor
    if not payout.amount_minor:
        payout.fail(reason=HELD_BACK, at=at)
    payout.save(update_fields=["amount_minor", "status", "failure", "closed_at"])
    payment_event_add(payment, PaymentEventKind.PAYOUT_HELD_BACK, at=at, payout_id=str(payout.pk))
    move_payout_held_back(item, at=at)
    if not payout.amount_minor:
        events.publish(PayoutFailed(**ids_of(payout)))


# Staff pay by hand, and say how it went. What a provider is asked for, it alone settles


@transaction.atomic
def payout_send(*, payout_id: UUID, actor: User, reason: str) -> Payout:
    """Note that the money has been sent. Audited.

    :raises SettledByProvider: if a provider is asked to send it
    :raises IllegalTransition: unless it is ORDERED
    :raises HeldBack: by the database, while a dispute or a refund of anything in it is open
    """
    return _settled(payout_id, mark_sent, "payout.send", actor, reason)


@transaction.atomic
def payout_pay(*, payout_id: UUID, actor: User, reason: str) -> Payout:
    """Note that the money has arrived. Audited.

    :raises SettledByProvider: if a provider is asked to send it
    :raises IllegalTransition: unless it is SENT
    """
    return _settled(payout_id, mark_paid, "payout.pay", actor, reason)


@transaction.atomic
def payout_fail(*, payout_id: UUID, actor: User, reason: str) -> Payout:
    """Note that the money did not arrive: it is the technician's again, to be paid out anew. Audited.

    :raises SettledByProvider: if a provider is asked to send it
    :raises IllegalTransition: unless it is ORDERED or SENT
    """
    return _settled(payout_id, partial(mark_failed, reason=reason), "payout.fail", actor, reason)


def _settled(
    payout_id: UUID, settle: Callable[[Payout, datetime], None], action: str, actor: User, reason: str
) -> Payout:
    payout = payout_get_locked(payout_id)
    if transfer_call_of(payout.pk):
        raise SettledByProvider
    before = payout.status
    settle(payout, clock.now())
    facts = {"status": payout.status, "amount": str(payout.amount), "technician_id": str(payout.technician_id)}
    audit.record(actor=actor, action=action, target=payout, reason=reason, before={"status": before}, after=facts)
    return payout
