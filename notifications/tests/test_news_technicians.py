"""Offers, verification and documents, told as they are: each event is published and carried as in life."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from fixmate.core.enums import OutboxStatus
from fixmate.core.events import publish
from fixmate.core.models import OutboxMessage
from matching.events import OfferCreated, OfferExpired, OfferUnseen, OfferWithdrawn
from matching.tests.factories import OfferFactory, offer_expired
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.helpers import payload_of
from technicians.enums import DocumentKind, DocumentStatus
from technicians.events import (
    DocumentExpired,
    DocumentExpiring,
    DocumentReviewed,
    TechnicianPaused,
    TechnicianRejected,
    TechnicianSuspended,
    TechnicianVerified,
)
from technicians.tests.factories import DocumentFactory, TechnicianFactory

pytestmark = pytest.mark.django_db


# Offers


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (OfferCreated, Kind.OFFER_RECEIVED),
        (OfferExpired, Kind.OFFER_EXPIRED),
        (OfferWithdrawn, Kind.OFFER_WITHDRAWN),
    ],
)
def test_offers_tell_their_technician_in_the_app(tell, event, kind):
    offer = OfferFactory()

    told = tell(event(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id))

    assert told == [(offer.technician.user, kind)]
    assert payload_of(kind, offer.technician.user)["offer_id"] == str(offer.pk)
    assert mail.outbox == []


def test_offer_created_says_what_it_pays_and_how_far_it_is(tell, noon):
    offer = OfferFactory()

    tell(OfferCreated(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id))

    assert payload_of(Kind.OFFER_RECEIVED, offer.technician.user) == {
        "job_id": str(offer.job_id),
        "service": offer.job.service.name,
        "offer_id": str(offer.pk),
        "distance_m": 1200,
        "pays": {"amount": "85.00", "currency": "USD"},
        "expires_at": offer.expires_at.isoformat(),
        "server_now": noon.isoformat(),
    }


def test_offer_unseen_is_told_once_more(tell):
    offer = OfferFactory()
    facts = {"offer_id": offer.pk, "job_id": offer.job_id, "technician_id": offer.technician_id}
    tell(OfferCreated(**facts))

    told = [tell(OfferUnseen(**facts)), tell(OfferUnseen(**facts))]

    assert told == [[(offer.technician.user, Kind.OFFER_RECEIVED)] * 2] * 2
    first, second = Notification.objects.order_by("id")
    assert second.payload.keys() == first.payload.keys()
    assert second.payload["offer_id"] == str(offer.pk)


@pytest.mark.parametrize("is_seen", [True, False])
def test_offer_that_was_seen_or_is_over_is_not_told_again(tell, is_seen):
    offer = OfferFactory(seen_at=timezone.now()) if is_seen else offer_expired()

    assert tell(OfferUnseen(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id)) == []


# Technicians


@pytest.mark.parametrize(
    ("event", "state", "facts", "kind"),
    [
        (TechnicianVerified, {}, {}, Kind.PROFILE_APPROVED),
        (TechnicianRejected, {"rejected": True}, {"reason": "Blurred"}, Kind.PROFILE_REJECTED),
        (TechnicianSuspended, {"suspended": True}, {"reason": "Complaints"}, Kind.PROFILE_SUSPENDED),
    ],
)
def test_verification_tells_the_technician_each_time(tell, event, state, facts, kind):
    technician = TechnicianFactory(**state)
    happened = event(technician_id=technician.pk, user_id=technician.user_id, **facts)

    assert tell(happened) == [(technician.user, kind)]
    assert payload_of(kind, technician.user) == facts
    assert tell(happened) == [(technician.user, kind)] * 2


def test_pause_tells_the_technician_until_when_on_his_clock_and_how_to_resume(tell, noon):
    technician = TechnicianFactory(time_zone="America/New_York", paused_until=noon + timedelta(minutes=5))
    paused = TechnicianPaused(
        technician_id=technician.pk, user_id=technician.user_id, until="2026-03-02T12:05:00+00:00"
    )

    assert tell(paused) == [(technician.user, Kind.OFFERS_PAUSED)]
    assert payload_of(Kind.OFFERS_PAUSED, technician.user) == {
        "paused_until": "2026-03-02T12:05:00+00:00",
        "time_zone": "America/New_York",
        "resume": "/api/v1/technicians/me/resume",
    }
    assert tell(paused) == [(technician.user, Kind.OFFERS_PAUSED)]


def test_pause_that_he_has_ended_or_that_is_over_is_no_news(tell, noon):
    resumed, rested = TechnicianFactory(), TechnicianFactory(paused_until=noon)

    tell(TechnicianPaused(technician_id=resumed.pk, user_id=resumed.user_id, until="2026-03-02T12:05:00+00:00"))
    told = tell(TechnicianPaused(technician_id=rested.pk, user_id=rested.user_id, until=noon.isoformat()))

    assert told == []


def test_verification_carried_twice_is_told_once(drain):
    """The row of the outbox is taken up again after a crash between the effect and its record."""
    technician = TechnicianFactory()
    with transaction.atomic():
        publish(TechnicianVerified(technician_id=technician.pk, user_id=technician.user_id))
    OutboxMessage.objects.exclude(task="notifications.technician_verified").delete()
    drain()
    OutboxMessage.objects.filter(task="notifications.technician_verified").update(
        status=OutboxStatus.READY, done_at=None
    )

    drain()

    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (DocumentStatus.APPROVED, "", "We looked at your document. Licence: approved."),
        (DocumentStatus.REJECTED, "Blurred.", "We looked at your document. Licence: rejected. Blurred."),
    ],
)
def test_document_reviewed_tells_the_outcome(tell, noon, status, reason, expected):
    document = DocumentFactory(kind=DocumentKind.LICENCE, status=status, reviewed_at=noon)

    told = tell(DocumentReviewed(status=status, reason=reason, **_named(document)))

    assert told == [(document.technician.user, Kind.DOCUMENT_REVIEWED)]
    assert expected in mail.outbox[0].body


def _named(document):
    return {"document_id": document.pk, "user_id": document.technician.user_id, "kind": document.kind}


def test_document_expiry_is_told_before_and_after(tell):
    document = DocumentFactory(approved=True)

    tell(DocumentExpiring(**_named(document), expires_on="2026-04-01"))
    document.expire()
    document.save()
    told = tell(DocumentExpired(**_named(document)))

    user = document.technician.user
    assert told == [(user, Kind.DOCUMENT_EXPIRING), (user, Kind.DOCUMENT_EXPIRED)]
    assert mail.outbox[0].subject == "Identity expires on April 1, 2026"


def test_what_was_said_of_a_document_and_is_not_so_any_more_is_no_news(tell, noon):
    document = DocumentFactory(status=DocumentStatus.REJECTED, reviewed_at=noon)

    tell(DocumentReviewed(status=DocumentStatus.APPROVED, reason="", **_named(document)))

    assert tell(DocumentExpiring(**_named(document), expires_on="2026-04-01")) == []
