"""The mail of every kind of news, as each who is told of it reads it: what `preview_mails` shows and the tests read."""

from collections.abc import Iterator
from typing import Any

from accounts.enums import Role
from accounts.models import User
from disputes.enums import DeadlineKind
from jobs.enums import CancelReason
from notifications.channels import TEMPLATE, letter_facts
from notifications.enums import Channel, Kind
from notifications.kinds import CHANNELS
from notifications.models import Notification
from notifications.texts import TEXTS
from payments.enums import Provider
from technicians.enums import DocumentKind, DocumentStatus

_MONEY = {"amount": "1299.90", "currency": "USD"}
FACTS: dict[str, Any] = {
    "service": "Leaking tap",
    "technician": "Tomas",
    "price": _MONEY,
    "pays": {"amount": "1104.91", "currency": "USD"},
    "amount": _MONEY,
    "fee": {"amount": "20.00", "currency": "USD"},
    "paid_by": Provider.STRIPE,
    "share": {"amount": "1104.91", "currency": "USD"},
    "distance_m": 1200,
    "rating": 4,
    "lost_by": CancelReason.WENT_DARK,
    "begins_at": "2026-03-02T18:30:00+00:00",
    "paused_until": "2026-03-02T18:45:00+00:00",
    "time_zone": "America/New_York",
    "document_kind": DocumentKind.LICENCE,
    "status": DocumentStatus.REJECTED,
    "reason": "The photo is blurred.",
    "expires_on": "2026-04-01",
    "dispute_id": "01980000-0000-7000-8000-000000000007",
    "payout_id": "01980000-0000-7000-8000-000000000008",
    "reversed": {"amount": "85.00", "currency": "USD"},
    "answer_due_at": "2026-03-05T12:00:00+00:00",
    "deadline": DeadlineKind.DECISION,
}


def news_examples() -> Iterator[tuple[Kind, Notification]]:
    """Yield news of every kind that is mailed, once for each role that reads other words; nothing is stored."""
    for kind in Kind:
        if Channel.EMAIL in CHANNELS[kind]:
            for role in (Role.CUSTOMER, Role.TECHNICIAN) if TEXTS[kind].to_technician else (Role.CUSTOMER,):
                yield kind, Notification(kind=kind, payload=FACTS, user=User(first_name="Ada", role=role))


def mails() -> dict[str, tuple[str, dict[str, str]]]:
    return {
        f"notifications_{kind}_{one.user.role}".lower(): (TEMPLATE, letter_facts(one, one.user))
        for kind, one in news_examples()
    }
