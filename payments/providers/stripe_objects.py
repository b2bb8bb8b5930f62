"""What Stripe's objects mean to us: its JSON in, our states out, nothing asked.

Anything of another shape raises KeyError, TypeError or ValueError: to the adapter, an answer that is nonsense.
"""

from datetime import UTC, datetime
from typing import Any

from fixmate.core.money import Money
from payments.providers.asked import (
    AccountState,
    ChargebackIs,
    ChargebackState,
    HoldIs,
    HoldState,
    ObjectKind,
    Record,
    RefundIs,
    RefundState,
    TransferState,
)

Object = dict[str, Any]

# ISO 4217 gives them no decimal places; Stripe counts them in hundredths that have to be whole.
_IN_HUNDREDTHS = {"ISK": 100, "UGX": 100}
_NEEDS_CUSTOMER = "authentication_required"  # a decline that says: he has to be there
_HOLDS = {
    "requires_confirmation": HoldIs.UNDER_WAY,
    "processing": HoldIs.UNDER_WAY,
    "requires_action": HoldIs.ACTION_NEEDED,
    "requires_capture": HoldIs.HELD,
    "succeeded": HoldIs.CAPTURED,
    "canceled": HoldIs.RELEASED,
}
_REFUNDS = {
    "pending": RefundIs.UNDER_WAY,
    "requires_action": RefundIs.UNDER_WAY,
    "succeeded": RefundIs.DONE,
    "failed": RefundIs.FAILED,
    "canceled": RefundIs.FAILED,
}
_CHARGEBACKS = {
    "needs_response": ChargebackIs.NEEDS_RESPONSE,
    "appeal_needs_response": ChargebackIs.NEEDS_RESPONSE,
    "under_review": ChargebackIs.UNDER_REVIEW,
    "appeal_under_review": ChargebackIs.UNDER_REVIEW,
    "won": ChargebackIs.WON,
    "lost": ChargebackIs.LOST,
}
# A bank that asks, or one that Stripe paid off before it took anything: no money has left us.
_INQUIRIES = ("warning_needs_response", "warning_under_review", "warning_closed", "prevented")
KINDS = {
    "payment_intent": ObjectKind.HOLD,
    "refund": ObjectKind.REFUND,
    "transfer": ObjectKind.TRANSFER,
    "account": ObjectKind.ACCOUNT,
    "dispute": ObjectKind.CHARGEBACK,
}


# Amounts


def amount_of(money: Money) -> int:
    return money.minor * _IN_HUNDREDTHS.get(money.currency, 1)


def _minor(amount: Any, currency: str) -> int:
    minor, rest = divmod(_whole(amount), _IN_HUNDREDTHS.get(currency.upper(), 1))
    if rest:
        raise ValueError(f"{currency} has no such amount as {amount}")
    return minor


