"""What customers' banks take back. The provider decides; we follow what it says, and never back.

Whoever applies it locks the payment, then the chargeback; the books come last. The job is not touched.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from accounts.errors import AccountInUse
from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from fixmate.core.money import Money
from payments.enums import CHARGEBACK_OPEN, PAID, ChargebackStatus, PaymentEventKind
from payments.events import ChargebackChanged, ChargebackClosed, ChargebackOpened
from payments.models import Chargeback, Hold, Payment
from payments.providers import ChargebackIs, ChargebackState, ProviderAway, ProviderRefused, provider_get
from payments.selectors import payment_get_locked
from payments.selectors.chargebacks import (
    chargeback_list_to_look_at,
    chargeback_of_ref_locked,
    hold_charged_back,
)
from payments.services.history import payment_event_add
from payments.services.movements import move_chargeback, move_chargeback_closed
from payments.services.payouts import payment_hold_back

LOOK_EVERY: Final = timedelta(hours=6)  # a bank takes weeks; webhooks that arrive say it at once
LOOKS_AT_ONCE: Final = 20
log = structlog.get_logger(__name__)
_TOLD = ["status", "amount_minor", "fee_minor", "reason", "evidence_due_at", "closed_at"]
_KINDS = {
    ChargebackStatus.WON: PaymentEventKind.CHARGEBACK_WON,
    ChargebackStatus.LOST: PaymentEventKind.CHARGEBACK_LOST,
}


def chargeback_refresh(*, provider: str, ref: str) -> None:
    """Ask the provider how a chargeback stands, and have it stand so with us. Not for a transaction.

    :raises ProviderAway: if it does not say
    """
    chargeback_apply(provider=provider, state=provider_get(provider).chargeback_state(ref))


def chargebacks_look_again() -> int:
    """Ask how open chargebacks stand that were not looked at for long: what the provider tells of them may be lost.

    Returns of how many it said so. Not for a transaction. Safe to run twice at once. What it does not answer now waits
    its turn like the others, and holds up none.
    """
    due = chargeback_list_to_look_at(unseen_since=clock.now() - LOOK_EVERY, limit=LOOKS_AT_ONCE)
    return each_alone(due, _look_again)


def _look_again(chargeback: Chargeback) -> bool:
    """Take it before the provider is asked, so that nobody else does, and ask."""
    at, unseen = clock.now(), Chargeback.objects.filter(pk=chargeback.pk, looked_at=chargeback.looked_at)
    if not unseen.update(looked_at=at):
        return False
    try:
        chargeback_refresh(provider=chargeback.provider, ref=chargeback.ref)
    except (ProviderAway, ProviderRefused) as exc:
        log.warning("chargeback.not_said", chargeback_id=str(chargeback.pk), why=str(exc))
        return False
    return True


@transaction.atomic
def chargeback_apply(*, provider: str, state: ChargebackState) -> Chargeback | None:
    """Have the chargeback stand with us as the provider says. Idempotent; of older news nothing is taken back.

    While it is open nothing of the payment is paid out; a payout that has not been sent goes without it. Lost, it is
    the platform's loss. Returns None where it is about no hold of ours.

    :raises ProviderAway: if what it says cannot be, or not yet: the capture it is about has not been answered
    """
    hold = hold_charged_back(provider=provider, ref=state.hold_ref)
    if hold is None:
        log.warning("chargeback.unknown", provider=provider, ref=state.ref)
        return None
    payment = payment_get_locked(hold.payment_id)
    _check(payment, state)
    at = clock.now()
    chargeback = chargeback_of_ref_locked(provider=provider, ref=state.ref)
    is_new = chargeback is None
    chargeback = chargeback or _open(payment, hold, state, at)
    chargeback.payment = payment
    before = _facts(chargeback)
    _follow_amounts(chargeback, state, at)
    _follow_status(chargeback, state, at)
    if is_new or _facts(chargeback) != before:
        chargeback.save(update_fields=_TOLD)
        _tell(chargeback, is_new=is_new)
    return chargeback


def chargeback_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while a bank has not decided about a payment of his"""
    if Chargeback.objects.filter(payment__customer=user, status__in=CHARGEBACK_OPEN).exists():
        raise AccountInUse("Your bank has taken a payment back, and has not decided about it.")


