"""Offers, verification and documents, told to the technician."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fixmate.core import clock
from matching.enums import OfferStatus
from matching.models import Offer
from notifications.enums import Kind
from notifications.selectors import offer_get
from notifications.services.delivery import notification_create
from notifications.services.news import news, shown, tell_technician
from technicians.enums import DocumentKind, DocumentStatus
from technicians.selectors import technician_get

RESUME_PATH = "/api/v1/technicians/me/resume"


@news
def notification_tell_offer_created(*, offer_id: UUID) -> None:
    offer = offer_get(offer_id)
    _tell_offer(offer, Kind.OFFER_RECEIVED, offer_id, **_terms(offer))


@news
def notification_tell_offer_unseen(*, offer_id: UUID) -> None:
    """Tell of the offer a second time, unless he has seen it by now or it is over."""
    offer = offer_get(offer_id)
    if offer.status == OfferStatus.PENDING and offer.seen_at is None:
        _tell_offer(offer, Kind.OFFER_RECEIVED, f"{offer_id}:again", **_terms(offer))


def _terms(offer: Offer) -> dict[str, Any]:
    """Return what he decides by. The phone's clock may be wrong: `server_now` says how long he really has."""
    return {
        "distance_m": offer.distance_m,
        "pays": shown(offer.technician_earnings),
        "expires_at": offer.expires_at.isoformat(),
        "server_now": clock.now().isoformat(),
    }


@news
def notification_tell_offer_expired(*, offer_id: UUID) -> None:
    _tell_offer(offer_get(offer_id), Kind.OFFER_EXPIRED, offer_id)


@news
def notification_tell_offer_withdrawn(*, offer_id: UUID) -> None:
    _tell_offer(offer_get(offer_id), Kind.OFFER_WITHDRAWN, offer_id)


def _tell_offer(offer: Offer, kind: Kind, subject: object, **facts: Any) -> None:
    user_id = offer.technician.user_id
    tell_technician(user_id, offer.job, kind, subject, offer_id=str(offer.pk), **facts)


def notification_tell_profile_approved(*, user_id: UUID, occasion: str) -> None:
    """`occasion` tells one approval from the next: a profile may be approved again after a rejection."""
    _tell(user_id, Kind.PROFILE_APPROVED, occasion)


def notification_tell_profile_rejected(*, user_id: UUID, reason: str, occasion: str) -> None:
    _tell(user_id, Kind.PROFILE_REJECTED, occasion, reason=reason)


def notification_tell_profile_suspended(*, user_id: UUID, reason: str, occasion: str) -> None:
    _tell(user_id, Kind.PROFILE_SUSPENDED, occasion, reason=reason)


@news
def notification_tell_offers_paused(*, technician_id: UUID, until: str) -> None:
    """Tell him until when, on his own clock; the payload holds what one tap on Resume calls. Once per pause."""
    technician = technician_get(technician_id)
    wall = datetime.fromisoformat(until).astimezone(ZoneInfo(technician.time_zone))
    facts = {"until": wall.strftime("%H:%M"), "paused_until": until, "resume": RESUME_PATH}
    _tell(technician.user_id, Kind.OFFERS_PAUSED, until, **facts)


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
