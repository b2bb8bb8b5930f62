"""What the books say, as tests read it."""

from payments.enums import AccountKind
from payments.models import LedgerAccount, LedgerTransaction


def balances(**filters):
    """Return what lies on each kind of account that has anything; a credit is negative."""
    found = {}
    for account in LedgerAccount.objects.filter(**filters).exclude(balance_minor=0):
        kind = AccountKind(account.kind).name
        found[kind] = found.get(kind, 0) + account.balance_minor
    return found


def lines_of(key):
    """Return the kinds and amounts of a transaction's lines, in order."""
    entries = LedgerTransaction.objects.get(key=key).entries.order_by("id")
    return [(entry.account.kind, entry.amount_minor) for entry in entries]