def _check(payment: Payment, state: ChargebackState) -> None:
    if payment.status not in PAID:
        log.warning("chargeback.waits", payment_id=str(payment.pk), status=payment.status, ref=state.ref)
        raise ProviderAway(f"{state.ref} is about payment {payment.pk}, which is {payment.status} as far as we know")
    if state.currency != payment.currency:
        raise ProviderAway(f"{state.ref} is in {state.currency}, its payment in {payment.currency}")


def _open(payment: Payment, hold: Hold, state: ChargebackState, at: datetime) -> Chargeback:
    """Add it, with nothing in the books yet, and keep the payment from being paid out."""
    about = {"payment": payment, "hold": hold, "provider": payment.provider}
    chargeback = Chargeback(**about, ref=state.ref, opened_at=at, looked_at=at)
    chargeback.save(force_insert=True)
    payment_hold_back(payment, at=at)
    _note(chargeback, PaymentEventKind.CHARGED_BACK, Money(state.amount_minor, payment.currency), at)
    return chargeback


def _note(chargeback: Chargeback, kind: PaymentEventKind, amount: Money, at: datetime) -> None:
    payment_event_add(chargeback.payment, kind, at=at, chargeback_id=str(chargeback.pk), amount=str(amount))


def _follow_amounts(chargeback: Chargeback, state: ChargebackState, at: datetime) -> None:
    """Post what the amount, while it is open, and the fee, which may come back later, have changed by."""
    taken = state.amount_minor - chargeback.amount_minor if chargeback.is_open else 0
    charged = state.fee_minor - chargeback.fee_minor
    chargeback.amount_minor += taken
    chargeback.fee_minor += charged
    _count(chargeback.payment, taken)
    move_chargeback(chargeback, taken_minor=taken, charged_minor=charged, at=at)


def _count(payment: Payment, taken_minor: int) -> None:
    if taken_minor:
        payment.charged_back_minor += taken_minor
        payment.save(update_fields=["charged_back_minor"])


def _follow_status(chargeback: Chargeback, state: ChargebackState, at: datetime) -> None:
    """Go on to where the provider says it is; what it said earlier, and what was decided, stays behind."""
    if not chargeback.is_open:
        return
    chargeback.reason, chargeback.evidence_due_at = state.reason[:100], state.evidence_due_at
    if state.status == ChargebackIs.UNDER_REVIEW and chargeback.status == ChargebackStatus.NEEDS_RESPONSE:
        chargeback.answer()
    elif state.status in _ENDS:
        _close(chargeback, state.status, at)


def _close(chargeback: Chargeback, end: ChargebackIs, at: datetime) -> None:
    _ENDS[end](chargeback, at=at)
    if chargeback.status == ChargebackStatus.WON:
        _count(chargeback.payment, -chargeback.amount_minor)
    move_chargeback_closed(chargeback, at=at)
    _note(chargeback, _KINDS[ChargebackStatus(chargeback.status)], chargeback.amount, at)


_ENDS = {ChargebackIs.WON: Chargeback.win, ChargebackIs.LOST: Chargeback.lose}


def _facts(chargeback: Chargeback) -> list[Any]:
    return [getattr(chargeback, name) for name in _TOLD]


def _tell(chargeback: Chargeback, *, is_new: bool) -> None:
    ids: dict[str, UUID] = {"chargeback_id": chargeback.pk, "job_id": chargeback.payment.job_id}
    if is_new:
        events.publish(ChargebackOpened(**ids))
    if not chargeback.is_open:
        events.publish(ChargebackClosed(**ids, status=chargeback.status))
    elif not is_new:
        events.publish(ChargebackChanged(**ids))
