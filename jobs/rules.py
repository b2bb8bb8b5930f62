"""Rules of a job that need no database: when it is dispatched, what calling it off costs, its start code."""

import hashlib
import hmac
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from fixmate.core.money import share_minor
from jobs.enums import JobOption, JobStatus
from jobs.models import Job, JobPrice

CODE_SPACE = 10_000


class Booking(NamedTuple):
    """A stretch of a technician's time that a job has, and where. The names are those of the job's columns."""

    pk: UUID
    latitude: float
    longitude: float
    booked_from: datetime
    booked_until: datetime
    started_at: datetime | None


def dispatch_at(job: Job) -> datetime:
    """Return when matching may begin: at once, or the lead time before the visit."""
    if job.scheduled_for is None:
        return job.created_at
    return job.scheduled_for - timedelta(seconds=settings.DISPATCH_LEAD_S)


def booking_of(job: Job, at: datetime) -> tuple[datetime, datetime]:
    """Return the stretch a technician is booked for who takes the job at `at`."""
    start = max(job.scheduled_for, at) if job.scheduled_for else at
    return start, start + timedelta(minutes=job.duration_minutes)


def cancellation_fee_minor(job: Job, quoted: JobPrice, at: datetime) -> int:
    """Return what the customer owes for calling off at `at`: a share of the quote, once the grace period is over."""
    if job.status != JobStatus.ASSIGNED or job.assigned_at is None:
        return 0
    grace = timedelta(seconds=settings.CANCELLATION_GRACE_S)
    if at - job.assigned_at <= grace:
        return 0
    return share_minor(quoted.amount_minor, Decimal(settings.CANCELLATION_FEE_RATE))


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


def options_of(job: Job) -> list[JobOption]:
    """Return what the customer can do about a job nobody was found for."""
    return list(JobOption) if job.status == JobStatus.UNMATCHED else []


def start_code(job: Job) -> str:
    """Return the four digits the customer tells at the door: derived, so that no code is ever stored."""
    message = f"start:{job.pk}:{job.start_code_serial}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % CODE_SPACE:04d}"


def is_start_code(job: Job, given: str) -> bool:
    return hmac.compare_digest(start_code(job).encode(), given.encode())
