"""What staff do with a dispute: take it up, and decide it."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from disputes.enums import DisputeEventKind, DisputeOutcome
from disputes.models import Dispute
from disputes.selectors import dispute_get_locked
from disputes.services.deadlines import deadline_met_by_staff
from disputes.services.parts import audit_act, close, event_add
from fixmate.core import clock


@transaction.atomic
def dispute_begin_review(*, dispute_id: UUID, actor: User, reason: str) -> Dispute:
    """Take a dispute up: it is the actor's from now on, though others of staff may act in his place. Audited.

    :raises IllegalTransition: unless it is OPEN
    :raises Invalid: without a reason
    """
    dispute = dispute_get_locked(dispute_id)
    before, at = dispute.status, clock.now()
    dispute.begin_review(by=actor)
    dispute.save(update_fields=["status", "reviewer"])
    event_add(dispute, DisputeEventKind.REVIEW_STARTED, actor=actor, at=at)
    deadline_met_by_staff(dispute, at=at)
    audit_act(dispute, "dispute.begin_review", actor=actor, reason=reason, before=before)
    return dispute


@transaction.atomic
def dispute_resolve(*, dispute_id: UUID, actor: User, outcome: DisputeOutcome, note: str) -> Dispute:
    """Decide a dispute under review, for good. The payout is released; a refund is its own act. Audited.

    :raises IllegalTransition: unless it is UNDER_REVIEW
    :raises EvidenceOwed: while evidence on a chargeback is still to be handed in
    :raises Invalid: without a note
    """
    dispute = dispute_get_locked(dispute_id)
    before, at = dispute.status, clock.now()
    dispute.resolve(outcome=outcome, note=note, at=at)
    close(dispute, DisputeEventKind.RESOLVED, actor=actor, at=at)
    audit_act(dispute, "dispute.resolve", actor=actor, reason=note, before=before)
    return dispute


@transaction.atomic
def dispute_dismiss(*, dispute_id: UUID, actor: User, note: str) -> Dispute:
    """Close a dispute as unfounded, for good. The payout is released. Audited.

    :raises IllegalTransition: once it is closed
    :raises EvidenceOwed: while evidence on a chargeback is still to be handed in
    :raises Invalid: without a note
    """
    dispute = dispute_get_locked(dispute_id)
    before, at = dispute.status, clock.now()
    dispute.dismiss(note=note, at=at)
    close(dispute, DisputeEventKind.DISMISSED, actor=actor, at=at)
    audit_act(dispute, "dispute.dismiss", actor=actor, reason=note, before=before)
    return dispute
