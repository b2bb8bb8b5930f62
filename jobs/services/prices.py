"""What a job costs, revision by revision, each with the lines that explain it and its split by a named rate."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from catalog.enums import TechnicianTier
from catalog.fees import FeeTerms
from catalog.selectors import fee_rate_for
from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, Invalid
from fixmate.core.money import Money, share_minor
from jobs.enums import CLOSED, JobStatus, PriceKind
from jobs.lines import Line, columns_of, lines_let_off, lines_of, total_minor
from jobs.models import Job, JobPrice, JobPriceLine
from jobs.selectors import job_get_locked, price_current, price_list


def price_add_quote(job: Job, *, lines: Sequence[Line], terms: FeeTerms, at: datetime) -> JobPrice:
    """Write revision 1: the split by a named rate, computed this once."""
    return _add(job, 1, PriceKind.QUOTE, lines, terms, at)


def price_add_revision(job: Job, *, kind: PriceKind, lines: Sequence[Line], at: datetime) -> JobPrice:
    """Write the next revision at the fee rate that holds. The job is locked, so the number is free."""
    current = price_current(job.pk)
    return _add(job, current.revision + 1, kind, lines, current.terms, at)


def price_follow_technician(job: Job, *, tier: str, at: datetime) -> None:
    """Have the split follow who has the job now; with STANDARD, also nobody. What the customer pays never changes.

    A revision is written where the terms differ from those that hold. The job is locked, and the work not begun.
    """
    prices = list(price_list(job.pk))
    terms = _terms_for(job, prices[0], tier)
    if terms != prices[-1].terms:
        _add(job, prices[-1].revision + 1, PriceKind.SPLIT, lines_of(prices[-1].lines.all()), terms, at)


@transaction.atomic
def price_let_off(*, job_id: UUID, paid: Money) -> JobPrice:
    """Have an ended job cost no more than was paid of its price, at the fee rate that holds.

    :raises IllegalTransition: if the job has not ended
    :raises Invalid: unless something was paid, and less than the price
    """
    job = job_get_locked(job_id)
    if job.status not in CLOSED:
        raise IllegalTransition(state=job.status, action="let_off")
    owed = price_current(job.pk)
    if paid.currency != owed.currency or not 0 < paid.minor < owed.amount_minor:
        raise Invalid(paid=[f"The job costs {owed.amount}."])
    kind = PriceKind.FINAL if job.status == JobStatus.COMPLETED else PriceKind(owed.kind)
    return price_add_revision(job, kind=kind, lines=lines_let_off(lines_of(owed.lines.all()), paid), at=clock.now())


def _terms_for(job: Job, quoted: JobPrice, tier: str) -> FeeTerms:
    """Return at which rate a technician of the tier does the job: this is the one place where tiers come in.

    It is the rate of revision 1, by which the offer said what the job pays; or that of his tier, if that leaves him
    more. The schedule is read as it was when the job was ordered: what was announced since touches nothing agreed.
    """
    if tier == TechnicianTier.STANDARD:
        return quoted.terms
    own = fee_rate_for(service=job.service, at=quoted.created_at, tier=tier)
    return own if own.rate < quoted.fee_rate else quoted.terms


def _add(job: Job, revision: int, kind: PriceKind, lines: Sequence[Line], terms: FeeTerms, at: datetime) -> JobPrice:
    amount_minor = total_minor(lines)
    fee_minor = share_minor(amount_minor, Decimal(terms.rate))
    price = JobPrice.objects.create(
        job=job,
        revision=revision,
        kind=kind,
        amount_minor=amount_minor,
        currency=lines[0].amount.currency,
        fee_rate=terms.rate,
        fee_source=terms.name,
        platform_fee_minor=fee_minor,
        technician_earnings_minor=amount_minor - fee_minor,
        created_at=at,
    )
    JobPriceLine.objects.bulk_create(JobPriceLine(price=price, **columns) for columns in columns_of(lines))
    return price
