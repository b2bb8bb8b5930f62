from collections.abc import Iterable
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from payments.books import Account, Line
from payments.enums import AccountKind, MovementKind
from payments.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerTransaction


def head_now() -> int:
    """Return the number of the last transaction."""
    return LedgerHead.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def transaction_get_by_key(key: str) -> LedgerTransaction | None:
    return LedgerTransaction.objects.filter(key=key).first()


def transactions_under(prefix: str) -> int:
    """Return how many movements have keys that begin so."""
    return LedgerTransaction.objects.filter(key__startswith=prefix).count()


def transaction_lines(transaction: LedgerTransaction) -> list[Line]:
    """Return the lines as they were posted, in order."""
    entries = LedgerEntry.objects.filter(transaction=transaction).select_related("account").order_by("id")
    return [Line(account_of(entry.account), entry.amount_minor) for entry in entries]


def account_of(row: LedgerAccount) -> Account:
    return Account(AccountKind(row.kind), row.currency, row.technician_id, row.provider)


def account_rows(accounts: Iterable[Account]) -> QuerySet[LedgerAccount]:
    """Return the rows of those accounts that have one."""
    return LedgerAccount.objects.filter(reduce(or_, (_is(account) for account in accounts)))


def _is(account: Account) -> Q:
    facts = Q(kind=account.kind, currency=account.currency, provider=account.provider)
    if account.technician_id is None:
        return facts & Q(technician__isnull=True)
    return facts & Q(technician=account.technician_id)


def balance_minor(account: Account) -> int:
    """Return what the account has come to; a credit is negative."""
    return account_rows([account]).values_list("balance_minor", flat=True).first() or 0


def moved_by_payments(kind: AccountKind, payment_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return what lies on accounts of the kind for each payment; a credit is negative."""
    entries = LedgerEntry.objects.filter(account__kind=kind, transaction__payment__in=list(payment_ids))
    sums = entries.values_list("transaction__payment").annotate(total=Sum("amount_minor"))
    return {payment_id: int(total) for payment_id, total in sums.order_by()}


def captured_minor(kind: AccountKind, payment_id: UUID) -> int:
    """Return what the capture of the payment brought to accounts of the kind; a credit is negative."""
    entries = LedgerEntry.objects.filter(
        account__kind=kind, transaction__payment=payment_id, transaction__kind=MovementKind.CAPTURE
    )
    return int(entries.aggregate(total=Sum("amount_minor", default=0))["total"])
