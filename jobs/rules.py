"""Rules of a job that need no database: when it is dispatched, what calling it off costs, its start code."""

import hashlib
import hmac
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from accounts.models import User
from fixmate.core.money import share_minor
from jobs.enums import JobOption, JobStatus
from jobs.models import Job, JobPrice, QuoteRevision

START_CODE_DIGITS, QUOTE_CODE_DIGITS = 4, 6
_RULES = (
    "CANCELLATION_GRACE_S",
    "CANCELLATION_FEE_RATE",
    "NO_SHOW_WAIT_MINUTES",
    "MAX_REMATCHES",
    "START_CODE_REQUIRED",
    "START_MAX_DISTANCE_M",
    "START_MAX_POSITION_AGE_S",
    "DARK_CHECK_S",
    "DARK_AFTER_S",
    "DISPUTE_WINDOW_DAYS",
)


class Booking(NamedTuple):
    """A stretch of a technician's time that a job has, and where. The names are those of the job's columns."""

    pk: UUID
    latitude: float
    longitude: float
    booked_from: datetime
    booked_until: datetime
    started_at: datetime | None


def rules_now() -> dict[str, Any]:
    """Return the rules that a job ordered now is under, by the names of their settings."""
    return {name: _plain(getattr(settings, name)) for name in _RULES}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def dispatch_at(job: Job) -> datetime:
    """Return when matching may begin: at once, or the lead time before the visit."""
    if job.scheduled_for is None:
        return job.created_at
    return job.scheduled_for - timedelta(seconds=settings.DISPATCH_LEAD_S)


def booking_of(job: Job, at: datetime) -> tuple[datetime, datetime]:
    """Return the stretch a technician is booked for who takes the job at `at`."""
    start = max(job.scheduled_for, at) if job.scheduled_for else at
    return start, start + timedelta(minutes=job.duration_minutes)


def is_punctual(job: Job, at: datetime) -> bool | None:
    """Tell whether a visit that begins at `at` is in time: `PUNCTUAL_WITHIN_MINUTES` after its hour at the latest.

    None for one that was not booked ahead when its technician took it: nobody was promised an hour.
    """
    if job.booked_from is None or job.assigned_at is None or job.booked_from <= job.assigned_at:
        return None
    return at <= job.booked_from + timedelta(minutes=settings.PUNCTUAL_WITHIN_MINUTES)


def cancellation_fee_minor(job: Job, quoted: JobPrice, at: datetime) -> int:
    """Return what the customer owes for calling off at `at`: a share of the quote, once the grace period is over."""
    if job.status != JobStatus.ASSIGNED or job.assigned_at is None:
        return 0
    grace = timedelta(seconds=settings.CANCELLATION_GRACE_S)
    if at - job.assigned_at <= grace:
        return 0
    return late_fee_minor(quoted)


def late_fee_minor(quoted: JobPrice) -> int:
    """Return what calling off costs when nothing is free any more."""
    return share_minor(quoted.amount_minor, Decimal(settings.CANCELLATION_FEE_RATE))


def no_show_from(job: Job, waiting_from: datetime) -> datetime:
    """Return from when on a technician who waits since then has waited long enough. Before the hour is no waiting."""
    begins_at = max(waiting_from, job.booked_from) if job.booked_from else waiting_from
    return begins_at + timedelta(minutes=settings.NO_SHOW_WAIT_MINUTES)


def is_reminder_due(job: Job, at: datetime) -> bool:
    """Tell whether both are to be reminded of the visit at `at`.

    Whoever took the job within the reminder's lead has just heard of it, and a visit that should have begun is past
    reminding.
    """
    if job.status != JobStatus.ASSIGNED or job.scheduled_for is None or job.reminded_at is not None:
        return False
    if job.booked_from is None or job.assigned_at is None:
        return False
    remind_from = job.booked_from - timedelta(seconds=settings.VISIT_REMINDER_S)
    return job.assigned_at <= remind_from <= at < job.booked_from


def is_dark(job: Job, last_seen_at: datetime | None, at: datetime) -> bool:
    """Tell whether the visit is near or due while its technician was neither seen nor assigned lately."""
    if job.status != JobStatus.ASSIGNED or job.booked_from is None or job.assigned_at is None:
        return False
    heard_of_at = max(job.assigned_at, last_seen_at or job.assigned_at)
    is_near = job.booked_from <= at + timedelta(seconds=settings.DARK_CHECK_S)
    return is_near and heard_of_at <= at - timedelta(seconds=settings.DARK_AFTER_S)


def options_of(job: Job, customer: User) -> list[JobOption]:
    """Return what its customer can do about a job nobody was found for; one who may begin nothing can call it off."""
    if job.status != JobStatus.UNMATCHED:
        return []
    return list(JobOption) if customer.may_begin else [JobOption.CANCEL]


def start_code(job: Job) -> str:
    """Return the four digits the customer tells at the door: derived, so that no code is ever stored."""
    return _digits(f"start:{job.pk}:{job.start_code_serial}", START_CODE_DIGITS)


def is_start_code(job: Job, given: str) -> bool:
    return hmac.compare_digest(start_code(job).encode(), given.encode())


def quote_code(quote: QuoteRevision) -> str:
    """Return the six digits by which the customer approves this proposal at this amount, and no other."""
    return _digits(f"quote:{quote.pk}:{quote.amount_minor}:{quote.currency}", QUOTE_CODE_DIGITS)


def is_quote_code(quote: QuoteRevision, given: str) -> bool:
    return hmac.compare_digest(quote_code(quote).encode(), given.encode())


def _digits(message: str, count: int) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), message.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**count:0{count}d}"
