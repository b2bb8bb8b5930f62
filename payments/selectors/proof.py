"""What has to hold of the books: searches that yield what does not, the first first. They change nothing.

The walk goes by pages: the books have no end. What is asked of payments, refunds and payouts ties the books to them.
"""

from collections.abc import Iterator
from itertools import groupby

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from payments.enums import (
    CHARGEBACK_OPEN,
    HOLD_OPEN,
    OPEN,
    PAID,
    PAYOUT_ON_ITS_WAY,
    REFUND_ON_ITS_WAY,
    REFUND_OPEN,
    AccountKind,
    CallKind,
    CallStatus,
    MovementKind,
    PayoutStatus,
    Provider,
    RefundStatus,
)
from payments.models import (
    Chargeback,
    Hold,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Payout,
    PayoutItem,
    ProviderCall,
    Refund,
)
from payments.selectors.chargebacks import chargeback_faults, chargebacks_counted_wrongly
from payments.selectors.ledger import head_now

PAGE = 500
Balances = dict[int, int]
_FEES = (AccountKind.PLATFORM_FEE, AccountKind.TAX)


def ledger_faults() -> Iterator[str]:
    """Walk the books from the first transaction; yield each that does not hold, with the entry at fault."""
    balances: Balances = {}
    last = 0
    for moved, entries in _transactions():
        if moved.number != last + 1:
            yield f"#{last + 1} is missing"
        yield from (f"{moved}: {fault}" for fault in _transaction_faults(moved, entries, balances))
        last = moved.number
    if head_now() != last:
        yield f"the books end at #{last}, their head says #{head_now()}"
    for account in LedgerAccount.objects.order_by("pk"):
        total = balances.get(account.pk, 0)
        if account.balance_minor != total:
            yield f"account {account.pk} ({account}) says {account.balance_minor}, its entries {total}"


def _transactions() -> Iterator[tuple[LedgerTransaction, list[LedgerEntry]]]:
    last = -(2**62)
    while page := list(LedgerTransaction.objects.filter(number__gt=last).order_by("number")[:PAGE]):
        entries = LedgerEntry.objects.filter(transaction__in=page).select_related("account")
        by_transaction = {
            key: list(rows) for key, rows in groupby(entries.order_by("transaction_id", "id"), _transaction_id)
        }
        for moved in page:
            yield moved, by_transaction.get(moved.pk, [])
        last = page[-1].number


def _transaction_id(entry: LedgerEntry) -> int:
    return entry.transaction_id


def _transaction_faults(moved: LedgerTransaction, entries: list[LedgerEntry], balances: Balances) -> Iterator[str]:
    for entry in entries:
        before = balances.get(entry.account_id, 0)
        if entry.balance_after_minor != before + entry.amount_minor:
            yield f"entry {entry.pk} moves {before} by {entry.amount_minor} and says {entry.balance_after_minor}"
        if entry.account.currency != moved.currency:
            yield f"entry {entry.pk} is in {entry.account.currency}, not {moved.currency}"
        balances[entry.account_id] = before + entry.amount_minor
    total = sum(entry.amount_minor for entry in entries)
    if total or not entries:
        first = f"entry {entries[0].pk} and those after it come" if entries else "no entries: they come"
        yield f"{first} to {total}"


# What the books say of payments, refunds and payouts


def payments_posted_wrongly() -> QuerySet[Payment]:
    """Return the payments whose stored split is not what their capture posted, once."""
    fee, earned = F("platform_fee_minor"), F("technician_earnings_minor")
    posted = Payment.objects.annotate(
        clearing=_captured(AccountKind.PROVIDER_CLEARING),
        receivable=_captured(AccountKind.TECHNICIAN_RECEIVABLE),
        held=_captured(AccountKind.TECHNICIAN_HELD),
        funds=_captured(AccountKind.CUSTOMER_FUNDS),
        fees=_captured(*_FEES),
    )
    offline = Q(provider=Provider.OFFLINE, clearing=0, funds=0, held=0, receivable=fee, fees=-fee)
    through = ~Q(provider=Provider.OFFLINE) & Q(funds=0, receivable=0)
    through &= Q(clearing=F("amount_minor"), held=-earned, fees=-fee)
    taken = posted.filter(status__in=PAID).exclude(offline | through)
    untaken = Payment.objects.exclude(status__in=PAID).filter(movements__isnull=False)
    return Payment.objects.filter(Q(pk__in=taken.values("pk")) | Q(pk__in=untaken.values("pk")))


