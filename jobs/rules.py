"""Rules of a job that need no database: when it is dispatched, what calling it off costs, its start code."""

import hashlib
import hmac
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from fixmate.core.money import share_minor
from jobs.enums import JobStatus
from jobs.models import Job, JobPrice

CODE_SPACE = 10_000


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


def start_code(job: Job) -> str:
    """Return the four digits the customer tells at the door: derived, so that no code is ever stored."""
    message = f"start:{job.pk}:{job.start_code_serial}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % CODE_SPACE:04d}"


def is_start_code(job: Job, given: str) -> bool:
    return hmac.compare_digest(start_code(job).encode(), given.encode())
