"""What every reaction has in common, and the sweep."""

from uuid import uuid4

import pytest
from django.core import mail

from disputes.events import DisputeClosed, DisputeOpened
from fixmate.core import runner, sweeps
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
from matching.events import OfferCreated, OfferExpired, OfferUnseen, OfferWithdrawn
from notifications.tests.factories import DeliveryFactory
from payments.events import PaymentCaptured
from reviews.events import ReviewCreated

pytestmark = pytest.mark.django_db


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
