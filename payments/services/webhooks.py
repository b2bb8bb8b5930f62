"""What providers tell us. A message is taken once, and says only which object to look at again.

So neither the order in which messages arrive nor one that was lost matters: the object itself says how it stands.
"""

from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from django.conf import settings
from django.db import transaction

from fixmate.core import clock, events
from fixmate.core.batches import each_alone, purge
from fixmate.core.errors import NotFound
from payments.errors import WebhookNotSigned
from payments.events import ProviderObjectChanged
from payments.models import WebhookEvent
from payments.providers import ObjectKind, ProviderAway, ProviderEvent, ProviderRefused, WebhookRefused, provider_get
from payments.selectors.webhooks import webhook_ids_left
from payments.services.chargebacks import chargeback_refresh
from payments.services.hold_calls import hold_refresh
from payments.services.payout_accounts import account_refresh
from payments.services.refund_calls import refund_refresh
from payments.services.transfers import transfer_refresh

BATCH: Final = 100
ROUNDS: Final = 3
LEFT_AFTER: Final = timedelta(seconds=60)  # until then it is the outbox's
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=2), timedelta(minutes=10)
log = structlog.get_logger(__name__)


class Refresh(Protocol):
    """Asks the provider how an object stands, and has it stand so with us. Idempotent; ignores what is not ours."""

    def __call__(self, *, provider: str, ref: str) -> object: ...


def _refresh_hold(*, provider: str, ref: str) -> object:
    return hold_refresh(ref=ref)


def _refresh_refund(*, provider: str, ref: str) -> object:
    return refund_refresh(ref=ref)


# What else is told is kept in the inbox, and means nothing to us.
REFRESHES: Final[dict[str, Refresh]] = {
    ObjectKind.HOLD: _refresh_hold,
    ObjectKind.REFUND: _refresh_refund,
    ObjectKind.TRANSFER: transfer_refresh,
    ObjectKind.ACCOUNT: account_refresh,
    ObjectKind.CHARGEBACK: chargeback_refresh,
}


def webhook_receive(*, provider: str, body: bytes, signature: str) -> bool:
    """Take a message of a provider's into the inbox, and have what it is about looked at. Idempotent by its id.

    Returns whether it is news. What is not signed leaves nothing.

    :raises NotFound: if we have no such provider
    :raises WebhookNotSigned: unless it is signed, and lately
    """
    try:
        event = provider_get(provider).event(body=body, signature=signature)
    except ProviderAway as exc:
        raise NotFound from exc
    except WebhookRefused as exc:
        log.warning("webhook.refused", provider=provider, why=str(exc))
        raise WebhookNotSigned from exc
    return _take(provider, event)


@transaction.atomic
def _take(provider: str, event: ProviderEvent) -> bool:
    at, kind = clock.now(), event.kind if event.kind in REFRESHES and event.ref else ""
    told = {
        "type": event.type[:100],
        "kind": kind or "",
        "ref": event.ref[:255],
        "received_at": at,
        "applied_at": None if kind else at,
        "next_try_at": at + LEFT_AFTER,
    }
    row, is_new = WebhookEvent.objects.get_or_create(provider=provider, event_id=event.id, defaults=told)
    if is_new and kind:
        events.publish(ProviderObjectChanged(webhook_id=row.pk))
    return is_new


def webhook_apply(*, webhook_id: int) -> bool:
    """Look at what a message is about, and have it stand with us as it does with the provider. Not for a transaction.

    Returns whether it was done here. While the provider is away, or something fails, it is put off, for ever longer up
    to ten minutes.
    """
    event = WebhookEvent.objects.filter(pk=webhook_id, applied_at__isnull=True).first()
    if event is None:
        return False
    try:
        for _ in range(ROUNDS):
            began_at = clock.now()
            _refresh(event)
            if _mark_applied(event, began_at):
                return True
    except ProviderAway as exc:
        _put_off(event, str(exc))
    except Exception as exc:
        _put_off(event, repr(exc))  # else it would stand at the head of every sweep
        raise
    else:
        _put_off(event, "it changes while it is looked at")
    return False


def _refresh(event: WebhookEvent) -> None:
    try:
        REFRESHES[event.kind](provider=event.provider, ref=event.ref)
    except ProviderRefused as exc:  # it knows of no such object
        log.warning("webhook.object_refused", webhook_id=event.pk, why=str(exc))


@transaction.atomic
def _mark_applied(event: WebhookEvent, began_at: datetime) -> bool:
    """Note that it is done with, unless another message about the object was meanwhile.

    Then what that one saw may be newer than what was applied just now, and before it: it has to be looked at again.
    The lock on the first message about the object has those who mark come one after another.
    """
    about = WebhookEvent.objects.filter(provider=event.provider, ref=event.ref)
    about.select_for_update().order_by("pk").first()
    if about.filter(applied_at__gt=began_at).exclude(pk=event.pk).exists():
        return False
    about.filter(pk=event.pk, applied_at__isnull=True).update(applied_at=clock.now(), last_error="")
    return True


def webhooks_apply_left() -> int:
    """Do it for what is left: put off, or lost on its way. Returns how many were done. Safe to run twice at once."""
    left = webhook_ids_left(due_at=clock.now(), limit=BATCH)
    return each_alone(left, lambda webhook_id: webhook_apply(webhook_id=webhook_id))


def webhooks_purge() -> int:
    """Remove what was done with longer ago than `WEBHOOK_KEEP_DAYS`; return how many."""
    before = clock.now() - timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    return purge(WebhookEvent.objects.filter(applied_at__isnull=False, received_at__lt=before))


def _put_off(event: WebhookEvent, why: str) -> None:
    event.put_off(error=why, until=_next_try(event.tries))
    event.save(update_fields=["tries", "last_error", "next_try_at"])


def _next_try(tries: int) -> datetime:
    delay: timedelta = min(FIRST_DELAY * 2 ** min(tries, 20), LONGEST_DELAY)
    return clock.now() + delay
