"""What the services of disputes share. The callers have locked the dispute."""

from datetime import datetime
from uuid import UUID

from django.conf import settings

from accounts.enums import Role
from accounts.models import User
from disputes.enums import DisputeEventKind
from disputes.errors import DisputeNotLive, EvidenceFull, EvidenceOwed
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute, DisputeEvent, DisputeEvidence
from disputes.selectors import dispute_get_locked, dispute_list_rework, evidence_measure
from disputes.services.deadlines import deadlines_begin, deadlines_end, evidence_owed
from fixmate.core import audit, events
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import NotFound
from fixmate.core.files import uploads_take
from fixmate.core.models import Upload
from payments.services import payment_freeze, payment_unfreeze
from technicians.services import technician_note_reworked


def check_side(dispute: Dispute, actor: User) -> None:
    """:raises NotFound: unless the actor is on one of the sides"""
    if actor.pk not in (dispute.job.customer_id, dispute.technician.user_id):
        raise NotFound


def live_locked(dispute_id: UUID, actor: User) -> Dispute:
    """Return the dispute with its row locked.

    :raises NotFound: unless the actor is on one of the sides, or staff
    :raises DisputeNotLive: once it is closed
    """
    dispute = dispute_get_locked(dispute_id)
    if actor.role != Role.ADMIN:
        check_side(dispute, actor)
    if not dispute.is_live:
        raise DisputeNotLive
    return dispute


def begin(dispute: Dispute, *, actor: User | None, at: datetime) -> DisputeEvent:
    """Save a new dispute, give everybody his time, and freeze the payout; return the first row of the thread."""
    dispute.save(force_insert=True)
    opened = event_add(dispute, DisputeEventKind.OPENED, actor=actor, at=at)
    deadlines_begin(dispute, at=at)
    payment_freeze(job_id=dispute.job_id, actor=actor)
    opened_by_id = actor.pk if actor else None
    events.publish(DisputeOpened(dispute_id=dispute.pk, job_id=dispute.job_id, opened_by_id=opened_by_id))
    return opened


def event_add(
    dispute: Dispute, kind: DisputeEventKind, *, actor: User | None, at: datetime, text: str = ""
) -> DisputeEvent:
    """Add a row to the thread; what nobody of us did, a bank did."""
    role = actor.role if actor else ""
    return DisputeEvent.objects.create(dispute=dispute, kind=kind, actor=actor, actor_role=role, at=at, text=text)


def evidence_attach(event: DisputeEvent, *, actor: User, upload_ids: list[UUID]) -> None:
    """Use up one's own uploads as what the event hands in, and keep what they are like.

    :raises UploadNotUsable: if one is not an unused upload of the actor's, made as evidence
    :raises EvidenceFull: beyond what each side may hand in; staff may always
    """
    uploads = uploads_take(owner=actor, purpose=UploadPurpose.EVIDENCE, upload_ids=upload_ids)
    _check_room(event, uploads)
    DisputeEvidence.objects.bulk_create(
        DisputeEvidence(
            event=event,
            upload=upload,
            content_type=upload.content_type,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
        )
        for upload in uploads
    )


def _check_room(event: DisputeEvent, uploads: list[Upload]) -> None:
    """The lock on the dispute has those who hand in at once come in turn."""
    if event.actor_role == Role.ADMIN or not uploads:
        return
    files, size = evidence_measure(dispute_id=event.dispute_id, role=event.actor_role)
    limits = settings.DISPUTE_EVIDENCE_PER_SIDE, settings.DISPUTE_EVIDENCE_BYTES_PER_SIDE
    is_within = files + len(uploads) <= limits[0] and size + sum(one.size_bytes for one in uploads) <= limits[1]
    if not is_within:
        raise EvidenceFull(files=files, bytes=size, limit_files=limits[0], limit_bytes=limits[1])


def close(dispute: Dispute, kind: DisputeEventKind, *, actor: User, at: datetime) -> None:
    """Save what ended it, end what was still owed, and release the payout. Locks the technician if it is rework.

    :raises EvidenceOwed: while evidence on a chargeback is still to be handed in: nobody would be reminded of it
    """
    owed = evidence_owed(dispute, at=at)
    if owed:
        raise EvidenceOwed(due_at=owed.due_at.isoformat())
    dispute.save(update_fields=["status", "outcome", "closing_note", "closed_at"])
    event_add(dispute, kind, actor=actor, at=at, text=dispute.closing_note)
    deadlines_end(dispute, at=at)
    _note_rework(dispute)
    payment_unfreeze(job_id=dispute.job_id, actor=actor)
    events.publish(DisputeClosed(dispute_id=dispute.pk, job_id=dispute.job_id, status=dispute.status))


def _note_rework(dispute: Dispute) -> None:
    """Count the job as badly done if this dispute is the first to say so. The lock on the job has them come in turn."""
    reworks = dispute_list_rework().filter(job=dispute.job_id).values_list("pk", flat=True)
    if list(reworks) == [dispute.pk]:
        technician_note_reworked(technician_id=dispute.technician_id)


def audit_act(dispute: Dispute, action: str, *, actor: User, reason: str, before: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=dispute,
        reason=reason,
        before={"status": before},
        after={"status": dispute.status, "outcome": dispute.outcome},
    )
