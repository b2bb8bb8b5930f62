"""What payments tell a case file: the money of the job as stored, what happened to it, and what the books say."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fixmate.core.casefiles import CasePart
from fixmate.core.money import Money
from payments.models import Chargeback, LedgerEntry, Payment, PaymentEvent, Refund

_PAYMENT = (
    "id",
    "purpose",
    "provider",
    "status",
    "amount",
    "platform_fee",
    "technician_earnings",
    "fee_rate",
    "fee_source",
    "created_at",
    "captured_at",
    "voided_at",
    "payout_frozen_at",
)
_REFUND = (
    "id",
    "payment_id",
    "status",
    "amount",
    "platform_fee",
    "technician_earnings",
    "reason",
    "dispute_id",
    "needs_second_person",
    "requested_by",
    "decided_by",
    "created_at",
    "decided_at",
    "sent_at",
    "closed_at",
    "failure",
)
_CHARGEBACK = (
    "provider",
    "ref",
    "status",
    "amount",
    "fee",
    "reason",
    "evidence_due_at",
    "opened_at",
    "closed_at",
)


def _payments(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for payment in Payment.objects.filter(job=job_id).order_by("id"):
        yield tuple(getattr(payment, name) for name in _PAYMENT)


def _events(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for event in PaymentEvent.objects.filter(payment__job=job_id).select_related("actor").order_by("id"):
        yield event.at, event.kind, event.status, event.actor.role if event.actor else "", event.data


def _refunds(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    people = ("requested_by", "decided_by")
    refunds = Refund.objects.filter(payment__job=job_id).select_related("payment", *people)
    for refund in refunds.order_by("created_at", "id"):
        said = {name: str(getattr(refund, name) or "") for name in people}
        yield tuple(said.get(name, getattr(refund, name)) for name in _REFUND)


def _ledger(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    entries = LedgerEntry.objects.filter(transaction__payment__job=job_id).select_related("transaction", "account")
    for entry in entries.order_by("transaction__number", "id"):
        moved, account = entry.transaction, entry.account
        amount = Money(abs(entry.amount_minor), moved.currency)
        sides = (amount, None) if entry.amount_minor > 0 else (None, amount)
        yield moved.number, moved.kind, account.kind, *sides, moved.at


def _chargebacks(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for chargeback in Chargeback.objects.filter(payment__job=job_id).select_related("payment").order_by("id"):
        yield tuple(getattr(chargeback, name) for name in _CHARGEBACK)


PARTS = (
    CasePart("payments", "Payments", _PAYMENT, _payments),
    CasePart("payment_events", "What happened to the money", ("at", "kind", "status", "by", "data"), _events),
    CasePart("refunds", "Refunds", _REFUND, _refunds),
    CasePart("ledger", "What the books say", ("number", "kind", "account", "debit", "credit", "at"), _ledger),
    CasePart("chargebacks", "What the customer's bank took back", _CHARGEBACK, _chargebacks),
)
