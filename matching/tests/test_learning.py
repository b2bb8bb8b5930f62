"""The time to answer an offer, as learned from answers."""

from datetime import timedelta

import pytest

from catalog.tests.factories import CategoryFactory, ServiceFactory
from jobs.tests.factories import JobFactory, job_matching
from matching.models import Offer, ServiceRules
from matching.services import matching_run_pass
from matching.services.learning import learned_timeout_s
from matching.tests.factories import OfferFactory, offer_expired
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("times_s", "timeout_s"),
    [
        ([50.0] * 49, 60),
        ([50.0] * 50, 50),
        ([50.2] * 50, 51),
        ([5.0] * 50, 30),
        ([500.0] * 50, 120),
        ([40.0] * 85 + [100.0] * 15, 40),
        ([40.0] * 84 + [100.0] * 16, 100),
    ],
)
def test_timeout_is_the_85th_percentile_of_the_answers_within_bounds(times_s, timeout_s):
    assert learned_timeout_s(times_s, 60) == timeout_s


@pytest.fixture
def learning(settings):
    settings.LEARN_TIMEOUT, settings.LEARN_FROM_ANSWERS = True, 2


def answered(service, at, took_s, **kwargs):
    offer = OfferFactory(job=job_matching(created_at=at, service=service, **kwargs), created_at=at)
    offer.reject(reason="OTHER", note="", at=at + took_s * SECOND)
    offer.save()


def timeout_of(service, noon, **kwargs):
    technician_ready(service)
    job = JobFactory(created_at=noon, service=service, **kwargs)
    matching_run_pass(job_id=job.pk)
    offer = Offer.objects.get(job=job)
    return (offer.expires_at - offer.created_at).total_seconds()


def test_pass_gives_the_time_that_its_trade_was_seen_to_need(learning, noon):
    category = CategoryFactory()
    service, kin = ServiceFactory(category=category), ServiceFactory(category=category)
    for took_s in (40, 41):
        answered(kin, noon - MINUTE, took_s)

    assert timeout_of(service, noon) == 41


@pytest.mark.parametrize("case", ["another trade", "too old", "for later", "silent", "too few"])
def test_answers_that_say_nothing_are_left_out(learning, noon, service, case):
    answered(service, noon - MINUTE, 40)
    if case == "another trade":
        answered(ServiceFactory(category=CategoryFactory()), noon - MINUTE, 40)
    if case == "too old":
        answered(service, noon - timedelta(days=14) - SECOND, 40)
    if case == "for later":
        answered(service, noon - MINUTE, 40, scheduled_for=noon)
    if case == "silent":
        offer_expired(job=job_matching(created_at=noon, service=service), created_at=noon - MINUTE)

    assert timeout_of(service, noon) == 60


def test_learning_can_be_switched_on_for_one_service(noon, service, settings):
    settings.LEARN_FROM_ANSWERS = 1
    answered(service, noon - MINUTE, 40)
    before = timeout_of(service, noon)
    ServiceRules.objects.create(service=service, learns_timeout=True)

    assert (before, timeout_of(service, noon)) == (60, 40)


def test_offer_for_later_keeps_its_longer_time(learning, noon, service):
    for _ in range(2):
        answered(service, noon - MINUTE, 40)

    assert timeout_of(service, noon, scheduled_for=noon + timedelta(hours=1)) == 180
