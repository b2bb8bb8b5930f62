"""Offers, verification and documents, told to the technician: while they are so, under the lock of what is told of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fixmate.core import clock
from jobs.enums import JobStatus
from matching.enums import OfferStatus
from matching.models import Offer
from notifications.enums import Kind
from notifications.kinds import PROFILE
from notifications.selectors import occasions_told, offer_get_locked
from notifications.services.delivery import notification_create
from notifications.services.news import news, shown, tell_technician
from technicians.enums import DocumentStatus, Verification
from technicians.models import Document
from technicians.selectors import document_get_locked, technician_get_locked

RESUME_PATH = "/api/v1/technicians/me/resume"


@news
def notification_tell_offer_created(*, offer_id: UUID) -> None:
    """Tell of the offer while it can be answered."""
    offer = offer_get_locked(offer_id)
    if _is_open(offer):
        _tell_offer(offer, Kind.OFFER_RECEIVED, offer_id, **_terms(offer))


@news
def notification_tell_offer_unseen(*, offer_id: UUID) -> None:
    """Tell of the offer a second time, unless he has seen it by now or it is over."""
    offer = offer_get_locked(offer_id)
    if _is_open(offer) and offer.seen_at is None:
        _tell_offer(offer, Kind.OFFER_RECEIVED, f"{offer_id}:again", **_terms(offer))


def _is_open(offer: Offer) -> bool:
    """Tell whether he can answer it now: a job that was called off leaves its offer open for a moment."""
    is_wanted = offer.status == OfferStatus.PENDING and offer.job.status == JobStatus.MATCHING
    return is_wanted and offer.expires_at > clock.now()


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
    _tell_offer(offer_get_locked(offer_id), Kind.OFFER_EXPIRED, offer_id)


@news
def notification_tell_offer_withdrawn(*, offer_id: UUID) -> None:
    _tell_offer(offer_get_locked(offer_id), Kind.OFFER_WITHDRAWN, offer_id)


def _tell_offer(offer: Offer, kind: Kind, subject: object, **facts: Any) -> None:
    user_id = offer.technician.user_id
    tell_technician(user_id, offer.job, kind, subject, offer_id=str(offer.pk), **facts)


@news
def notification_tell_profile_approved(*, technician_id: UUID, occasion: int) -> None:
    """`occasion` tells one approval from the next: a profile may be approved again after a rejection."""
    _tell_profile(technician_id, Verification.VERIFIED, Kind.PROFILE_APPROVED, occasion)


@news
def notification_tell_profile_rejected(*, technician_id: UUID, reason: str, occasion: int) -> None:
    _tell_profile(technician_id, Verification.REJECTED, Kind.PROFILE_REJECTED, occasion, reason=reason)


@news
def notification_tell_profile_suspended(*, technician_id: UUID, reason: str, occasion: int) -> None:
    _tell_profile(technician_id, Verification.SUSPENDED, Kind.PROFILE_SUSPENDED, occasion, reason=reason)


def _tell_profile(technician_id: UUID, fits: Verification, kind: Kind, occasion: int, **facts: str) -> None:
    """Tell what was decided about the profile while it is so, unless he has been told of a later decision."""
    technician = technician_get_locked(technician_id)
    is_newest = all(told <= occasion for told in occasions_told(technician.user_id, PROFILE))
    if technician.verification == fits and is_newest:
        _tell(technician.user_id, kind, str(occasion), **facts)


@news
def notification_tell_offers_paused(*, technician_id: UUID, until: str) -> None:
    """Tell him until when, for his own clock, while it is so; the payload holds what one tap on Resume calls."""
    technician, ends_at = technician_get_locked(technician_id), datetime.fromisoformat(until)
    if technician.paused_until != ends_at or ends_at <= clock.now():
        return
    facts = {"paused_until": until, "time_zone": technician.time_zone, "resume": RESUME_PATH}
    _tell(technician.user_id, Kind.OFFERS_PAUSED, until, **facts)


@news
def notification_tell_document_reviewed(*, document_id: UUID, status: str, reason: str) -> None:
    document = document_get_locked(document_id)
    if document.status == status:
        _tell_document(document, Kind.DOCUMENT_REVIEWED, str(document_id), status=status, reason=reason)


@news
def notification_tell_document_expiring(*, document_id: UUID, expires_on: str) -> None:
    document = document_get_locked(document_id)
    if document.status == DocumentStatus.APPROVED:
        _tell_document(document, Kind.DOCUMENT_EXPIRING, f"{document_id}:{expires_on}", expires_on=expires_on)


@news
def notification_tell_document_expired(*, document_id: UUID) -> None:
    _tell_document(document_get_locked(document_id), Kind.DOCUMENT_EXPIRED, str(document_id))


def _tell_document(document: Document, kind: Kind, subject: str, **facts: str) -> None:
    named = {"document_id": str(document.pk), "document_kind": document.kind}
    _tell(document.technician.user_id, kind, subject, **named, **facts)


def _tell(user_id: UUID, kind: Kind, subject: str, **payload: Any) -> None:
    notification_create(user_id=user_id, kind=kind, subject_key=subject, payload=payload)
