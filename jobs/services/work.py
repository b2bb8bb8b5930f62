"""The visit: arriving, starting, finishing. These are the assigned technician's acts alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import DomainError, IllegalTransition, Invalid
from fixmate.core.files import uploads_take
from fixmate.core.geo import Point
from fixmate.core.money import Money
from jobs.enums import JobEventFact, JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.errors import (
    AmountNotApproved,
    PaymentRequired,
    StartCodeLocked,
    StartCodeWrong,
)
from jobs.events import JobCompleted, JobStarted
from jobs.lines import lines_billed, lines_of
from jobs.models import Job
from jobs.rules import is_punctual, is_start_code
from jobs.selectors import job_get_locked, price_current
from jobs.services.access import job_check_customer, job_check_technician
from jobs.services.history import job_event_add
from jobs.services.prices import price_add_revision
from jobs.services.quotes import quote_withdraw_open
from jobs.services.request import job_photos_add
from jobs.services.sightings import position_note, sighting_check, sighting_facts, sighting_of
from technicians.models import Technician
from technicians.selectors import technician_get_locked
from technicians.services import technician_note_completed, technician_note_started


def job_start_by_technician(*, job_id: UUID, actor: User, start_code: str = "", here: Point | None = None) -> Job:
    """Begin the work: at the job, with the code that the customer was given. `here` is a ping that comes along.

    A wrong code is counted and stays counted although the call is refused: hence no transaction around the whole.

    :raises Invalid: without a code, where one is required: that is no try
    :raises IllegalTransition: unless the job is ASSIGNED
    :raises PaymentRequired: while payments say so
    :raises LocationStale: without a position of the last minutes
    :raises TooFarFromJob: away from the job
    :raises StartCodeWrong: if the code is not right
    :raises StartCodeLocked: after too many wrong ones, until the customer renews it
    """
    if settings.START_CODE_REQUIRED and not start_code:
        raise Invalid(start_code=["This field is required."])
    with transaction.atomic():
        job = job_get_locked(job_id)
        technician = technician_get_locked(job_check_technician(job, actor).pk)  # before his position, like everybody
        position_note(technician.pk, here)
        at = clock.now()
        _check_may_start(job)
        seen = sighting_of(job, technician.pk, here, at)
        sighting_check(seen)
        refusal = _try_code(job, actor, start_code, at)
        if refusal is None:
            _start(job, technician, actor, at, sighting_facts(seen))
    if refusal:
        raise refusal
    return job


def _check_may_start(job: Job) -> None:
    if job.status != JobStatus.ASSIGNED:
        raise IllegalTransition(state=job.status, action="start")
    if job.is_payment_required:
        raise PaymentRequired


def _try_code(job: Job, actor: User, given: str, at: datetime) -> DomainError | None:
    """Return the refusal of a wrong code, having counted it."""
    if not settings.START_CODE_REQUIRED:
        return None
    if job.start_code_failures >= settings.START_CODE_TRIES:
        return StartCodeLocked()
    if is_start_code(job, given):
        return None
    job.start_code_failures += 1
    job.save(update_fields=["start_code_failures"])
    tries_left = settings.START_CODE_TRIES - job.start_code_failures
    job_event_add(job, kind=JobEventKind.START_REFUSED, actor=actor, at=at, tries_left=tries_left)
    return StartCodeWrong(tries_left=tries_left)


def _start(job: Job, technician: Technician, actor: User, at: datetime, facts: dict[str, Any]) -> None:
    job.start(at=at)
    job.save(update_fields=["status", "started_at", "waiting_from"])
    was_punctual = is_punctual(job, at)
    technician_note_started(technician_id=technician.pk, at=at, was_punctual=was_punctual)
    judged: dict[str, Any] = {} if was_punctual is None else {JobEventFact.WAS_PUNCTUAL: was_punctual}
    job_event_add(job, kind=JobEventKind.STARTED, actor=actor, at=at, **judged, **facts)
    events.publish(JobStarted(job_id=job.pk, technician_id=technician.pk))


@transaction.atomic
def job_renew_start_code(*, job_id: UUID, actor: User) -> Job:
    """Give the customer a new start code, and the technician fresh tries.

    :raises IllegalTransition: unless the job is ASSIGNED
    """
    job = job_get_locked(job_id)
    job_check_customer(job, actor)
    if job.status != JobStatus.ASSIGNED:
        raise IllegalTransition(state=job.status, action="renew_start_code")
    job.start_code_serial += 1
    job.start_code_failures = 0
    job.save(update_fields=["start_code_serial", "start_code_failures"])
    job_event_add(job, kind=JobEventKind.START_CODE_RENEWED, actor=actor, at=clock.now())
    return job


@transaction.atomic
def job_complete_by_technician(
    *,
    job_id: UUID,
    actor: User,
    work_summary: str,
    final_amount: Money | None = None,
    photo_ids: Sequence[UUID] = (),
    here: Point | None = None,
) -> Job:
    """Finish the work, at the price the customer approved last or less. A proposal he has not answered is withdrawn.

    :raises IllegalTransition: unless the work is in progress
    :raises AmountNotApproved: above what the customer approved
    :raises UploadNotUsable: if a photo is not an unused upload of the technician's
    """
    job = job_get_locked(job_id)
    technician = technician_get_locked(job_check_technician(job, actor).pk)  # before his position, like everybody
    position_note(technician.pk, here)
    at = clock.now()
    quote_withdraw_open(job, at=at)
    job.complete(work_summary=work_summary, at=at)
    _bill(job, final_amount, at)
    job.save(update_fields=["status", "completed_at", "work_summary"])
    photos = uploads_take(owner=actor, purpose=UploadPurpose.COMPLETION_PHOTO, upload_ids=list(photo_ids))
    job_photos_add(job, photos, PhotoKind.RESULT)
    technician_note_completed(technician_id=technician.pk, at=at)
    facts = sighting_facts(sighting_of(job, technician.pk, here, at))
    job_event_add(job, kind=JobEventKind.COMPLETED, actor=actor, note=work_summary, at=at, **facts)
    events.publish(JobCompleted(job_id=job.pk, technician_id=technician.pk))
    return job


def _bill(job: Job, final_amount: Money | None, at: datetime) -> None:
    if final_amount is None:
        return
    approved = price_current(job.pk)
    if final_amount.currency != approved.currency:
        raise Invalid(final_amount=[f"This job is billed in {approved.currency}."])
    if final_amount.minor > approved.amount_minor:
        raise AmountNotApproved(approved=approved.amount.amount)
    lines = lines_billed(lines_of(approved.lines.all()), final_amount)
    price_add_revision(job, kind=PriceKind.FINAL, lines=lines, at=at)


@transaction.atomic
def job_require_payment(*, job_id: UUID, is_required: bool) -> None:
    """Let payments say whether the work may start. Idempotent."""
    job = job_get_locked(job_id)
    if job.is_payment_required != is_required:
        job.is_payment_required = is_required
        job.save(update_fields=["is_payment_required"])