def _captured(*kinds: AccountKind) -> Coalesce:
    entries = LedgerEntry.objects.filter(
        account__kind__in=kinds, transaction__payment=OuterRef("pk"), transaction__kind=MovementKind.CAPTURE
    )
    sums = entries.order_by().values("transaction__payment").annotate(total=Sum("amount_minor")).values("total")
    return Coalesce(Subquery(sums, output_field=IntegerField()), 0)


def payments_taken_wrongly() -> QuerySet[Payment]:
    """Return the captured payments, of those that providers ever held something of, that took more or less than is due.

    A refund counts what its provider was asked for, so that no more of a hold is given back than it took.
    """
    holds = Hold.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    taken = holds.annotate(total=Sum("captured_minor")).values("total")
    payments = Payment.objects.filter(status__in=PAID).annotate(taken=Subquery(taken, output_field=IntegerField()))
    given = ProviderCall.objects.filter(hold=OuterRef("pk"), kind=CallKind.REFUND).exclude(status=CallStatus.REFUSED)
    sums = given.order_by().values("hold").annotate(total=Sum("amount_minor")).values("total")
    back = Coalesce(Subquery(sums, output_field=IntegerField()), 0)
    overdrawn = Hold.objects.annotate(back=back).filter(back__gt=F("captured_minor"))
    wrong = Q(taken__isnull=False) & ~Q(taken=F("amount_minor"))
    return payments.filter(wrong | Q(pk__in=overdrawn.values("payment")))


def holds_forgotten() -> QuerySet[Hold]:
    """Return the open holds of payments that are over, of which the provider is asked nothing."""
    asked = ProviderCall.objects.filter(hold=OuterRef("pk"), status=CallStatus.WAITING)
    return Hold.objects.filter(~Exists(asked), status__in=HOLD_OPEN).exclude(payment__status__in=OPEN)


def payments_held_wrongly() -> QuerySet[Payment]:
    """Return the payments of which more is held than was earned, or anything after the hold was over."""
    held = LedgerEntry.objects.filter(account__kind=AccountKind.TECHNICIAN_HELD, transaction__payment=OuterRef("pk"))
    sums = held.order_by().values("transaction__payment").annotate(total=-Sum("amount_minor")).values("total")
    payments = Payment.objects.annotate(held=Coalesce(Subquery(sums, output_field=IntegerField()), 0))
    after = Q(released_at__isnull=False) & ~Q(held=0)
    return payments.filter(after | Q(held__lt=0) | Q(held__gt=F("technician_earnings_minor")))


def refunds_counted_wrongly() -> QuerySet[Payment]:
    """Return the payments whose count of what goes back is not that of their refunds."""
    counting = Refund.objects.filter(payment=OuterRef("pk"), status__in=[*REFUND_OPEN, RefundStatus.DONE])
    sums = counting.order_by().values("payment").annotate(total=Sum("amount_minor")).values("total")
    payments = Payment.objects.annotate(counted=Coalesce(Subquery(sums, output_field=IntegerField()), 0))
    return payments.exclude(refunded_minor=F("counted"))


def payouts_counted_wrongly() -> QuerySet[Payout]:
    """Return the payouts whose amount is not that of what is in them."""
    inside = PayoutItem.objects.filter(payout=OuterRef("pk"), returned_at__isnull=True)
    sums = inside.order_by().values("payout").annotate(total=Sum("amount_minor")).values("total")
    payouts = Payout.objects.annotate(counted=Coalesce(Subquery(sums, output_field=IntegerField()), 0))
    is_back = Q(status=PayoutStatus.FAILED)
    return payouts.exclude(is_back & Q(counted=0)).exclude(~is_back & Q(amount_minor=F("counted")))


def paid_out_held_back() -> QuerySet[Payout]:
    """Return the payouts not sent yet with something in them that a dispute, a refund or a chargeback holds back."""
    frozen = Payment.objects.filter(payout_frozen_at__isnull=False)
    refunds = Refund.objects.filter(status__in=REFUND_OPEN)
    inside = PayoutItem.objects.filter(payout=OuterRef("pk"), returned_at__isnull=True)
    banks = Chargeback.objects.filter(status__in=CHARGEBACK_OPEN)
    kept = inside.filter(
        Q(payment__in=frozen) | Q(payment__in=refunds.values("payment")) | Q(payment__in=banks.values("payment"))
    )
    return Payout.objects.filter(Exists(kept), status=PayoutStatus.ORDERED)


