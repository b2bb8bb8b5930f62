"""Who hears of what: each event is published and carried as in life."""

from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from disputes.enums import DisputeCategory
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute
from fixmate.core import runner, sweeps
from fixmate.core.enums import OutboxStatus
from fixmate.core.events import publish
from fixmate.core.models import OutboxMessage
from jobs.enums import CancelReason, PriceKind
from jobs.events import (
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobReleased,
    JobReminderDue,
    JobRequested,
    JobStarted,
    JobUnmatched,
)
from jobs.services import job_assign
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
    price_for,
)
from matching.events import OfferCreated, OfferExpired, OfferUnseen, OfferWithdrawn
from matching.tests.factories import OfferFactory, offer_expired
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.factories import DeliveryFactory
from payments.events import PaymentCaptured
from payments.tests.factories import PaymentFactory, payment_captured
from reviews.events import ReviewCreated
from reviews.models import Review
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
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
USD = "USD"


@pytest.fixture
def tell(drain):
    """Return the call that publishes an event and has this app alone react to it."""

    def told(event):
        with transaction.atomic():
            publish(event)
        OutboxMessage.objects.exclude(task__startswith="notifications.").delete()
        drain()
        assert not OutboxMessage.objects.exclude(status=OutboxStatus.DONE).exists()
        return [(row.user, row.kind) for row in Notification.objects.order_by("id").select_related("user")]

    return told


def _payload_of(kind, user):
    return Notification.objects.get(kind=kind, user=user).payload


# Jobs


def test_job_requested_tells_the_customer_what_it_costs(tell):
    job = JobFactory()

    assert tell(JobRequested(job_id=job.pk)) == [(job.customer, Kind.JOB_REQUESTED)]
    assert _payload_of(Kind.JOB_REQUESTED, job.customer) == {
        "job_id": str(job.pk),
        "service": job.service.name,
        "price": {"amount": "100.00", "currency": USD},
    }


def test_job_assigned_tells_both(tell):
    job = job_assigned()
    event = JobAssigned(job_id=job.pk, technician_id=job.technician_id)

    told = tell(event)

    assert told == [(job.customer, Kind.JOB_ASSIGNED), (job.technician.user, Kind.JOB_YOURS)]
    assert _payload_of(Kind.JOB_ASSIGNED, job.customer)["technician"] == "Ada"
    assert _payload_of(Kind.JOB_YOURS, job.technician.user)["pays"] == {"amount": "85.00", "currency": USD}
    assert tell(event) == told


def test_mails_name_no_place_and_no_contact(tell):
    job = job_assigned(address="12 Beacon Street", customer__phone="+16175550100", customer__email="c@example.com")
    OfferFactory(job=job_matching(address="12 Beacon Street"))

    tell(JobRequested(job_id=job.pk))
    tell(JobAssigned(job_id=job.pk, technician_id=job.technician_id))

    everything = " ".join(letter.subject + letter.body for letter in mail.outbox) + str(
        list(Notification.objects.values_list("payload", flat=True))
    )
    assert len(mail.outbox) == 3
    for private in ("Beacon", "6175550100", "c@example.com", "42.36"):
        assert private not in everything


def test_job_assigned_to_another_technician_is_news_again(tell):
    first, second = TechnicianFactory(), TechnicianFactory()
    job = job_assigned(second)

    tell(JobAssigned(job_id=job.pk, technician_id=first.pk))
    told = tell(JobAssigned(job_id=job.pk, technician_id=second.pk))

    assert [kind for user, kind in told if user == job.customer] == [Kind.JOB_ASSIGNED, Kind.JOB_ASSIGNED]


def test_job_assigned_to_who_lost_it_is_news_again(tell, noon):
    technician, job = TechnicianFactory(), job_matching(created_at=noon)
    for _ in range(2):
        job_assign(job=job, technician=technician, actor=technician.user, at=noon)
        tell(JobAssigned(job_id=job.pk, technician_id=technician.pk))
        job.release(at=noon)
        job.save()

    told = list(Notification.objects.filter(user=technician.user).values_list("kind", flat=True))
    assert told == [Kind.JOB_YOURS, Kind.JOB_YOURS]


