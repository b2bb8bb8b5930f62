"""A technician's statement as a file: what moved on his accounts, from his side. What he is owed is positive."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF

from fixmate.core.money import Money
from payments.enums import AccountKind, MovementKind
from payments.models import LedgerEntry
from payments.selectors import balances_of_technician, statement_entries
from technicians.models import Technician

_HEAD = ("number", "at", "movement", "account", "amount", "balance", "currency", "job", "payout")
_PDF_HEAD = ("No.", "When (UTC)", "What", "Account", "Amount", "Balance")
_PDF_WIDTHS = (14, 32, 46, 46, 26, 26)
_ACTS_IN_SHEETS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_FONT = "Helvetica"


@dataclass(frozen=True, slots=True)
class Statement:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, from the technician's side."""

    number: int
    at: str
    movement: str
    account: str
    amount: Money
    balance: Money
    job: str
    payout: str


def statement_of(
    technician: Technician, *, kind: str, since: datetime | None = None, until: datetime | None = None
) -> Statement:
    rows = [_row(entry) for entry in statement_entries(technician_id=technician.pk, since=since, until=until)]
    if kind == "pdf":
        return Statement("statement.pdf", "application/pdf", _as_pdf(technician, rows, since, until))
    return Statement("statement.csv", "text/csv; charset=utf-8", _as_csv(rows))


def _row(entry: LedgerEntry) -> Row:
    moved, currency = entry.transaction, entry.transaction.currency
    return Row(
        number=moved.number,
        at=f"{moved.at:%Y-%m-%d %H:%M}",
        movement=MovementKind(moved.kind).label,
        account=AccountKind(entry.account.kind).label,
        amount=Money(-entry.amount_minor, currency),
        balance=Money(-entry.balance_after_minor, currency),
        job=str(moved.payment.job_id) if moved.payment else "",
        payout=str(moved.payout_id or ""),
    )


# CSV


def _as_csv(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    for row in rows:
        texts = (str(row.number), row.at, row.movement, row.account)
        sums = (row.amount.amount, row.balance.amount)
        ends = (row.amount.currency, row.job, row.payout)
        writer.writerow([*map(harmless, texts), *sums, *map(harmless, ends)])
    return text.getvalue().encode("utf-8-sig")  # the mark tells sheets which encoding it is


def harmless(text: str) -> str:
    """Return the text so that no sheet takes it for a formula: texts of ours may not begin like one."""
    return f"'{text}" if text.startswith(_ACTS_IN_SHEETS) else text


# PDF


def _as_pdf(technician: Technician, rows: list[Row], since: datetime | None, until: datetime | None) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_title("Statement")
    pdf.add_page()
    pdf.set_font(_PLAIN_FONT, size=16)
    pdf.cell(text="FixMate: statement", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(_PLAIN_FONT, size=9)
    for line in _summary(technician, since, until):
        pdf.cell(text=_shown(line), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    with pdf.table(col_widths=_PDF_WIDTHS, text_align=("RIGHT", "LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT")) as table:
        table.row(_PDF_HEAD)
        for row in rows:
            table.row(tuple(map(_shown, _cells(row))))
    return bytes(pdf.output())


def _summary(technician: Technician, since: datetime | None, until: datetime | None) -> Iterator[str]:
    balances = balances_of_technician(technician.pk)
    yield f"Technician {technician.pk}, {technician.user.full_name}"
    yield f"From {_moment(since, 'the beginning')} until {_moment(until, 'now')}"
    yield f"Now in hold {balances.held}, free {balances.payable}, in payouts {balances.in_payout}, owed {balances.owed}"


def _moment(at: datetime | None, otherwise: str) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else otherwise


def _cells(row: Row) -> tuple[str, ...]:
    return str(row.number), row.at, row.movement, row.account, row.amount.amount, row.balance.amount


def _shown(text: str) -> str:
    """Return the text in the letters that the fonts every reader has can show."""
    return text.encode("latin-1", "replace").decode("latin-1")
