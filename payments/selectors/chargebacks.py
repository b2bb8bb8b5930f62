"""Chargebacks, and what the books have to say of them."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from payments.enums import CHARGEBACK_OPEN, CHARGEBACK_TAKEN, AccountKind, ChargebackStatus
from payments.models import Chargeback, Hold, LedgerAccount, Payment


def chargeback_list() -> QuerySet[Chargeback]:
    """Return every chargeback, for staff."""
    return Chargeback.objects.select_related("payment")


def chargeback_get(chargeback_id: UUID) -> Chargeback:
    return chargeback_list().get(pk=chargeback_id)


def chargeback_of_ref_locked(*, provider: str, ref: str) -> Chargeback | None:
    """Return the chargeback with its row locked. Lock its payment first."""
    return Chargeback.objects.select_for_update().filter(provider=provider, ref=ref).first()


def chargeback_list_to_look_at(*, unseen_since: datetime, limit: int) -> list[Chargeback]:
    """Return what is open and was not looked at after then, the longest ago first."""
    unseen = Chargeback.objects.filter(closed_at__isnull=True, looked_at__lte=unseen_since)
    return list(unseen.order_by("looked_at", "id")[:limit])


def hold_charged_back(*, provider: str, ref: str) -> Hold | None:
    """Return the hold the provider knows by this id, or None if it is none of ours."""
    return Hold.objects.filter(payment__provider=provider, ref=ref).exclude(ref="").first()


def charged_back_by_hold(payment_id: UUID) -> dict[UUID, int]:
    """Return what of each hold the customer's bank has, for now or for good."""
    taken = Chargeback.objects.filter(payment=payment_id, status__in=CHARGEBACK_TAKEN)
    sums = taken.order_by().values_list("hold").annotate(total=Sum("amount_minor"))
    return {hold_id: int(total) for hold_id, total in sums}


def has_open_chargeback() -> Exists:
    """Return the condition that a bank may yet keep something of the payment."""
    return Exists(Chargeback.objects.filter(payment=OuterRef("pk"), status__in=CHARGEBACK_OPEN))


def evidence_due_at(job_id: UUID) -> datetime | None:
    """Return until when evidence on a chargeback of the job's is wanted first, or None where none is."""
    wanted = Chargeback.objects.filter(payment__job=job_id, status=ChargebackStatus.NEEDS_RESPONSE)
    due = wanted.filter(evidence_due_at__isnull=False).order_by("evidence_due_at")
    return due.values_list("evidence_due_at", flat=True).first()


# What has to hold


def chargebacks_counted_wrongly() -> QuerySet[Payment]:
    """Return the payments whose count of what their customers' banks have is not that of their chargebacks."""
    taken = Chargeback.objects.filter(payment=OuterRef("pk"), status__in=CHARGEBACK_TAKEN)
    sums = taken.order_by().values("payment").annotate(total=Sum("amount_minor")).values("total")
    payments = Payment.objects.annotate(counted=Coalesce(Subquery(sums, output_field=IntegerField()), 0))
    return payments.exclude(charged_back_minor=F("counted"))


def chargeback_faults() -> Iterator[str]:
    """Yield the accounts of chargebacks that are not what is open, or not what was lost and charged for."""
    taken = _sums(Chargeback.objects.filter(status__in=CHARGEBACK_OPEN), "amount_minor")
    lost = _sums(Chargeback.objects.filter(status=ChargebackStatus.LOST), "amount_minor")
    fees = _sums(Chargeback.objects.all(), "fee_minor")
    losses = {currency: lost.get(currency, 0) + fees.get(currency, 0) for currency in {*lost, *fees}}
    yield from _differences(AccountKind.CHARGEBACKS, taken)
    yield from _differences(AccountKind.CHARGEBACK_LOSSES, losses)


def _sums(rows: QuerySet[Chargeback], column: str) -> dict[str, int]:
    totals = rows.order_by().values_list("payment__currency").annotate(total=Sum(column))
    return {currency: int(total) for currency, total in totals}


def _differences(kind: AccountKind, expected: dict[str, int]) -> Iterator[str]:
    balances = {row.currency: row.balance_minor for row in LedgerAccount.objects.filter(kind=kind)}
    for currency in sorted({*expected, *balances}):
        if balances.get(currency, 0) != expected.get(currency, 0):
            yield f"{kind} {currency} says {balances.get(currency, 0)}, chargebacks {expected.get(currency, 0)}"
