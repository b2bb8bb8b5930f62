"""The one place that writes the books."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from payments.books import Account, Line, written
from payments.enums import MovementKind
from payments.errors import KeyReused, Unbalanced
from payments.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerTransaction
from payments.selectors.ledger import account_of, account_rows, transaction_get_by_key, transaction_lines


@transaction.atomic
def ledger_post(
    *,
    key: str,
    kind: MovementKind,
    lines: Sequence[Line],
    at: datetime,
    payment_id: UUID | None = None,
    refund_id: UUID | None = None,
    payout_id: UUID | None = None,
    note: str = "",
) -> LedgerTransaction | None:
    """Post a movement as the next transaction, and bring the balances of its accounts up to it. Idempotent by key.

    Locks the head and then the accounts in the order of their rows: lock jobs, payments and payouts before. Returns
    None where nothing moves.

    :raises Unbalanced: unless the lines are of one currency and add up to nothing
    :raises KeyReused: if the key stands for other lines
    """
    lines = written(lines)
    if not lines:
        return None
    currency = _check_balanced(lines)
    head = ledger_lock()
    posted = transaction_get_by_key(key)
    if posted:
        return _check_same(posted, lines)
    head.number += 1
    head.save(update_fields=["number"])
    subjects = {"payment_id": payment_id, "refund_id": refund_id, "payout_id": payout_id}
    moved = LedgerTransaction(number=head.number, kind=kind, key=key, currency=currency, at=at, note=note, **subjects)
    moved.save(force_insert=True)
    _write(moved, lines)
    return moved


def _check_balanced(lines: Sequence[Line]) -> str:
    currencies = {line.account.currency for line in lines}
    if len(currencies) != 1 or sum(line.amount_minor for line in lines) != 0:
        raise Unbalanced(lines)
    return currencies.pop()


def _check_same(posted: LedgerTransaction, lines: Sequence[Line]) -> LedgerTransaction:
    if transaction_lines(posted) != lines:
        raise KeyReused(posted.key)
    return posted


def ledger_lock() -> LedgerHead:
    """Lock the head: from now until the transaction ends, balances that are read stay as they are."""
    LedgerHead.objects.get_or_create(pk=1)
    return LedgerHead.objects.select_for_update().get(pk=1)


def _write(moved: LedgerTransaction, lines: Sequence[Line]) -> None:
    accounts = _accounts_locked({line.account for line in lines})
    entries = []
    for line in lines:
        row = accounts[line.account]
        row.balance_minor += line.amount_minor
        entries.append(
            LedgerEntry(
                transaction=moved, account=row, amount_minor=line.amount_minor, balance_after_minor=row.balance_minor
            )
        )
    for row in accounts.values():
        row.save(update_fields=["balance_minor"])
    LedgerEntry.objects.bulk_create(entries)  # with one statement: only together do they balance


def _accounts_locked(accounts: set[Account]) -> dict[Account, LedgerAccount]:
    """Return the rows locked, made now where there were none: under the head's lock nobody else makes one."""
    there = {account_of(row) for row in account_rows(accounts)}
    for account in sorted(accounts - there, key=str):
        LedgerAccount.objects.create(
            kind=account.kind,
            currency=account.currency,
            technician_id=account.technician_id,
            provider=account.provider,
        )
    rows = account_rows(accounts).select_for_update().order_by("pk")
    return {account_of(row): row for row in rows}
