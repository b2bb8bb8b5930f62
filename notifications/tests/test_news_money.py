"""Payments, reviews and disputes, told to whom they concern."""

import pytest

from disputes.enums import DisputeCategory
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute
from jobs.tests.factories import JobFactory, job_completed
from notifications.enums import Kind
from notifications.tests.helpers import payload_of
from payments.events import PaymentCaptured
from payments.tests.factories import PaymentFactory, payment_captured
from reviews.events import ReviewCreated
from reviews.models import Review

pytestmark = pytest.mark.django_db


def test_payment_captured_tells_each_their_amount_as_stored(tell):
    payment = payment_captured()

    told = tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id))

    assert told == [(payment.customer, Kind.PAYMENT_CAPTURED), (payment.technician.user, Kind.PAYMENT_CAPTURED)]
    assert payload_of(Kind.PAYMENT_CAPTURED, payment.customer)["amount"]["amount"] == "100.00"
    assert payload_of(Kind.PAYMENT_CAPTURED, payment.technician.user)["amount"]["amount"] == "85.00"


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
    assert payload_of(Kind.REVIEW_RECEIVED, job.technician.user)["rating"] == 4


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
    dispute.withdraw(at=job.created_at)
    dispute.save()
    told = tell(DisputeClosed(dispute_id=dispute.pk, job_id=job.pk, status="WITHDRAWN"))

    assert told == [
        (job.customer, Kind.DISPUTE_OPENED),
        (job.technician.user, Kind.DISPUTE_OPENED),
        (job.customer, Kind.DISPUTE_CLOSED),
        (job.technician.user, Kind.DISPUTE_CLOSED),
    ]
