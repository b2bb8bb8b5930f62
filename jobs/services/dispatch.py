"""Steps that matching takes on a job it has locked, and the two ways to try again."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services import user_hold_working
from fixmate.core import audit, clock, events
from fixmate.core.errors import Invalid
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.events import JobAssigned, JobReleased, JobRematchRequested, JobUnmatched
from jobs.hooks import is_payment_awaited
from jobs.models import Job
from jobs.rules import booking_of
from jobs.selectors import job_get_locked
from jobs.services.access import job_check_customer
from jobs.services.history import job_event_add
from jobs.services.prices import price_follow_technician
from technicians.models import Technician
from technicians.selectors import dispatchable_list_locked
from technicians.services import technician_note_assigned, technician_note_cancelled

_BOOKED = ["status", "technician", "assigned_at", "booked_from", "booked_until", "next_pass_at", "is_payment_required"]
_TRANSFERRED = [*_BOOKED, "start_code_serial", "start_code_failures", "reminded_at", "waiting_from"]
_SEARCH = ["status", "search_started_at", "search_number", "next_pass_at"]


def job_begin_matching(*, job: Job, at: datetime) -> None:
    """Start the first search. The caller has locked the job and runs the pass in the same transaction.

    :raises IllegalTransition: unless it is waiting for its first search
    """
    job.begin_matching(at=at)
    job.save(update_fields=_SEARCH)
    job_event_add(job, kind=JobEventKind.MATCHING_STARTED, at=at)


def job_set_next_pass(*, job: Job, at: datetime | None) -> None:
    """Set the timer of the next look; None while an offer is live. The caller has locked the job."""
    if job.next_pass_at != at:
        job.next_pass_at = at
        job.save(update_fields=["next_pass_at"])


def jobs_set_next_pass(*, jobs: Collection[Job], at: datetime) -> None:
    """Set the timers of many jobs that the caller has locked. One query."""
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(next_pass_at=at)
    for job in jobs:
        job.next_pass_at = at


def job_mark_unmatched(*, job: Job, at: datetime) -> None:
    """Give up the search and tell the customer. The caller has locked the job.

    :raises IllegalTransition: unless a search is on
    """
    job.give_up()
    job.save(update_fields=["status", "next_pass_at"])
    job_event_add(job, kind=JobEventKind.UNMATCHED, at=at)
    events.publish(JobUnmatched(job_id=job.pk, search_number=job.search_number))


def job_assign(*, job: Job, technician: Technician, actor: User, at: datetime) -> None:
    """Give the job to the technician. The caller has locked the job, the accepted offer and the technician.

    Without that last lock two assignments at once could wait for each other at the overlap constraint: a deadlock.

    :raises IllegalTransition: unless a search is on, or ended without anybody: staff may still find somebody
    :raises IntegrityError: `job_no_overlapping_bookings`, if he has other work then; answered as BOOKING_OVERLAP
    """
    booked_from, booked_until = booking_of(job, at)
    job.assign(technician=technician, booked_from=booked_from, booked_until=booked_until, at=at)
    job.is_payment_required = job.is_payment_required or is_payment_awaited(job.pk)
    job.save(update_fields=_BOOKED)
    _note_assigned(job, technician, actor, at)


def job_transfer_by_staff(*, job: Job, held_by: UUID, technician: Technician, actor: User, at: datetime) -> None:
    """Take the job from the one who has it, not counting it against him, and give it to the technician.

    The caller has locked the job, its accepted offer and both technicians.

    :raises IllegalTransition: unless it is ASSIGNED
    :raises IntegrityError: `job_no_overlapping_bookings`, if he has other work then; answered as BOOKING_OVERLAP
    """
    booked_from, booked_until = booking_of(job, at)
    job.transfer(technician=technician, booked_from=booked_from, booked_until=booked_until, at=at)
    job.is_payment_required = job.is_payment_required or is_payment_awaited(job.pk)
    job.save(update_fields=_TRANSFERRED)
    dispatchable_list_locked([held_by, technician.pk])  # both at once, in the order of pings: else each row by row
    technician_note_cancelled(technician_id=held_by, at=at)
    job_event_add(job, kind=JobEventKind.RELEASED, actor=actor, at=at, reason=CancelReason.TRANSFERRED)
    events.publish(JobReleased(job_id=job.pk, technician_id=held_by, reason=CancelReason.TRANSFERRED))
    _note_assigned(job, technician, actor, at)


def _note_assigned(job: Job, technician: Technician, actor: User, at: datetime) -> None:
    technician_note_assigned(technician_id=technician.pk, at=at)
    price_follow_technician(job, tier=technician.tier, at=at)
    job_event_add(job, kind=JobEventKind.ASSIGNED, actor=actor, at=at, technician_id=str(technician.pk))
    events.publish(JobAssigned(job_id=job.pk, technician_id=technician.pk))


# Trying again


@transaction.atomic
def job_rematch_by_customer(*, job_id: UUID, actor: User, reason: str = "") -> Job:
    """Search again for a job nobody was found for, with a fresh budget.

    :raises AccountRestricted: if the customer may only finish what he has
    :raises IllegalTransition: unless it is UNMATCHED
    """
    user_hold_working(actor)
    job = job_get_locked(job_id)
    job_check_customer(job, actor)
    return _rematch(job, actor, note=reason)


@transaction.atomic
def job_rematch_by_staff(*, job_id: UUID, actor: User, reason: str) -> Job:
    """Like the customer's, audited.

    :raises Invalid: without a reason
    :raises IllegalTransition: unless it is UNMATCHED
    """
    _check_reason(reason)
    job = job_get_locked(job_id)
    before = job.status
    _rematch(job, actor, note=reason)
    _audit_rematch(job, actor, reason, before)
    return job


@transaction.atomic
def job_look_by_staff(*, job_id: UUID, actor: User, reason: str) -> Job:
    """Like `job_rematch_by_staff`; while a search is on, a look right now within its budget.

    :raises Invalid: without a reason
    :raises IllegalTransition: unless it is UNMATCHED or MATCHING
    """
    _check_reason(reason)
    job = job_get_locked(job_id)
    if job.status != JobStatus.MATCHING:
        return job_rematch_by_staff(job_id=job_id, actor=actor, reason=reason)
    _ask_for_pass(job, actor, note=reason, at=clock.now())
    _audit_rematch(job, actor, reason, job.status)
    return job


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(reason=["Staff say why."])


def _audit_rematch(job: Job, actor: User, reason: str, before: str) -> None:
    audit.record(
        actor=actor,
        action="job.rematch",
        target=job,
        reason=reason,
        before={"status": before},
        after={"status": job.status},
    )


def _rematch(job: Job, actor: User, *, note: str) -> Job:
    at = clock.now()
    job.search_again(at=at)
    job.save(update_fields=_SEARCH)
    _ask_for_pass(job, actor, note=note, at=at)
    return job


def _ask_for_pass(job: Job, actor: User, *, note: str, at: datetime) -> None:
    """Order a pass; while an offer is live it finds nothing to do."""
    job_event_add(job, kind=JobEventKind.REMATCH_REQUESTED, actor=actor, note=note, at=at)
    events.publish(JobRematchRequested(job_id=job.pk))
