"""What the two sides do: open a dispute, and take it back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.errors import AccountInUse
from accounts.models import User
from disputes.enums import LIVE, DisputeCategory, DisputeEventKind
from disputes.errors import DisputeExists, DisputeTooEarly, DisputeTooLate
from disputes.models import Dispute
from disputes.selectors import dispute_get_locked, dispute_live_exists, dispute_open_until
from disputes.services.parts import begin, check_side, close, evidence_attach
from fixmate.core import clock
from fixmate.core.errors import Forbidden, NotFound
from jobs.models import Job
from jobs.selectors import job_get_locked
from technicians.models import Technician


@transaction.atomic
def dispute_open(
    *, actor: User, job_id: UUID, category: DisputeCategory, description: str, evidence_ids: Sequence[UUID] = ()
) -> Dispute:
    """Quarrel about a job one is part of. The payout is frozen in the same transaction.

    :raises NotFound: unless the actor is the customer or the technician who has the job
    :raises DisputeTooEarly: while nobody has the job
    :raises DisputeTooLate: later than `DISPUTE_WINDOW_DAYS` after it closed
    :raises DisputeExists: while another dispute about it is live
    :raises UploadNotUsable: if a piece of evidence is not an unused upload of the actor's
    :raises EvidenceFull: beyond what each side may hand in
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
    opened = begin(dispute, actor=actor, at=at)
    evidence_attach(opened, actor=actor, upload_ids=list(evidence_ids))
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
    until = dispute_open_until(job)
    if until and at > until:
        raise DisputeTooLate(limit_days=settings.DISPUTE_WINDOW_DAYS)


@transaction.atomic
def dispute_withdraw(*, dispute_id: UUID, actor: User) -> Dispute:
    """Take one's own dispute back. The payout is released.

    :raises NotFound: unless the actor is on one of the sides
    :raises Forbidden: unless he opened it
    :raises IllegalTransition: once it is closed
    :raises EvidenceOwed: while evidence on a chargeback is still to be handed in
    """
    dispute = dispute_get_locked(dispute_id)
    check_side(dispute, actor)
    dispute_check_opener(dispute, actor)
    at = clock.now()
    dispute.withdraw(at=at)
    close(dispute, DisputeEventKind.WITHDRAWN, actor=actor, at=at)
    return dispute


def dispute_check_opener(dispute: Dispute, actor: User) -> None:
    """:raises Forbidden: unless the actor opened the dispute"""
    if dispute.opened_by_id != actor.pk:
        raise Forbidden("Only the one who opened the dispute may withdraw it.")
