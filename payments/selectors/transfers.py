from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings

from accounts.models import User
from fixmate.core import clock
from payments.enums import CallKind, CallStatus, PayoutAccountStatus
from payments.models import Payout, PayoutAccount, ProviderCall


def payout_account_of(*, technician_id: UUID, provider: str) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(technician=technician_id, provider=provider).first()


@dataclass(frozen=True, slots=True)
class PayoutAccountView:
    """How a technician's account stands, for himself. A link that does not open any more is none."""

    provider: str
    status: PayoutAccountStatus
    is_waiting: bool
    link: str | None = None
    link_expires_at: datetime | None = None
    ready_at: datetime | None = None


def payout_account_view(user: User) -> PayoutAccountView:
    """Return how the account of the technician who is this user stands, with the provider of today."""
    provider = settings.PAYMENT_PROVIDER
    account = PayoutAccount.objects.filter(technician__user=user, provider=provider).first()
    if account is None:
        return PayoutAccountView(provider, PayoutAccountStatus.NONE, is_waiting=False)
    is_waiting = payout_account_is_asked_for(account)
    view = PayoutAccountView(provider, _status(account, is_waiting), is_waiting, ready_at=account.ready_at)
    if not account.has_link(clock.now()):
        return view
    return replace(view, link=account.link, link_expires_at=account.link_expires_at)


def _status(account: PayoutAccount, is_waiting: bool) -> PayoutAccountStatus:
    if account.is_ready:
        return PayoutAccountStatus.READY
    if account.ref:
        return PayoutAccountStatus.INCOMPLETE
    return PayoutAccountStatus.ASKED if is_waiting else PayoutAccountStatus.NONE


def payout_account_of_ref(*, provider: str, ref: str) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(provider=provider, ref=ref).first() if ref else None


def payout_account_get_locked(account_id: UUID) -> PayoutAccount:
    """Return the account with its row locked. Nothing else is locked after it but calls."""
    return PayoutAccount.objects.select_for_update().get(pk=account_id)


def payout_account_is_asked_for(account: PayoutAccount) -> bool:
    """Tell whether a call about it waits for an answer."""
    return account.calls.filter(kind=CallKind.ACCOUNT, status=CallStatus.WAITING).exists()


def payout_account_is_paused(*, technician_id: UUID, provider: str, at: datetime) -> bool:
    account = payout_account_of(technician_id=technician_id, provider=provider)
    return account is not None and account.is_ready and account.is_paused(at)


def transfer_call_of(payout_id: UUID) -> ProviderCall | None:
    """Return the call that has the payout sent; None where staff pay it by hand."""
    return ProviderCall.objects.filter(kind=CallKind.TRANSFER, payout=payout_id).first()


def payout_of_transfer(*, provider: str, ref: str) -> Payout | None:
    """Return the payout that was sent by this transfer of the provider's."""
    sent = {"calls__provider": provider, "calls__kind": CallKind.TRANSFER, "calls__ref": ref}
    return Payout.objects.filter(**sent).first() if ref else None