def _whole(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{number!r} is no whole number")
    return number


# States


def hold_state(intent: Object) -> HoldState:
    status, failure = _hold_is(intent)
    return HoldState(
        ref=ref_of(intent, "payment_intent"),
        status=status,
        amount_minor=_minor(intent["amount"], intent["currency"]),
        captured_minor=_captured(intent) if status == HoldIs.CAPTURED else 0,
        client_secret=intent["client_secret"] if status == HoldIs.ACTION_NEEDED else "",
        failure=failure,
        lapses_at=_lapses_at(intent) if status == HoldIs.HELD else None,
    )


def _hold_is(intent: Object) -> tuple[HoldIs, str]:
    status = intent["status"]
    if status != "requires_payment_method":
        return _HOLDS[status], ""
    error = intent.get("last_payment_error") or {}
    code = failure_of(error) or "payment_method_missing"
    return (HoldIs.ACTION_NEEDED, "") if code == _NEEDS_CUSTOMER else (HoldIs.FAILED, code)


def failure_of(error: Object) -> str:
    return str(error.get("decline_code") or error.get("code") or "")


def _captured(intent: Object) -> int:
    received = intent.get("amount_received")
    if received is None:  # localstripe keeps none: what a capture leaves, it books as a refund of the charge
        charge = intent["latest_charge"]
        left = sum(refund["amount"] for refund in charge["refunds"]["data"] if not refund["payment_intent"])
        received = charge["amount"] - left
    return _minor(received, intent["currency"])


def _lapses_at(intent: Object) -> datetime | None:
    charge = intent.get("latest_charge")
    details = charge.get("payment_method_details") if isinstance(charge, dict) else None
    before = (details or {}).get("card", {}).get("capture_before")
    return None if before is None else _at(before)


def refund_state(refund: Object) -> RefundState:
    return RefundState(
        ref=ref_of(refund, "refund"),
        status=_REFUNDS[refund["status"]],
        amount_minor=_minor(refund["amount"], refund["currency"]),
        failure=str(refund.get("failure_reason") or ""),
    )


def account_state(account: Object) -> AccountState:
    able = (account.get("capabilities") or {}).get("transfers") == "active"
    return AccountState(ref=ref_of(account, "account"), is_ready=able and account["payouts_enabled"] is True)


def transfer_state(transfer: Object) -> TransferState:
    currency = transfer["currency"]
    return TransferState(
        ref=ref_of(transfer, "transfer"),
        amount_minor=_minor(transfer["amount"], currency),
        reversed_minor=_minor(transfer["amount_reversed"], currency),
    )


def is_inquiry(dispute: Object) -> bool:
    """Tell whether the bank only asks: nothing was taken, and nothing is booked."""
    return dispute["status"] in _INQUIRIES


def chargeback_state(dispute: Object) -> ChargebackState:
    due = (dispute.get("evidence_details") or {}).get("due_by")
    currency = dispute["currency"]
    return ChargebackState(
        ref=ref_of(dispute, "dispute"),
        hold_ref=text_of(dispute["payment_intent"]),
        status=_CHARGEBACKS[dispute["status"]],
        amount_minor=_minor(dispute["amount"], currency),
        currency=currency.upper(),
        fee_minor=sum(_minor(line["fee"], currency) for line in dispute["balance_transactions"]),
        reason=text_of(dispute["reason"]),
        evidence_due_at=None if due is None else _at(due),
    )


# Records


def hold_record(intent: Object) -> Record:
    state = hold_state(intent)
    amount = state.captured_minor if state.status == HoldIs.CAPTURED else state.amount_minor
    return _record(ObjectKind.HOLD, intent, "hold", amount_minor=amount, status=state.status)


def refund_record(refund: Object) -> Record | None:
    """Return its record; None of a charge without an intent, as localstripe books what a capture leaves."""
    if not refund["payment_intent"]:
        return None
    state = refund_state(refund)
    return _record(ObjectKind.REFUND, refund, "call", amount_minor=state.amount_minor, status=state.status)


def transfer_record(transfer: Object) -> Record:
    """Return its record; the amount is what the technician still has of it."""
    state = transfer_state(transfer)
    left = state.amount_minor - state.reversed_minor
    status = "reversed" if state.reversed_minor else "paid"
    return _record(ObjectKind.TRANSFER, transfer, "payout", amount_minor=left, status=status)


def chargeback_record(dispute: Object) -> Record | None:
    """Return its record; None where nothing was taken, or not of a charge that was made for us."""
    if is_inquiry(dispute) or not dispute["payment_intent"]:
        return None
    state = chargeback_state(dispute)
    return _record(ObjectKind.CHARGEBACK, dispute, "", amount_minor=state.amount_minor, status=state.status)


def _record(kind: ObjectKind, thing: Object, name: str, *, amount_minor: int, status: str) -> Record:
    return Record(
        kind=kind,
        ref=text_of(thing["id"]),
        ours=str((thing.get("metadata") or {}).get(name, "")),
        amount_minor=amount_minor,
        currency=thing["currency"].upper(),
        status=str(status),
        at=_at(thing["created"]),
    )


# Parts


def ref_of(thing: Object, kind: str) -> str:
    if thing["object"] != kind:
        raise ValueError(f"a {thing['object']} where a {kind} was asked for")
    return text_of(thing["id"])


def text_of(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no text")
    return value


def _at(seconds: Any) -> datetime:
    return datetime.fromtimestamp(_whole(seconds), UTC)
