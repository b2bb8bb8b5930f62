"""Calling a job off: one service per kind of actor, because the rule differs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.enums import Role
from accounts.models import User
from catalog.enums import TechnicianTier
from fixmate.core import audit, clock, events
from fixmate.core.errors import IllegalTransition, Invalid
from fixmate.core.geo import Point
from fixmate.core.money import Money
from jobs.enums import JobEventKind, JobStatus, PriceKind
from jobs.errors import NoShowTooEarly
from jobs.events import JobCancelled, JobReleased
from jobs.lines import Line, cancellation_line, no_show_line
from jobs.models import Job
from jobs.rules import cancellation_fee_minor, late_fee_minor, no_show_from
from jobs.selectors import job_get_locked, price_quoted
from jobs.services.access import job_check_customer, job_check_technician
from jobs.services.dispatch import job_mark_unmatched
from jobs.services.history import job_event_add
from jobs.services.prices import price_add_revision, price_follow_technician
from jobs.services.quotes import quote_withdraw_open
from jobs.services.sightings import position_note, sighting_check, sighting_facts, sighting_of
from technicians.selectors import technician_get_locked
from technicians.services import technician_note_cancelled, technician_note_released

_CLOSED = ["status", "cancel_reason", "cancel_note", "cancelled_by", "cancelled_at", "next_pass_at"]
_RELEASED = [
    "status",
    "technician",
    "assigned_at",
    "booked_from",
    "booked_until",
    "rematch_count",
    "start_code_serial",
    "start_code_failures",
    "reminded_at",
    "waiting_from",
    "search_started_at",
    "search_number",
    "next_pass_at",
]


@dataclass(frozen=True, slots=True)
class CancelPreview:
    """What calling off would cost now and why, and the end of the grace period, while one is running."""

    fee: Money
    lines: tuple[Line, ...]
    free_until: datetime | None


@transaction.atomic
def job_cancel_by_customer(*, job_id: UUID, actor: User, reason: str, note: str = "") -> Job:
    """Call off a job nobody has started; once assigned and after the grace period, for a fee.

    :raises IllegalTransition: if work has begun or the job is already closed
    """
    job = job_get_locked(job_id)
    job_check_customer(job, actor)
    at = clock.now()
    quoted = price_quoted(job.pk)
    fee_minor = cancellation_fee_minor(job, quoted, at)
    job.cancel(reason=reason, note=note, by=Role.CUSTOMER, at=at)
    job.save(update_fields=_CLOSED)
    if fee_minor:
        _charge(job, cancellation_line(quoted, fee_minor), at)
    _end(job, actor, note=note, has_fee=bool(fee_minor), at=at)
    return job


def job_no_show_by_technician(*, job_id: UUID, actor: User, note: str = "", here: Point | None = None) -> Job:
    """Call off a job whose customer is not there, for the fee of a late cancellation.

    The technician is at the door, by the rule for starting the work; `here` is a ping that comes along. His first call
    begins his wait, and stays written although it is refused: hence no transaction around the whole. It is no release
    of his.

    :raises IllegalTransition: unless the job is ASSIGNED
    :raises LocationStale: without a position of the last minutes
    :raises TooFarFromJob: away from the job
    :raises NoShowTooEarly: until he has waited `NO_SHOW_WAIT_MINUTES`, from the hour of the visit at the earliest
    """
    with transaction.atomic():
        job = job_get_locked(job_id)
        technician = technician_get_locked(job_check_technician(job, actor).pk)  # before his position, like everybody
        position_note(technician.pk, here)
        at = clock.now()
        if job.status != JobStatus.ASSIGNED:
            raise IllegalTransition(state=job.status, action="no_show")
        seen = sighting_of(job, technician.pk, here, at)
        sighting_check(seen)
        refusal = _wait(job, at)
        if refusal is None:
            _close_without_customer(job, actor, note, at, sighting_facts(seen))
    if refusal:
        raise refusal
    return job


def _wait(job: Job, at: datetime) -> NoShowTooEarly | None:
    """Return the refusal of a technician who has not waited yet, having noted since when he does."""
    if job.waiting_from is None:
        job.waiting_from = at
        job.save(update_fields=["waiting_from"])
    until = no_show_from(job, job.waiting_from)
    if at >= until:
        return None
    return NoShowTooEarly(**{"from": until.isoformat(), "server_now": at.isoformat()})


def _close_without_customer(job: Job, actor: User, note: str, at: datetime, facts: dict[str, Any]) -> None:
    job.no_show(note=note, by=Role.TECHNICIAN, at=at)
    job.save(update_fields=_CLOSED)
    quoted = price_quoted(job.pk)
    fee_minor = late_fee_minor(quoted)
    if fee_minor:
        _charge(job, no_show_line(quoted, fee_minor), at)
    _end(job, actor, note=note, has_fee=bool(fee_minor), at=at, **facts)


def _charge(job: Job, line: Line, at: datetime) -> None:
    price_add_revision(job, kind=PriceKind.CANCELLATION_FEE, lines=[line], at=at)


@transaction.atomic
def job_cancel_by_staff(*, job_id: UUID, actor: User, note: str) -> Job:
    """Call off any open job, work in progress included, without a fee. Audited.

    :raises Invalid: without a note
    :raises IllegalTransition: if the job is already closed
    """
    if not note.strip():
        raise Invalid(note=["Staff say why."])
    job = job_get_locked(job_id)
    at = clock.now()
    before = job.status
    quote_withdraw_open(job, at=at)
    job.cancel_by_staff(note=note, by=Role.ADMIN, at=at)
    job.save(update_fields=_CLOSED)
    _end(job, actor, note=note, has_fee=False, at=at)
    audit.record(
        actor=actor,
        action="job.cancel",
        target=job,
        reason=note,
        before={"status": before},
        after={"status": job.status},
    )
    return job


def _end(job: Job, actor: User, *, note: str, has_fee: bool, at: datetime, **facts: Any) -> None:
    if job.technician_id:
        technician_note_cancelled(technician_id=job.technician_id, at=at)
    facts = {"reason": job.cancel_reason, "has_fee": has_fee, **facts}
    job_event_add(job, kind=JobEventKind.CANCELLED, actor=actor, note=note, at=at, **facts)
    events.publish(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=has_fee, cancelled_by=actor.role)
    )


@transaction.atomic
def job_release_by_technician(*, job_id: UUID, actor: User, reason: str, note: str = "") -> Job:
    """Let the assigned technician give the job back: it is matched again without him, at the same price.

    After `MAX_REMATCHES` it is UNMATCHED instead, and the customer decides.

    :raises IllegalTransition: unless the job is ASSIGNED
    """
    job = job_get_locked(job_id)
    technician = job_check_technician(job, actor)
    job_release(job, technician.pk, actor=actor, reason=reason, note=note, at=clock.now())
    return job


def job_release(
    job: Job, technician_id: UUID, *, reason: str, at: datetime, actor: User | None = None, note: str = ""
) -> None:
    """Take the job from the technician who has it, and count that. The caller has locked the job.

    :raises IllegalTransition: unless it is ASSIGNED
    """
    job.release(at=at)
    job.save(update_fields=_RELEASED)
    price_follow_technician(job, tier=TechnicianTier.STANDARD, at=at)
    technician_note_released(technician_id=technician_id, at=at)
    job_event_add(job, kind=JobEventKind.RELEASED, actor=actor, note=note, at=at, reason=reason)
    events.publish(JobReleased(job_id=job.pk, technician_id=technician_id, reason=reason))
    if job.rematch_count > settings.MAX_REMATCHES:
        job_mark_unmatched(job=job, at=at)


def job_cancel_preview(*, job: Job, at: datetime) -> CancelPreview:
    """Say what the customer's cancellation would cost at `at`. Writes nothing.

    :raises IllegalTransition: if he could not cancel
    """
    if job.status in (JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.CANCELLED):
        raise IllegalTransition(state=job.status, action="cancel")
    quoted = price_quoted(job.pk)
    fee_minor = cancellation_fee_minor(job, quoted, at)
    lines = (cancellation_line(quoted, fee_minor),) if fee_minor else ()
    grace_ends_at = job.assigned_at and job.assigned_at + timedelta(seconds=settings.CANCELLATION_GRACE_S)
    is_running = grace_ends_at is not None and at <= grace_ends_at
    return CancelPreview(Money(fee_minor, quoted.currency), lines, grace_ends_at if is_running else None)
