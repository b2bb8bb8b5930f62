"""Technicians' accounts with an online provider. What stands in the row is what the provider said last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import clock, events
from payments.enums import CallKind, Provider
from payments.errors import PayoutAccountsOff
from payments.events import PayoutAccountReady
from payments.models import PayoutAccount, ProviderCall
from payments.providers import AccountState, OnlineProvider, ProviderRefused, provider_get
from payments.selectors import (
    payout_account_get_locked,
    payout_account_is_asked_for,
    payout_account_of_ref,
)
from payments.services.calls import Handler, Settled, call_ask, call_handled_by
from technicians.selectors import technician_get_of_user

log = structlog.get_logger(__name__)
LINK_LIVES: Final = timedelta(minutes=4)  # Stripe's live for five, and open once
_READ = ["ref", "link", "link_expires_at", "ready_at", "read_at"]


@transaction.atomic
def payout_account_ask(*, user: User) -> PayoutAccount:
    """Have an account opened for the technician with the provider of today, or a new link to its form fetched.

    Both come later, by a call. While one is under way or the account is ready, nothing is asked. A link that is there
    gives way to the new one: it opens once, and who asks again has most likely opened it.

    :raises PayoutAccountsOff: where customers pay in cash, or no page is set that the provider sends him back to
    :raises NotFound: if the user is no technician
    """
    if settings.PAYMENT_PROVIDER == Provider.OFFLINE or not settings.PAYOUT_ACCOUNT_URL:
        raise PayoutAccountsOff
    technician, at = technician_get_of_user(user), clock.now()
    named = {"technician_id": technician.pk, "provider": settings.PAYMENT_PROVIDER}
    found, _ = PayoutAccount.objects.get_or_create(**named, defaults={"created_at": at})
    account = payout_account_get_locked(found.pk)
    if not account.is_ready:
        _drop_link(account)
        payout_account_look_again(account, at=at)
    return account


def _drop_link(account: PayoutAccount) -> None:
    account.link, account.link_expires_at = "", None
    account.save(update_fields=["link", "link_expires_at"])


def payout_account_look_again(account: PayoutAccount, *, at: datetime) -> None:
    """Have the provider asked about the locked account, unless it is being asked."""
    if not payout_account_is_asked_for(account):
        call_ask(CallKind.ACCOUNT, provider=account.provider, at=at, account=account)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the provider said of an account, and when it was asked; with a link where there is something to fill in."""

    state: AccountState
    link: str
    began_at: datetime


def _lock(call: ProviderCall) -> PayoutAccount:
    return payout_account_get_locked(cast(UUID, call.account_id))


def _ask(call: ProviderCall, provider: OnlineProvider) -> _Reading:
    account, began_at = cast(PayoutAccount, call.account), clock.now()
    if account.ref:
        state = provider.account_state(account.ref)
    else:
        state = provider.account(technician_id=account.technician_id, key=str(call.pk))
    return _Reading(state, "" if state.is_ready else _link(provider, state.ref), began_at)


def _link(provider: OnlineProvider, ref: str) -> str:
    """Return the link, or a blank if it is refused: the account is there all the same, and must not be made twice."""
    page = settings.PAYOUT_ACCOUNT_URL
    try:
        return provider.account_link(ref=ref, refresh_url=page, return_url=page)
    except ProviderRefused as exc:
        log.warning("payout_account.link_refused", ref=ref, code=exc.code, why=str(exc))
        return ""


def _apply(account: PayoutAccount, call: ProviderCall, reading: _Reading, at: datetime) -> Settled:
    account.ref = account.ref or reading.state.ref
    if reading.link:
        account.link, account.link_expires_at = reading.link, reading.began_at + LINK_LIVES
    _keep(account, reading.state, reading.began_at, at)
    return Settled(account.ref)


def _refuse(account: PayoutAccount, call: ProviderCall, refusal: ProviderRefused, at: datetime) -> None:
    """Nothing changes: the refused call says why, and the technician asks anew."""


def _then(account: PayoutAccount, call: ProviderCall, at: datetime) -> None:
    """Nothing follows."""


call_handled_by(CallKind.ACCOUNT, Handler(lock=_lock, ask=_ask, apply=_apply, refuse=_refuse, then=_then))


def account_refresh(*, provider: str, ref: str) -> bool:
    """Look at an account again; False if it is not of ours. Reaches outside.

    :raises ProviderAway: if the provider does not say
    """
    account = payout_account_of_ref(provider=provider, ref=ref)
    if account is None:
        return False
    began_at = clock.now()
    _refresh(account, provider_get(provider).account_state(ref), began_at)
    return True


@transaction.atomic
def _refresh(account: PayoutAccount, state: AccountState, began_at: datetime) -> None:
    _keep(payout_account_get_locked(account.pk), state, began_at, clock.now())


def _keep(account: PayoutAccount, state: AccountState, began_at: datetime, at: datetime) -> None:
    """Keep what was read, unless a reading that began later is there: answers overtake each other."""
    if account.read_at is None or account.read_at <= began_at:
        account.read_at = began_at
        _set_ready(account, state.is_ready, at)
    account.save(update_fields=_READ)


def _set_ready(account: PayoutAccount, is_ready: bool, at: datetime) -> None:
    if is_ready and not account.is_ready:
        account.ready_at, account.link, account.link_expires_at = at, "", None
        events.publish(PayoutAccountReady(account_id=account.pk, technician_id=account.technician_id))
    elif not is_ready:
        account.ready_at = None
