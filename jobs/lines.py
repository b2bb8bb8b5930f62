"""The lines that explain an amount, as values: worked out once, stored, and read ever after."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from catalog.enums import PricingUnit
from catalog.models import Service
from fixmate.core.money import Money, share_minor
from jobs.enums import LineKind
from jobs.models import JobPrice, PriceLine

_ONE, _MINUTES, _PLACES = Decimal(1), Decimal(60), Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Line:
    """What it is for, how much of it, what one of it costs, and what that comes to."""

    kind: LineKind
    description: str
    quantity: Decimal
    unit_amount: Money
    amount: Money


def line_of(kind: LineKind, description: str, quantity: Decimal, unit_amount: Money) -> Line:
    """Return the line with its amount: quantity times unit, rounded half up to minor units."""
    amount = Money(share_minor(unit_amount.minor, quantity), unit_amount.currency)
    return Line(kind, description, quantity, unit_amount, amount)


def lines_of(rows: Iterable[PriceLine]) -> list[Line]:
    """Return stored lines as values, as they were worked out."""
    in_order = sorted(rows, key=lambda row: row.position)
    return [Line(LineKind(row.kind), row.description, row.quantity, row.unit_amount, row.amount) for row in in_order]


def columns_of(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """Yield what a row of each line holds, numbered from 1 on."""
    for position, line in enumerate(lines, start=1):
        yield {
            "position": position,
            "kind": line.kind,
            "description": line.description,
            "quantity": line.quantity,
            "unit_minor": line.unit_amount.minor,
            "amount_minor": line.amount.minor,
        }


def total_minor(lines: Iterable[Line]) -> int:
    return sum(line.amount.minor for line in lines)


def quoted_line(service: Service) -> Line:
    """Return what the service is ordered at. Hours are billed to the minute; their number is rounded."""
    if service.pricing_unit == PricingUnit.HOURLY:
        hours = (service.duration_minutes / _MINUTES).quantize(_PLACES)
        return Line(LineKind.HOURS, service.name, hours, service.price, service.quoted)
    return line_of(LineKind.LABOUR, service.name, _ONE, service.price)


def cancellation_line(quoted: JobPrice, fee_minor: int) -> Line:
    """Return the fee for calling off as the share of the quote that it is."""
    return _fee_line("Called off after the grace period: this share of the price", quoted, fee_minor)


def no_show_line(quoted: JobPrice, fee_minor: int) -> Line:
    """Return the same fee, where the customer was not there."""
    return _fee_line("Nobody was there for the visit: this share of the price", quoted, fee_minor)


def _fee_line(description: str, quoted: JobPrice, fee_minor: int) -> Line:
    return Line(
        LineKind.CANCELLATION_FEE,
        description,
        Decimal(settings.CANCELLATION_FEE_RATE),
        quoted.amount,
        Money(fee_minor, quoted.currency),
    )


def lines_billed(agreed: Sequence[Line], final: Money) -> list[Line]:
    """Return what was agreed, and what was left off so that it comes to the final amount."""
    return _lowered(agreed, final, "Less than agreed")


def lines_let_off(owed: Sequence[Line], paid: Money) -> list[Line]:
    """Return what was owed, and what staff let the customer off so that it comes to what he paid."""
    return _lowered(owed, paid, "Let off: not paid")


def _lowered(lines: Sequence[Line], to: Money, description: str) -> list[Line]:
    off = Money(to.minor - total_minor(lines), to.currency)
    return [*lines, line_of(LineKind.ADJUSTMENT, description, _ONE, off)] if off.minor else list(lines)
