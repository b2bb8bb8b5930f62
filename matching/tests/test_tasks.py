"""The reactions: each event reaches its task through the outbox."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from fixmate.core.runner import run_sweep
from fixmate.core.sweeps import registered
from jobs.enums import CancelReason, JobStatus
from jobs.models import Job
from jobs.services import job_cancel_by_customer, job_release_by_technician
from jobs.tests.helpers import job_ordered
from matching.enums import OfferStatus
from matching.models import Offer
from matching.services import offer_accept
from matching.tests.factories import OfferFactory
from technicians.services import technician_go_offline
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(noon, customer, service, drain):
    technician_ready(service)
    job_ordered(customer, service)
    drain()
    return Offer.objects.get()


@pytest.fixture
def customer():
    return UserFactory()


def test_request_becomes_an_offer(offer):
    assert (offer.status, offer.job.status) == (OfferStatus.PENDING, JobStatus.MATCHING)


def test_cancelled_job_loses_its_offer(offer, drain):
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)
    drain()

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN


def test_released_job_goes_to_somebody_else(offer, drain):
    offer_accept(offer_id=offer.pk, actor=offer.technician.user)
    second = technician_ready(offer.job.service)

    job_release_by_technician(job_id=offer.job_id, actor=offer.technician.user, reason=CancelReason.CANNOT_COME)
    drain()

    statuses = Offer.objects.order_by("number").values_list("technician_id", "status")
    assert list(statuses) == [(offer.technician_id, OfferStatus.RELEASED), (second.pk, OfferStatus.PENDING)]


def test_technician_who_goes_offline_loses_his_offer_to_the_next(offer, drain):
    second = technician_ready(offer.job.service)

    technician_go_offline(technician_id=offer.technician_id)
    drain()

    assert Offer.objects.get(status=OfferStatus.PENDING).technician == second


def test_sweeps_expire_offers_and_order_passes(offer, drain, noon):
    with clock.frozen(noon + timedelta(seconds=60)):
        run_sweep("matching.expire_offers")
        second = technician_ready(offer.job.service)
        drain()

    assert Offer.objects.get(status=OfferStatus.PENDING).technician == second


def test_sweep_finds_a_job_whose_first_event_was_lost(customer, service, noon, drain):
    technician_ready(service)
    job = job_ordered(customer, service)
    _lose_every_message()
    with clock.frozen(noon + timedelta(seconds=15)):
        technician_ready(service)
        run_sweep("matching.request_passes")
        drain()

    assert Job.objects.get(pk=job.pk).status == JobStatus.MATCHING
    assert Offer.objects.count() == 1


def test_both_sweeps_run_twice_a_second():
    assert {name: registered()[name] for name in ("matching.expire_offers", "matching.request_passes")} == {
        "matching.expire_offers": timedelta(milliseconds=500),
        "matching.request_passes": timedelta(milliseconds=500),
    }


def test_late_expiry_sweep_does_not_touch_open_offers(noon):
    OfferFactory(created_at=noon)

    run_sweep("matching.expire_offers")

    assert Offer.objects.get().status == OfferStatus.PENDING


def _lose_every_message():
    OutboxMessage.objects.all().delete()
