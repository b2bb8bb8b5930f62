from datetime import datetime
from decimal import Decimal

from fixmate.core.money import share_minor
from jobs.enums import PriceKind
from jobs.models import Job, JobPrice
from jobs.selectors import price_current, price_quoted


def price_add_quote(
    job: Job, *, amount_minor: int, currency: str, rate: Decimal, source: str, at: datetime
) -> JobPrice:
    """Write revision 1: the split by a named rate, computed this once."""
    return _add(job, 1, PriceKind.QUOTE, amount_minor, currency, rate, source, at)


def price_add_revision(job: Job, *, kind: PriceKind, amount_minor: int, at: datetime) -> JobPrice:
    """Write the next revision at the fee rate of revision 1. The job is locked, so the number is free."""
    quoted = price_quoted(job.pk)
    number = price_current(job.pk).revision + 1
    return _add(job, number, kind, amount_minor, quoted.currency, quoted.fee_rate, quoted.fee_source, at)


def _add(
    job: Job,
    revision: int,
    kind: PriceKind,
    amount_minor: int,
    currency: str,
    rate: Decimal,
    source: str,
    at: datetime,
) -> JobPrice:
    fee_minor = share_minor(amount_minor, rate)
    return JobPrice.objects.create(
        job=job,
        revision=revision,
        kind=kind,
        amount_minor=amount_minor,
        currency=currency,
        fee_rate=rate,
        fee_source=source,
        platform_fee_minor=fee_minor,
        technician_earnings_minor=amount_minor - fee_minor,
        created_at=at,
    )