def payouts_sent_wrongly() -> QuerySet[Payout]:
    """Return the payouts that stand otherwise than the provider answered, or are paid before it has."""
    asked = ProviderCall.objects.filter(kind=CallKind.TRANSFER, payout=OuterRef("pk"))
    paid, failed = Q(status=PayoutStatus.PAID), Q(status=PayoutStatus.FAILED)
    unanswered = Exists(asked.filter(status=CallStatus.WAITING)) & paid
    done = Exists(asked.filter(status=CallStatus.DONE)) & ~paid
    refused = Exists(asked.filter(status=CallStatus.REFUSED)) & ~failed
    return Payout.objects.filter(unanswered | done | refused)


def under_way_faults() -> Iterator[str]:
    """Yield the accounts of money under way, and of free money, that are not what is under way, or free."""
    payouts = _sums(Payout.objects.filter(status__in=PAYOUT_ON_ITS_WAY), "currency")
    yield from _differences(AccountKind.PAYOUTS_IN_TRANSIT, payouts)
    refunds = Refund.objects.filter(status__in=REFUND_ON_ITS_WAY).exclude(payment__provider=Provider.OFFLINE)
    yield from _differences(AccountKind.REFUNDS_IN_TRANSIT, _sums(refunds, "payment__currency"))
    yield from _differences(AccountKind.CUSTOMER_FUNDS, {})
    taken = LedgerEntry.objects.filter(account__kind=AccountKind.TECHNICIAN_PAYABLE, transaction__payout__isnull=False)
    items = _sums(PayoutItem.objects.filter(returned_at__isnull=True), "payout__technician")
    by_technician = _sums(taken, "account__technician")
    for technician_id in sorted({*items, *by_technician}, key=str):
        posted, inside = by_technician.get(technician_id, 0), items.get(technician_id, 0)
        if posted != inside:
            yield f"of the free money of {technician_id} {posted} went into payouts, which hold {inside}"


def _differences(kind: AccountKind, owed: dict[object, int]) -> Iterator[str]:
    balances = {row.currency: -row.balance_minor for row in LedgerAccount.objects.filter(kind=kind)}
    for currency in sorted({*map(str, owed), *balances}):
        if balances.get(currency, 0) != owed.get(currency, 0):
            yield f"{kind} {currency} says {balances.get(currency, 0)}, under way are {owed.get(currency, 0)}"


def _sums(rows: QuerySet, by: str) -> dict[object, int]:
    totals = rows.order_by().values_list(by).annotate(total=Sum("amount_minor"))
    return {key: int(total) for key, total in totals}


def first_fault() -> str | None:
    """Return the first thing that does not hold, of the books and then of what they are about."""
    return next(_faults(), None)


def _faults() -> Iterator[str]:
    yield from ledger_faults()
    yield from (f"payment {row.pk} is not posted as it was split" for row in payments_posted_wrongly())
    yield from (f"payment {row.pk} took from its holds another amount" for row in payments_taken_wrongly())
    yield from (f"hold {row.pk} is for a payment that is over" for row in holds_forgotten())
    yield from (f"payment {row.pk} is held otherwise than it was earned" for row in payments_held_wrongly())
    yield from (f"payment {row.pk} counts other refunds than it has" for row in refunds_counted_wrongly())
    yield from (f"payout {row.pk} is of another amount than is in it" for row in payouts_counted_wrongly())
    yield from (f"payout {row.pk} has something in it that is held back" for row in paid_out_held_back())
    yield from (f"payout {row.pk} stands otherwise than the provider answered" for row in payouts_sent_wrongly())
    yield from under_way_faults()
    yield from (f"payment {row.pk} counts other chargebacks than it has" for row in chargebacks_counted_wrongly())
    yield from chargeback_faults()


def balance_totals() -> dict[tuple[str, str], int]:
    """Return what lies on all accounts of a kind together, by currency and kind; a credit is negative."""
    totals = LedgerAccount.objects.order_by("currency", "kind").values_list("currency", "kind")
    return {(currency, kind): int(total) for currency, kind, total in totals.annotate(total=Sum("balance_minor"))}
