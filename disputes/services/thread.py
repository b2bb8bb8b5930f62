"""The thread that both sides and staff write in."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import Role
from accounts.models import User
from disputes.enums import DisputeEventKind, DisputeSide
from disputes.events import DisputeAnswerWanted, DisputeSpoken
from disputes.models import Dispute, DisputeEvent
from disputes.services.deadlines import deadline_ask, deadline_met_by_side, deadline_met_by_staff, side_of
from disputes.services.parts import event_add, evidence_attach, live_locked
from fixmate.core import audit, clock, events
from fixmate.core.errors import Forbidden


@transaction.atomic
def dispute_message_add(*, dispute_id: UUID, actor: User, text: str) -> DisputeEvent:
    """Say something in a live dispute, as one of its sides or as staff. What staff say is audited.

    :raises NotFound: unless the actor is on one of the sides or staff
    :raises DisputeNotLive: once it is closed
    """
    dispute, at = live_locked(dispute_id, actor), clock.now()
    message = event_add(dispute, DisputeEventKind.MESSAGE, actor=actor, at=at, text=text)
    events.publish(DisputeSpoken(dispute_id=dispute.pk, event_id=message.pk))
    _note_answer(dispute, message, actor, at)
    return message


@transaction.atomic
def dispute_evidence_add(*, dispute_id: UUID, actor: User, evidence_ids: list[UUID], note: str) -> DisputeEvent:
    """Hand in files, and say what they show. What staff hand in is audited.

    :raises NotFound: unless the actor is on one of the sides or staff
    :raises DisputeNotLive: once it is closed
    :raises UploadNotUsable: if a file is not an unused upload of the actor's, made as evidence
    :raises EvidenceFull: beyond what each side may hand in
    """
    dispute, at = live_locked(dispute_id, actor), clock.now()
    event = event_add(dispute, DisputeEventKind.EVIDENCE, actor=actor, at=at, text=note)
    evidence_attach(event, actor=actor, upload_ids=evidence_ids)
    events.publish(DisputeSpoken(dispute_id=dispute.pk, event_id=event.pk))
    _note_answer(dispute, event, actor, at)
    return event


@transaction.atomic
def dispute_ask(*, dispute_id: UUID, actor: User, text: str, awaits: DisputeSide) -> DisputeEvent:
    """Ask a side for more, and give it the time for an answer. Audited.

    :raises NotFound: if the actor may not know of it
    :raises Forbidden: unless he is staff
    :raises DisputeNotLive: once it is closed
    """
    dispute, at = live_locked(dispute_id, actor), clock.now()
    if actor.role != Role.ADMIN:
        raise Forbidden("Only staff ask a side for more.")
    question = event_add(dispute, DisputeEventKind.ASKED, actor=actor, at=at, text=text)
    deadline = deadline_ask(dispute, awaits, at=at)
    events.publish(DisputeAnswerWanted(dispute_id=dispute.pk, deadline_id=deadline.pk))
    _note_answer(dispute, question, actor, at)
    return question


def _note_answer(dispute: Dispute, event: DisputeEvent, actor: User, at: datetime) -> None:
    """Note that who spoke has answered."""
    if actor.role == Role.ADMIN:
        deadline_met_by_staff(dispute, at=at)
        audit.record(actor=actor, action=f"dispute.{event.kind.lower()}", target=dispute, reason=event.text)
    else:
        deadline_met_by_side(dispute, side_of(dispute, actor), at=at)
