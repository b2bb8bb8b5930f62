"""What a dispute has of a chargeback: it opens one or joins the one there is, and its end is noted.

The job and its status are not touched, and no money moves here: the books follow the provider.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from disputes.enums import DisputeCategory, DisputeEventKind
from disputes.events import DisputeSpoken
from disputes.models import Dispute, DisputeChargeback
from disputes.selectors import dispute_chargeback_get, dispute_live_of
from disputes.services.deadlines import deadline_follow_provider
from disputes.services.parts import begin, event_add
from fixmate.core import clock, events
from jobs.models import Job
from jobs.selectors import job_get_locked
from payments.enums import ChargebackStatus
from payments.models import Chargeback
from payments.selectors.chargebacks import chargeback_get, evidence_due_at

DESCRIPTION = "The customer's bank took the payment back."
_ENDS = {
    ChargebackStatus.WON: DisputeEventKind.CHARGEBACK_WON,
    ChargebackStatus.LOST: DisputeEventKind.CHARGEBACK_LOST,
}
log = structlog.get_logger(__name__)


@transaction.atomic
def dispute_follow_chargeback(*, chargeback_id: UUID) -> Dispute | None:
    """Have a dispute know how the chargeback stands now. Idempotent, in whatever order its news arrive.

    It joins the live dispute about the job, or opens one that nobody of us opened, and staff owe the bank evidence
    until the provider's deadline. Returns None where no technician had the job: there is nobody to hear.
    """
    job = job_get_locked(chargeback_get(chargeback_id).payment.job_id)
    chargeback = chargeback_get(chargeback_id)
    at = clock.now()
    joined = dispute_chargeback_get(chargeback_id) or _join(job, chargeback, at)
    if joined is None:
        log.warning("dispute.chargeback_of_nobody", chargeback_id=str(chargeback_id), job_id=str(job.pk))
        return None
    if not chargeback.is_open and not joined.ended_at:
        joined.ended_at = at
        joined.save(update_fields=["ended_at"])
        _note(joined, _ENDS[ChargebackStatus(chargeback.status)], at)
    if joined.dispute.is_live:
        deadline_follow_provider(joined.dispute, due_at=evidence_due_at(job.pk), at=at)
    return joined.dispute


def _join(job: Job, chargeback: Chargeback, at: datetime) -> DisputeChargeback | None:
    dispute = dispute_live_of(job.pk) or _open(job, at)
    if dispute is None:
        return None
    joined = DisputeChargeback.objects.create(dispute=dispute, chargeback=chargeback, joined_at=at)
    _note(joined, DisputeEventKind.CHARGED_BACK, at)
    return joined


def _open(job: Job, at: datetime) -> Dispute | None:
    if job.technician is None:
        return None
    about = {"category": DisputeCategory.CHARGEBACK, "description": DESCRIPTION}
    dispute = Dispute(job=job, technician=job.technician, created_at=at, **about)
    begin(dispute, actor=None, at=at)
    return dispute


def _note(joined: DisputeChargeback, kind: DisputeEventKind, at: datetime) -> None:
    """Say so in the thread, also of one that is closed by now: then nobody is told."""
    event = event_add(joined.dispute, kind, actor=None, at=at, text=str(joined.chargeback.amount))
    events.publish(DisputeSpoken(dispute_id=joined.dispute_id, event_id=event.pk))
