"""Lines of the books, as movements write them down before anything is posted."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from payments.enums import AccountKind


@dataclass(frozen=True, slots=True)
class Account:
    """Which account, whether there is a row for it yet or not."""

    kind: AccountKind
    currency: str
    technician_id: UUID | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A debit is positive, a credit negative."""

    account: Account
    amount_minor: int


def debit(account: Account, minor: int) -> Line:
    return Line(account, minor)


def credit(account: Account, minor: int) -> Line:
    return Line(account, -minor)


def written(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that move something: entries are never zero."""
    return [line for line in lines if line.amount_minor]
