"""Payouts that a provider sends by itself, to technicians who have an account with it that is ready."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import events
from payments.enums import CallKind, PayoutStatus
from payments.events import PayoutReversed
from payments.models import Payout, PayoutAccount, ProviderCall
from payments.providers import OnlineProvider, ProviderAway, ProviderRefused, TransferState, provider_get
from payments.selectors import (
    payout_account_get_locked,
    payout_account_of,
    payout_get_locked,
    payout_of_transfer,
)
from payments.services.calls import Handler, Settled, call_ask, call_handled_by
from payments.services.payout_accounts import payout_account_look_again
from payments.services.settlements import mark_failed, mark_paid, mark_sent

REFUSED: Final = "The provider did not transfer it."  # the technician reads it; the provider's words are for staff


def transfer_ask(payout: Payout, *, at: datetime) -> ProviderCall | None:
    """Have the provider send the payout, if the technician has an account with it; else staff pay it by hand."""
    account = payout_account_of(technician_id=payout.technician_id, provider=payout.provider)
    if account is None or not account.is_ready:
        return None
    return call_ask(CallKind.TRANSFER, provider=payout.provider, at=at, payout=payout, account=account)


@dataclass(frozen=True, slots=True)
class _Sending:
    payout: Payout
    account: PayoutAccount


def _lock(call: ProviderCall) -> _Sending:
    payout = payout_get_locked(cast(UUID, call.payout_id))
    return _Sending(payout, payout_account_get_locked(cast(UUID, call.account_id)))


def _begin(sending: _Sending, call: ProviderCall, at: datetime) -> bool:
    """Send it before anybody is asked: what is sent is taken out by no dispute, and its amount stays what it is."""
    if sending.payout.status == PayoutStatus.ORDERED:
        mark_sent(sending.payout, at)
    is_sent: bool = sending.payout.status == PayoutStatus.SENT
    return is_sent


def _ask(call: ProviderCall, provider: OnlineProvider) -> TransferState:
    payout, account = cast(Payout, call.payout), cast(PayoutAccount, call.account)
    state = provider.transfer(account_ref=account.ref, payout_id=payout.pk, amount=payout.amount, key=str(call.pk))
    if state.amount_minor != payout.amount_minor:
        raise ProviderAway(f"{state.ref} is of {state.amount_minor}, not of {payout.amount_minor}")
    return state


def _apply(sending: _Sending, call: ProviderCall, state: TransferState, at: datetime) -> Settled:
    mark_paid(sending.payout, at)
    _note_reversed(sending.payout, state)
    return Settled(state.ref)


def _refuse(sending: _Sending, call: ProviderCall, refusal: ProviderRefused, at: datetime) -> None:
    """Give the technician his money back; let his account rest before the next try, and look at it again."""
    mark_failed(sending.payout, at, reason=REFUSED)
    sending.account.paused_until = at + timedelta(hours=settings.PAYOUT_RETRY_HOURS)
    sending.account.save(update_fields=["paused_until"])
    payout_account_look_again(sending.account, at=at)


def _then(sending: _Sending, call: ProviderCall, at: datetime) -> None:
    """Nothing follows."""


call_handled_by(
    CallKind.TRANSFER, Handler(lock=_lock, begin=_begin, ask=_ask, apply=_apply, refuse=_refuse, then=_then)
)


def transfer_refresh(*, provider: str, ref: str) -> bool:
    """Look at a transfer again; False if it is none of ours, or its own call has not been answered. Reaches outside.

    :raises ProviderAway: if the provider does not say
    """
    payout = payout_of_transfer(provider=provider, ref=ref)
    if payout is None:
        return False
    _keep(payout.pk, provider_get(provider).transfer_state(ref))
    return True


@transaction.atomic
def _keep(payout_id: UUID, state: TransferState) -> None:
    _note_reversed(payout_get_locked(payout_id), state)


def _note_reversed(payout: Payout, state: TransferState) -> None:
    """Keep what was taken back, which never grows less. The books stay: what becomes of the money is staff's to say."""
    taken_back = min(state.reversed_minor, payout.amount_minor)
    if taken_back <= payout.reversed_minor:
        return
    payout.reversed_minor = taken_back
    payout.save(update_fields=["reversed_minor"])
    events.publish(PayoutReversed(payout_id=payout.pk))
