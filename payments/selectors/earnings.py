from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Model, Q, QuerySet, Sum

from fixmate.core.money import Money
from payments.enums import CHARGEBACK_OPEN, PAID, PAYOUT_ON_ITS_WAY, AccountKind, PayoutStatus, RefundStatus
from payments.models import Chargeback, LedgerAccount, LedgerEntry, Payment, Payout, Refund

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Balances:
    """What lies on the accounts of a technician now. `owed` is what he owes; below zero, what he is owed on top."""

    held: Money
    payable: Money
    in_payout: Money
    owed: Money

    @property
    def is_owed_something(self) -> bool:
        return bool(self.held.minor or self.payable.minor or self.in_payout.minor)


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a period brought a technician, and his balances now.

    `earned` are the stored shares of what was captured, `frozen` the part of them that a dispute or a chargeback holds
    back.
    """

    earned: Money
    platform_fees: Money
    jobs: int
    frozen: Money
    given_back: Money
    paid_out: Money
    balances: Balances


def balances_of_technician(technician_id: UUID) -> Balances:
    accounts = LedgerAccount.objects.filter(technician=technician_id, currency=settings.CURRENCY)
    minor = dict(accounts.values_list("kind", "balance_minor"))
    on_their_way = Payout.objects.filter(
        technician=technician_id, currency=settings.CURRENCY, status__in=PAYOUT_ON_ITS_WAY
    )
    return Balances(
        held=_money(-minor.get(AccountKind.TECHNICIAN_HELD, 0)),
        payable=_money(-minor.get(AccountKind.TECHNICIAN_PAYABLE, 0)),
        in_payout=_money(_total(on_their_way, "amount_minor")),
        owed=_money(minor.get(AccountKind.TECHNICIAN_RECEIVABLE, 0)),
    )


def earnings_of_technician(
    *, technician_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> Earnings:
    """Add up what happened from `since` on and before `until`, in the one currency set; cash jobs count as well."""
    his = {"technician_id": technician_id, "currency": settings.CURRENCY}
    captured = _within(Payment.objects.filter(status__in=PAID, **his), "captured_at", since, until)
    with_the_bank = Chargeback.objects.filter(status__in=CHARGEBACK_OPEN).values("payment")
    held = Q(payout_frozen_at__isnull=False) | Q(pk__in=with_the_bank)
    sums = captured.aggregate(
        earned=Sum("technician_earnings_minor", default=0),
        platform_fees=Sum("platform_fee_minor", default=0),
        jobs=Count("pk"),
        frozen=Sum("technician_earnings_minor", filter=held, default=0),
    )
    of_his = {f"payment__{name}": value for name, value in his.items()}
    refunds = _within(Refund.objects.filter(status=RefundStatus.DONE, **of_his), "closed_at", since, until)
    payouts = _within(Payout.objects.filter(status=PayoutStatus.PAID, **his), "closed_at", since, until)
    return Earnings(
        earned=_money(int(sums["earned"])),
        platform_fees=_money(int(sums["platform_fees"])),
        jobs=sums["jobs"],
        frozen=_money(int(sums["frozen"])),
        given_back=_money(_total(refunds, "technician_earnings_minor")),
        paid_out=_money(_total(payouts, "amount_minor")),
        balances=balances_of_technician(technician_id),
    )


def statement_entries(
    *, technician_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[LedgerEntry]:
    """Return what moved on the technician's accounts, in the order of the books."""
    entries = LedgerEntry.objects.filter(account__technician=technician_id, account__currency=settings.CURRENCY)
    entries = _within(entries, "transaction__at", since, until)
    return entries.select_related("account", "transaction", "transaction__payment").order_by("id")


def _within(rows: QuerySet[M], column: str, since: datetime | None, until: datetime | None) -> QuerySet[M]:
    if since:
        rows = rows.filter(**{f"{column}__gte": since})
    if until:
        rows = rows.filter(**{f"{column}__lt": until})
    return rows


def _total(rows: QuerySet[M], column: str) -> int:
    return int(rows.aggregate(total=Sum(column, default=0))["total"])


def _money(minor: int) -> Money:
    return Money(minor, settings.CURRENCY)
