"""The steps of a payout, whoever takes them: staff, or what a provider answers. Callers hold the payout's lock."""

from datetime import datetime
from uuid import UUID

from fixmate.core import events
from payments.events import PayoutFailed, PayoutPaid, PayoutSent
from payments.models import Payout
from payments.services.movements import move_payout_failed, move_payout_paid


def mark_sent(payout: Payout, at: datetime) -> None:
    """:raises HeldBack: by the database, while a dispute or a refund of anything in it is open"""
    payout.send(at=at)
    payout.save(update_fields=["status", "sent_at"])
    events.publish(PayoutSent(**ids_of(payout)))


def mark_paid(payout: Payout, at: datetime) -> None:
    payout.pay(at=at)
    payout.save(update_fields=["status", "closed_at"])
    move_payout_paid(payout, at=at)
    events.publish(PayoutPaid(**ids_of(payout)))


def mark_failed(payout: Payout, at: datetime, *, reason: str) -> None:
    """Let what was in it go back to what is free, to be paid out anew."""
    payout.fail(reason=reason, at=at)
    payout.save(update_fields=["status", "failure", "closed_at"])
    payout.items.filter(returned_at__isnull=True).update(returned_at=at)
    move_payout_failed(payout, at=at)
    events.publish(PayoutFailed(**ids_of(payout)))


def ids_of(payout: Payout) -> dict[str, UUID]:
    """Return what names a payout in events."""
    return {"payout_id": payout.pk, "technician_id": payout.technician_id}