def _released(job, technician, reason):
    return JobReleased(job_id=job.pk, technician_id=technician.pk, reason=reason)


def test_job_released_tells_the_customer(tell):
    job, technician = job_matching(), TechnicianFactory()

    assert tell(_released(job, technician, CancelReason.CANNOT_COME)) == [(job.customer, Kind.JOB_RELEASED)]


def test_job_taken_from_who_went_dark_tells_both(tell):
    job, technician = job_matching(), TechnicianFactory()
    event = _released(job, technician, CancelReason.WENT_DARK)

    told = tell(event)

    assert told == [(job.customer, Kind.JOB_RELEASED), (technician.user, Kind.JOB_GONE)]
    assert _payload_of(Kind.JOB_GONE, technician.user)["why"] == "we could not reach you before the visit"
    assert tell(event) == told


def test_job_transferred_tells_who_had_it_alone(tell):
    job, technician = job_assigned(), TechnicianFactory()

    assert tell(_released(job, technician, CancelReason.TRANSFERRED)) == [(technician.user, Kind.JOB_GONE)]


def _reminder(job):
    return JobReminderDue(job_id=job.pk, technician_id=job.technician_id)


def test_visit_near_tells_both_the_time_where_it_is(tell, noon):
    technician = TechnicianFactory(time_zone="America/New_York")
    job = job_assigned(technician, created_at=noon, scheduled_for=noon)

    told = tell(_reminder(job))

    assert told == [(job.customer, Kind.VISIT_REMINDER), (technician.user, Kind.VISIT_REMINDER)]
    assert _payload_of(Kind.VISIT_REMINDER, job.customer) == {
        "job_id": str(job.pk),
        "service": job.service.name,
        "technician": "Ada",
        "visit_at": "07:00",
    }
    assert tell(_reminder(job)) == told


def test_visit_near_is_no_news_once_another_has_the_job(tell):
    job, other = job_assigned(), TechnicianFactory()

    assert tell(JobReminderDue(job_id=job.pk, technician_id=other.pk)) == []


def test_job_unmatched_tells_the_customer_once_per_search(tell):
    job = job_unmatched()
    tell(JobUnmatched(job_id=job.pk, search_number=1))
    assert tell(JobUnmatched(job_id=job.pk, search_number=1)) == [(job.customer, Kind.JOB_UNMATCHED)]

    job.search_again(at=job.created_at)
    job.give_up()
    job.save()

    assert len(tell(JobUnmatched(job_id=job.pk, search_number=2))) == 2


def test_two_searches_that_ended_give_two_notifications_however_late(tell):
    job = job_unmatched()
    job.search_again(at=job.created_at)
    job.give_up()
    job.save()

    tell(JobUnmatched(job_id=job.pk, search_number=1))
    told = tell(JobUnmatched(job_id=job.pk, search_number=2))

    assert told == [(job.customer, Kind.JOB_UNMATCHED)] * 2


def test_job_unmatched_is_no_news_once_the_search_goes_on(tell):
    assert tell(JobUnmatched(job_id=job_matching().pk, search_number=1)) == []


def test_job_started_tells_the_customer(tell):
    job = job_in_progress()

    assert tell(JobStarted(job_id=job.pk, technician_id=job.technician_id)) == [(job.customer, Kind.JOB_STARTED)]


def test_job_completed_tells_both_what_it_came_to(tell):
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=12_000, revision=2)

    told = tell(JobCompleted(job_id=job.pk, technician_id=job.technician_id))

    assert told == [(job.customer, Kind.JOB_COMPLETED), (job.technician.user, Kind.JOB_COMPLETED)]
    assert _payload_of(Kind.JOB_COMPLETED, job.customer)["price"] == {"amount": "120.00", "currency": USD}
    assert _payload_of(Kind.JOB_COMPLETED, job.technician.user)["pays"] == {"amount": "102.00", "currency": USD}


def test_job_cancelled_before_anybody_took_it_tells_the_customer(tell):
    job = job_matching()

    told = tell(JobCancelled(job_id=job.pk, technician_id=None, has_fee=False, cancelled_by="CUSTOMER"))

    assert told == [(job.customer, Kind.JOB_CANCELLED)]
    assert "fee" not in _payload_of(Kind.JOB_CANCELLED, job.customer)


