"""Disputes: both sides speak, staff decide. Every service locks the job, then the dispute. None of them moves money."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.enums import Role
from accounts.errors import AccountInUse
from accounts.models import User
from disputes.enums import LIVE, DisputeCategory, DisputeEventKind, DisputeOutcome
from disputes.errors import DisputeExists, DisputeNotLive, DisputeTooEarly, DisputeTooLate
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute, DisputeEvent
from disputes.selectors import dispute_get_locked, dispute_live_exists
from fixmate.core import audit, clock, events
from fixmate.core.errors import Forbidden, NotFound
from jobs.models import Job
from jobs.selectors import job_get_locked
from payments.services import payment_freeze, payment_unfreeze
from technicians.models import Technician

# The two sides


@transaction.atomic
def dispute_open(*, actor: User, job_id: UUID, category: DisputeCategory, description: str) -> Dispute:
    """Quarrel about a job one is part of. The payout is frozen in the same transaction.

    :raises NotFound: unless the actor is the customer or the technician who has the job
    :raises DisputeTooEarly: while nobody has the job
    :raises DisputeTooLate: later than `DISPUTE_WINDOW_DAYS` after it closed
    :raises DisputeExists: while another dispute about it is live
    """
    job = job_get_locked(job_id)
    technician = _technician_of(job, actor)
    at = clock.now()
    _check_window(job, at)
    if dispute_live_exists(job.pk):
        raise DisputeExists
    dispute = Dispute(
        job=job, technician=technician, opened_by=actor, category=category, description=description, created_at=at
    )
    dispute.save(force_insert=True)
    _event_add(dispute, DisputeEventKind.OPENED, actor=actor, at=at)
    payment_freeze(job_id=job.pk, actor=actor)
    events.publish(DisputeOpened(dispute_id=dispute.pk, job_id=job.pk, opened_by_id=actor.pk))
    return dispute


def dispute_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while a dispute about a job of his is live"""
    live = Dispute.objects.filter(status__in=LIVE)
    if live.filter(Q(job__customer=user) | Q(technician__user=user)).exists():
        raise AccountInUse("A dispute is still open.")


def _technician_of(job: Job, actor: User) -> Technician:
    """Return the technician of the job, having made sure that the actor is on one of its two sides."""
    is_technician = job.technician is not None and job.technician.user_id == actor.pk
    if job.customer_id != actor.pk and not is_technician:
        raise NotFound
    if job.technician is None:
        raise DisputeTooEarly
    return job.technician


def _check_window(job: Job, at: datetime) -> None:
    limit_days = settings.DISPUTE_WINDOW_DAYS
    if job.closed_at and at > job.closed_at + timedelta(days=limit_days):
        raise DisputeTooLate(limit_days=limit_days)


@transaction.atomic
def dispute_message_add(*, dispute_id: UUID, actor: User, text: str) -> DisputeEvent:
    """Say something in a live dispute, as one of its sides or as staff. What staff say is audited.

    :raises NotFound: unless the actor is on one of the sides or staff
    :raises DisputeNotLive: once it is closed
    """
    dispute = dispute_get_locked(dispute_id)
    if actor.role != Role.ADMIN:
        _check_side(dispute, actor)
    if not dispute.is_live:
        raise DisputeNotLive
    message = _event_add(dispute, DisputeEventKind.MESSAGE, actor=actor, at=clock.now(), text=text)
    if actor.role == Role.ADMIN:
        audit.record(actor=actor, action="dispute.message", target=dispute, reason=text)
    return message


@transaction.atomic
def dispute_withdraw(*, dispute_id: UUID, actor: User) -> Dispute:
    """Take one's own dispute back. The payout is released.

    :raises NotFound: unless the actor is on one of the sides
    :raises Forbidden: unless he opened it
    :raises IllegalTransition: once it is closed
    """
    dispute = dispute_get_locked(dispute_id)
    _check_side(dispute, actor)
    if dispute.opened_by_id != actor.pk:
        raise Forbidden("Only the one who opened the dispute may withdraw it.")
    at = clock.now()
    dispute.withdraw(at=at)
    _close(dispute, DisputeEventKind.WITHDRAWN, actor=actor, at=at)
    return dispute


def _check_side(dispute: Dispute, actor: User) -> None:
    if actor.pk not in (dispute.job.customer_id, dispute.technician.user_id):
        raise NotFound


# Staff


@transaction.atomic
def dispute_begin_review(*, dispute_id: UUID, actor: User, reason: str) -> Dispute:
    """Take a dispute up. Audited.

    :raises IllegalTransition: unless it is OPEN
    :raises Invalid: without a reason
    """
    dispute = dispute_get_locked(dispute_id)
    before = dispute.status
    dispute.begin_review()
    dispute.save(update_fields=["status"])
    _event_add(dispute, DisputeEventKind.REVIEW_STARTED, actor=actor, at=clock.now())
    _audit(dispute, "dispute.begin_review", actor=actor, reason=reason, before=before)
    return dispute


@transaction.atomic
def dispute_resolve(*, dispute_id: UUID, actor: User, outcome: DisputeOutcome, note: str) -> Dispute:
    """Decide a dispute under review, for good. The payout is released; a refund is its own act. Audited.

    :raises IllegalTransition: unless it is UNDER_REVIEW
    :raises Invalid: without a note
    """
    dispute = dispute_get_locked(dispute_id)
    before, at = dispute.status, clock.now()
    dispute.resolve(outcome=outcome, note=note, at=at)
    _close(dispute, DisputeEventKind.RESOLVED, actor=actor, at=at)
    _audit(dispute, "dispute.resolve", actor=actor, reason=note, before=before)
    return dispute


@transaction.atomic
def dispute_dismiss(*, dispute_id: UUID, actor: User, note: str) -> Dispute:
    """Close a dispute as unfounded, for good. The payout is released. Audited.

    :raises IllegalTransition: once it is closed
    :raises Invalid: without a note
    """
    dispute = dispute_get_locked(dispute_id)
    before, at = dispute.status, clock.now()
    dispute.dismiss(note=note, at=at)
    _close(dispute, DisputeEventKind.DISMISSED, actor=actor, at=at)
    _audit(dispute, "dispute.dismiss", actor=actor, reason=note, before=before)
    return dispute


# Parts


def _close(dispute: Dispute, kind: DisputeEventKind, *, actor: User, at: datetime) -> None:
    dispute.save(update_fields=["status", "outcome", "closing_note", "closed_at"])
    _event_add(dispute, kind, actor=actor, at=at, text=dispute.closing_note)
    payment_unfreeze(job_id=dispute.job_id, actor=actor)
    events.publish(DisputeClosed(dispute_id=dispute.pk, job_id=dispute.job_id, status=dispute.status))


def _event_add(dispute: Dispute, kind: DisputeEventKind, *, actor: User, at: datetime, text: str = "") -> DisputeEvent:
    return DisputeEvent.objects.create(dispute=dispute, kind=kind, actor=actor, actor_role=actor.role, at=at, text=text)


def _audit(dispute: Dispute, action: str, *, actor: User, reason: str, before: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=dispute,
        reason=reason,
        before={"status": before},
        after={"status": dispute.status, "outcome": dispute.outcome},
    )
