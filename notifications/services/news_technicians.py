"""Offers, verification and documents, told to the technician."""

from typing import Any
from uuid import UUID

from notifications.enums import Kind
from notifications.selectors import offer_get
from notifications.services.delivery import notification_create
from notifications.services.news import news, shown, tell_technician
from technicians.enums import DocumentKind, DocumentStatus


@news
def notification_tell_offer_created(*, offer_id: UUID) -> None:
    offer = offer_get(offer_id)
    facts = {
        "distance_m": offer.distance_m,
        "pays": shown(offer.technician_earnings),
        "expires_at": offer.expires_at.isoformat(),
    }
    _tell_offer(offer_id, Kind.OFFER_RECEIVED, **facts)


@news
def notification_tell_offer_expired(*, offer_id: UUID) -> None:
    _tell_offer(offer_id, Kind.OFFER_EXPIRED)


@news
def notification_tell_offer_withdrawn(*, offer_id: UUID) -> None:
    _tell_offer(offer_id, Kind.OFFER_WITHDRAWN)


def _tell_offer(offer_id: UUID, kind: Kind, **facts: Any) -> None:
    offer = offer_get(offer_id)
    user_id = offer.technician.user_id
    tell_technician(user_id, offer.job, kind, offer_id, offer_id=str(offer_id), **facts)


def notification_tell_profile_approved(*, user_id: UUID, occasion: str) -> None:
    """`occasion` tells one approval from the next: a profile may be approved again after a rejection."""
    _tell(user_id, Kind.PROFILE_APPROVED, occasion)


def notification_tell_profile_rejected(*, user_id: UUID, reason: str, occasion: str) -> None:
    _tell(user_id, Kind.PROFILE_REJECTED, occasion, reason=reason)


def notification_tell_profile_suspended(*, user_id: UUID, reason: str, occasion: str) -> None:
    _tell(user_id, Kind.PROFILE_SUSPENDED, occasion, reason=reason)


def notification_tell_document_reviewed(
    *, user_id: UUID, document_id: UUID, kind: str, status: str, reason: str
) -> None:
    facts = {"outcome": DocumentStatus(status).label.lower(), "status": status, "reason": reason}
    _tell_document(user_id, Kind.DOCUMENT_REVIEWED, document_id, kind, str(document_id), **facts)


def notification_tell_document_expiring(*, user_id: UUID, document_id: UUID, kind: str, expires_on: str) -> None:
    subject = f"{document_id}:{expires_on}"
    _tell_document(user_id, Kind.DOCUMENT_EXPIRING, document_id, kind, subject, expires_on=expires_on)


def notification_tell_document_expired(*, user_id: UUID, document_id: UUID, kind: str) -> None:
    _tell_document(user_id, Kind.DOCUMENT_EXPIRED, document_id, kind, str(document_id))


def _tell_document(
    user_id: UUID, kind: Kind, document_id: UUID, document_kind: str, subject: str, **facts: str
) -> None:
    document = {
        "document_id": str(document_id),
        "document_kind": document_kind,
        "document": DocumentKind(document_kind).label,
    }
    _tell(user_id, kind, subject, **document, **facts)


def _tell(user_id: UUID, kind: Kind, subject: str, **payload: Any) -> None:
    notification_create(user_id=user_id, kind=kind, subject_key=subject, payload=payload)
