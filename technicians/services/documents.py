from datetime import date
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.batches import each_alone
from fixmate.core.errors import Invalid
from fixmate.core.files import file_clean
from technicians.enums import DocumentKind, DocumentStatus
from technicians.errors import DocumentOutOfDate
from technicians.events import DocumentExpired, DocumentExpiring, DocumentReviewed
from technicians.models import Document
from technicians.selectors import (
    document_get_locked,
    document_list_out_of_date,
    document_list_to_remind,
    technician_get_locked,
)
from technicians.services.history import history_note_all, history_note_of

_REVIEWED = ["status", "reviewed_by", "review_reason", "reviewed_at"]


def document_upload(
    *, technician_id: UUID, kind: DocumentKind, file: UploadedFile, expires_on: date | None = None
) -> Document:
    """Keep a document for review. The file is read and written before the row, which no transaction waits for.

    :raises Invalid: if it is out of date, or the file cannot be kept (see `file_clean`)
    :raises NotFound: if there is no such technician
    """
    return document_keep(document_prepare(technician_id=technician_id, kind=kind, file=file, expires_on=expires_on))


def document_prepare(
    *, technician_id: UUID, kind: DocumentKind, file: UploadedFile, expires_on: date | None = None
) -> Document:
    """Clean and store the file of a row that is still to be saved: slow, and done before any transaction.

    :raises Invalid: if it is out of date, or the file cannot be kept (see `file_clean`)
    """
    at = clock.now()
    if expires_on is not None and expires_on < at.date():
        raise Invalid(expires_on=["The document is out of date."])
    clean = file_clean(file)
    return Document(
        technician_id=technician_id,
        kind=kind,
        file=clean.store("documents"),
        content_type=clean.content_type,
        size_bytes=len(clean.content),
        sha256=clean.sha256,
        expires_on=expires_on,
        created_at=at,
    )


@transaction.atomic
def document_keep(prepared: Document) -> Document:
    """Save the row of a document that is stored: the quick part of `document_upload`.

    :raises NotFound: if there is no such technician
    """
    technician = technician_get_locked(prepared.technician_id)  # before the row that refers to him: two line up
    prepared.save(force_insert=True)
    history_note_all(technician)
    return prepared


@transaction.atomic
def document_approve(*, document_id: UUID, actor: User, reason: str) -> Document:
    """Accept the document.

    :raises IllegalTransition: if it is reviewed already
    :raises DocumentOutOfDate: if its last day has passed
    """
    document, at = document_get_locked(document_id), clock.now()
    document.approve(reviewer=actor, reason=reason, at=at)
    if document.expires_on is not None and document.expires_on < at.date():
        raise DocumentOutOfDate
    _reviewed(document, actor=actor, reason=reason, action="approve")
    return document


@transaction.atomic
def document_reject(*, document_id: UUID, actor: User, reason: str) -> Document:
    """Turn the document down; another one may be uploaded.

    :raises IllegalTransition: if it is reviewed already
    """
    document = document_get_locked(document_id)
    document.reject(reviewer=actor, reason=reason, at=clock.now())
    _reviewed(document, actor=actor, reason=reason, action="reject")
    return document


def _reviewed(document: Document, *, actor: User, reason: str, action: str) -> None:
    document.save(update_fields=_REVIEWED)
    history_note_of(document.technician_id)
    audit.record(
        actor=actor,
        action=f"technicians.document.{action}",
        target=document,
        reason=reason,
        before={"status": DocumentStatus.PENDING},
        after={"status": document.status},
    )
    events.publish(
        DocumentReviewed(
            document_id=document.pk,
            user_id=document.technician.user_id,
            kind=document.kind,
            status=document.status,
            reason=reason,
        )
    )


# Time


@transaction.atomic
def document_expire(*, document_id: UUID) -> bool:
    """End an approval whose last day has passed; return whether it was so. Idempotent.

    The technician stays online: the DOCUMENTS gate of matching passes him over until a new one is approved.
    """
    document = document_get_locked(document_id)
    is_over = document.expires_on is not None and document.expires_on < clock.now().date()
    if document.status != DocumentStatus.APPROVED or not is_over:
        return False
    document.expire()
    document.save(update_fields=["status"])
    history_note_of(document.technician_id)
    user_id = document.technician.user_id
    events.publish(DocumentExpired(document_id=document.pk, user_id=user_id, kind=document.kind))
    return True


@transaction.atomic
def document_remind(*, document_id: UUID) -> bool:
    """Have the owner told, once, that the document expires soon; return whether it was due."""
    document = document_get_locked(document_id)
    if document.status != DocumentStatus.APPROVED or document.expires_on is None or document.reminded_at is not None:
        return False
    document.reminded_at = clock.now()
    document.save(update_fields=["reminded_at"])
    events.publish(
        DocumentExpiring(
            document_id=document.pk,
            user_id=document.technician.user_id,
            kind=document.kind,
            expires_on=document.expires_on.isoformat(),
        )
    )
    return True


def document_expire_due() -> int:
    """Expire what is out of date, one transaction each; return how many."""
    due = document_list_out_of_date(clock.now().date())
    return each_alone(due, lambda document: document_expire(document_id=document.pk))


def document_remind_due() -> int:
    """Remind of what expires within `DOCUMENT_REMINDER_DAYS`, one transaction each; return how many."""
    due = document_list_to_remind(clock.now().date())
    return each_alone(due, lambda document: document_remind(document_id=document.pk))