def test_job_cancelled_for_a_fee_tells_both_their_part(tell):
    job = job_assigned()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)

    told = tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by="CUSTOMER"))

    assert told == [(job.customer, Kind.JOB_CANCELLED), (job.technician.user, Kind.JOB_CANCELLED)]
    assert _payload_of(Kind.JOB_CANCELLED, job.customer)["fee"] == {"amount": "20.00", "currency": USD}
    assert _payload_of(Kind.JOB_CANCELLED, job.technician.user)["pays"] == {"amount": "17.00", "currency": USD}


def test_job_cancelled_for_nothing_tells_the_technician_too(tell):
    job = job_assigned()

    told = tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by="ADMIN"))

    assert told == [(job.customer, Kind.JOB_CANCELLED), (job.technician.user, Kind.JOB_CANCELLED)]
    assert "pays" not in _payload_of(Kind.JOB_CANCELLED, job.technician.user)


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
    assert _payload_of(kind, offer.technician.user)["offer_id"] == str(offer.pk)
    assert mail.outbox == []


def test_offer_created_says_what_it_pays_and_how_far_it_is(tell, noon):
    offer = OfferFactory()

    tell(OfferCreated(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id))

    assert _payload_of(Kind.OFFER_RECEIVED, offer.technician.user) == {
        "job_id": str(offer.job_id),
        "service": offer.job.service.name,
        "offer_id": str(offer.pk),
        "distance_m": 1200,
        "pays": {"amount": "85.00", "currency": USD},
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
    ("event", "facts", "kind", "payload"),
    [
        (TechnicianVerified, {}, Kind.PROFILE_APPROVED, {}),
        (TechnicianRejected, {"reason": "Blurred"}, Kind.PROFILE_REJECTED, {"reason": "Blurred"}),
        (TechnicianSuspended, {"reason": "Complaints"}, Kind.PROFILE_SUSPENDED, {"reason": "Complaints"}),
    ],
)
def test_verification_tells_the_technician_each_time(tell, event, facts, kind, payload):
    technician = TechnicianFactory()
    happened = event(technician_id=technician.pk, user_id=technician.user_id, **facts)

    assert tell(happened) == [(technician.user, kind)]
    assert _payload_of(kind, technician.user) == payload
    assert tell(happened) == [(technician.user, kind)] * 2


def test_pause_tells_the_technician_until_when_on_his_clock_and_how_to_resume(tell):
    technician = TechnicianFactory(time_zone="America/New_York")
    paused = TechnicianPaused(
        technician_id=technician.pk, user_id=technician.user_id, until="2026-03-02T12:05:00+00:00"
    )

    assert tell(paused) == [(technician.user, Kind.OFFERS_PAUSED)]
    assert _payload_of(Kind.OFFERS_PAUSED, technician.user) == {
        "until": "07:05",
        "paused_until": "2026-03-02T12:05:00+00:00",
        "resume": "/api/v1/technicians/me/resume",
    }
    assert tell(paused) == [(technician.user, Kind.OFFERS_PAUSED)]


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
def test_document_reviewed_tells_the_outcome(tell, status, reason, expected):
    technician = TechnicianFactory()

    told = tell(
        DocumentReviewed(
            document_id=uuid4(), user_id=technician.user_id, kind=DocumentKind.LICENCE, status=status, reason=reason
        )
    )

    assert told == [(technician.user, Kind.DOCUMENT_REVIEWED)]
    assert expected in mail.outbox[0].body


def test_document_expiry_is_told_before_and_after(tell):
    technician, document_id = TechnicianFactory(), uuid4()
    facts = {"document_id": document_id, "user_id": technician.user_id, "kind": DocumentKind.IDENTITY}

    tell(DocumentExpiring(**facts, expires_on="2026-04-01"))
    told = tell(DocumentExpired(**facts))

    assert told == [(technician.user, Kind.DOCUMENT_EXPIRING), (technician.user, Kind.DOCUMENT_EXPIRED)]
    assert mail.outbox[0].subject == "Identity expires on 2026-04-01"


