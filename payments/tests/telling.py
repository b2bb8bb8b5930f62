"""A provider that tells us things, signed as Stripe documents it, and says how its objects stand when it is asked."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from payments.providers import (
    ChargebackIs,
    ChargebackState,
    ObjectKind,
    ProviderAway,
    ProviderEvent,
    ProviderRefused,
    WebhookRefused,
)

SECRET = "whsec_of_tests"
TOLERANCE_S = 300
_KINDS = {"charge.dispute": ObjectKind.CHARGEBACK, "payment_intent": ObjectKind.HOLD, "refund": ObjectKind.REFUND}


def signature_of(body: bytes, *, secret: str = SECRET, at_s: float | None = None) -> str:
    at = str(int(time.time() if at_s is None else at_s))
    digest = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def message(event_id: str, ref: str, *, kind: str = "charge.dispute.updated") -> bytes:
    about = {"id": ref, "object": kind.rpartition(".")[0].rpartition(".")[2] or kind}
    return json.dumps({"id": event_id, "object": "event", "type": kind, "data": {"object": about}}).encode()


def event_of(body: bytes, signature: str, *, secret: str = SECRET) -> ProviderEvent:
    """Read a message as an adapter must: nothing of it before its signature holds."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    at = parts.get("t", "")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
        raise WebhookRefused("too old")
    expected = signature_of(body, secret=secret, at_s=int(at)).partition("v1=")[2]
    if not hmac.compare_digest(expected, parts.get("v1", "")):
        raise WebhookRefused("not signed")
    told = json.loads(body)
    kind = next((kind for prefix, kind in _KINDS.items() if told["type"].startswith(prefix)), None)
    return ProviderEvent(told["id"], told["type"], kind, told["data"]["object"]["id"])


def chargeback_state(hold_ref: str, *, ref: str = "dp_1", **facts: object) -> ChargebackState:
    """A chargeback of 100.00 that wants evidence, but for what is given."""
    known = {
        "status": ChargebackIs.NEEDS_RESPONSE,
        "amount_minor": 10_000,
        "currency": "USD",
        "fee_minor": 1_500,
        "reason": "fraudulent",
        "evidence_due_at": None,
    }
    return ChargebackState(ref=ref, hold_ref=hold_ref, **{**known, **facts})


class TellingProvider:
    """Knows the objects it is given; `on_read` is called while it looks at one."""

    def __init__(self, *states: ChargebackState) -> None:
        self.states = {state.ref: state for state in states}
        self.is_away = False
        self.reads = 0
        self.on_read: Callable[[], object] = lambda: None

    def event(self, *, body: bytes, signature: str) -> ProviderEvent:
        return event_of(body, signature)

    def chargeback_state(self, ref: str) -> ChargebackState:
        self.reads += 1
        if self.is_away:
            raise ProviderAway("it is down")
        state = self.states.get(ref)
        if state is None:
            raise ProviderRefused("No such dispute", code="resource_missing")
        self.on_read()
        return state


def in_a_week(at: datetime) -> datetime:
    return at + timedelta(days=7)