# Money, reviews, disputes


def test_payment_captured_tells_each_their_amount_as_stored(tell):
    payment = payment_captured()

    told = tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id))

    assert told == [(payment.customer, Kind.PAYMENT_CAPTURED), (payment.technician.user, Kind.PAYMENT_CAPTURED)]
    assert _payload_of(Kind.PAYMENT_CAPTURED, payment.customer)["amount"]["amount"] == "100.00"
    assert _payload_of(Kind.PAYMENT_CAPTURED, payment.technician.user)["amount"]["amount"] == "85.00"


def test_payment_captured_without_a_technician_tells_the_customer(tell):
    payment = payment_captured(job=JobFactory())

    assert tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id)) == [
        (payment.customer, Kind.PAYMENT_CAPTURED)
    ]


def test_payment_without_amounts_is_no_news(tell):
    payment = PaymentFactory()

    assert tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id)) == []


def test_review_created_tells_the_technician(tell):
    job = job_completed()
    review = Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=job.created_at
    )

    told = tell(ReviewCreated(review_id=review.pk, job_id=job.pk, technician_id=job.technician_id, rating=4))

    assert told == [(job.technician.user, Kind.REVIEW_RECEIVED)]
    assert _payload_of(Kind.REVIEW_RECEIVED, job.technician.user)["rating"] == 4


def test_disputes_tell_both_sides(tell):
    job = job_completed()
    dispute = Dispute.objects.create(
        job=job,
        technician=job.technician,
        opened_by=job.customer,
        category=DisputeCategory.QUALITY,
        description="It drips again.",
        created_at=job.created_at,
    )

    tell(DisputeOpened(dispute_id=dispute.pk, job_id=job.pk, opened_by_id=job.customer_id))
    told = tell(DisputeClosed(dispute_id=dispute.pk, job_id=job.pk, status="RESOLVED"))

    assert told == [
        (job.customer, Kind.DISPUTE_OPENED),
        (job.technician.user, Kind.DISPUTE_OPENED),
        (job.customer, Kind.DISPUTE_CLOSED),
        (job.technician.user, Kind.DISPUTE_CLOSED),
    ]


# News about what is gone


@pytest.mark.parametrize(
    "event",
    [
        JobRequested(job_id=uuid4()),
        JobAssigned(job_id=uuid4(), technician_id=uuid4()),
        JobReleased(job_id=uuid4(), technician_id=uuid4(), reason="CANNOT_COME"),
        JobReminderDue(job_id=uuid4(), technician_id=uuid4()),
        JobUnmatched(job_id=uuid4(), search_number=1),
        JobStarted(job_id=uuid4(), technician_id=uuid4()),
        JobCompleted(job_id=uuid4(), technician_id=uuid4()),
        JobCancelled(job_id=uuid4(), technician_id=None, has_fee=False, cancelled_by="ADMIN"),
        OfferCreated(offer_id=uuid4(), job_id=uuid4(), technician_id=uuid4()),
        OfferUnseen(offer_id=uuid4(), job_id=uuid4(), technician_id=uuid4()),
        OfferExpired(offer_id=uuid4(), job_id=uuid4(), technician_id=uuid4()),
        OfferWithdrawn(offer_id=uuid4(), job_id=uuid4(), technician_id=uuid4()),
        PaymentCaptured(payment_id=uuid4(), job_id=uuid4()),
        ReviewCreated(review_id=uuid4(), job_id=uuid4(), technician_id=uuid4(), rating=5),
        DisputeOpened(dispute_id=uuid4(), job_id=uuid4(), opened_by_id=uuid4()),
        DisputeClosed(dispute_id=uuid4(), job_id=uuid4(), status="DISMISSED"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_news_about_what_is_gone_is_dropped_without_an_error(tell, event):
    assert tell(event) == []


def test_send_pending_is_a_sweep(noon, drain):
    assert "notifications.send_pending" in sweeps.registered()
    DeliveryFactory(created_at=noon.replace(hour=11))

    runner.run_sweep("notifications.send_pending")
    drain()

    assert len(mail.outbox) == 1
