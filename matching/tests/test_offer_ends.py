"""What the end of an offer means for its technician: rest, pause, the count of his answers, and memory."""

from datetime import timedelta

import pytest

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from jobs.tests.factories import JobFactory, job_matching
from matching.enums import AlertKind, Gate, OfferStatus, PassOutcome, RejectReason
from matching.errors import OfferClosed, OfferExpired
from matching.models import Alert, Offer, ServiceRules
from matching.services import (
    matching_run_pass,
    offer_accept,
    offer_expire_due,
    offer_mark_seen,
    offer_reject,
)
from matching.services.expiry import offers_expire
from matching.tests.factories import OfferFactory, offer_rejected
from technicians.models import Technician
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def offer(noon):
    job = job_matching(created_at=noon)
    return OfferFactory(job=job, technician=technician_ready(job.service), created_at=noon)


def rest_of(offer):
    technician = Technician.objects.get(pk=offer.technician_id)
    return technician.silent_in_row, technician.cooldown_until, technician.paused_until


def answers_of(offer):
    technician = Technician.objects.get(pk=offer.technician_id)
    return technician.recent_decided, technician.recent_accepted


def silent_twice(offer):
    Technician.objects.filter(pk=offer.technician_id).update(silent_in_row=2)


def test_refusal_is_followed_by_a_short_rest_and_counts_once(offer, noon):
    silent_twice(offer)

    offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.OTHER)

    assert rest_of(offer) == (0, noon + 30 * SECOND, None)
    assert answers_of(offer) == (1, 0)


def test_refused_refusal_counts_nothing(offer):
    with clock.frozen(offer.expires_at), pytest.raises(OfferExpired):
        offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.OTHER)

    assert (rest_of(offer), answers_of(offer)) == ((0, None, None), (0, 0))


def test_accept_breaks_the_silence_and_counts_once(offer):
    silent_twice(offer)

    offer_accept(offer_id=offer.pk, actor=offer.technician.user)
    with pytest.raises(OfferClosed):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert (rest_of(offer), answers_of(offer)) == ((0, None, None), (1, 1))


def test_offer_that_was_seen_and_ran_out_counts_as_silence(offer):
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    with clock.frozen(offer.expires_at):
        offer_expire_due()
        offers_expire([(offer.job_id, offer.pk)])

    assert rest_of(offer) == (1, offer.expires_at + 60 * SECOND, None)
    assert answers_of(offer) == (1, 0)


def test_third_silence_in_a_row_pauses_him_and_he_is_told(offer, drain):
    silent_twice(offer)
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    with clock.frozen(offer.expires_at):
        offer_expire_due()

    assert rest_of(offer)[2] == offer.expires_at + 300 * SECOND
    assert OutboxMessage.objects.filter(task="notifications.offers_paused").count() == 1


def test_offer_that_nobody_was_shown_counts_nothing_and_costs_a_moment(offer):
    silent_twice(offer)

    with clock.frozen(offer.expires_at):
        offer_expire_due()

    assert rest_of(offer) == (2, offer.expires_at + 20 * SECOND, None)
    assert answers_of(offer) == (0, 0)


def test_numbers_are_those_of_the_service(offer, noon):
    ServiceRules.objects.create(service=offer.job.service, cooldown_reject_s=0, cooldown_silent_s=7)

    offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.OTHER)

    assert rest_of(offer)[1] == noon


def test_who_rests_gets_no_offer_until_he_has_rested(offer, noon):
    offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.OTHER)
    job = JobFactory(service=offer.job.service, created_at=noon)

    early = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + 30 * SECOND):
        rested = matching_run_pass(job_id=job.pk)

    (refusal,) = [verdict for verdict in early.decisions.get().verdicts if not verdict["passed"]]
    assert (refusal["gate"], refusal["value"]) == (Gate.RESTED, "2026-03-02T12:00:30+00:00")
    assert (early.outcome, rested.outcome) == (PassOutcome.NOBODY, PassOutcome.OFFERED)


@pytest.mark.parametrize(
    ("reason", "other_service", "outcome"),
    [
        (RejectReason.BUSY, True, PassOutcome.NOBODY),
        (RejectReason.OTHER, False, PassOutcome.OFFERED),
        (RejectReason.NO_PARTS, False, PassOutcome.NOBODY),
        (RejectReason.NO_PARTS, True, PassOutcome.OFFERED),
        (RejectReason.PRICE, False, PassOutcome.NOBODY),
        (RejectReason.PRICE, True, PassOutcome.OFFERED),
    ],
)
def test_reason_of_a_refusal_bears_on_the_next_job(noon, reason, other_service, outcome):
    service = ServiceFactory()
    refused = job_matching(created_at=noon, service=ServiceFactory() if other_service else service)
    offer_rejected(reason=reason, job=refused, technician=technician_ready(service), created_at=noon)

    this_pass = matching_run_pass(job_id=JobFactory(created_at=noon, service=service).pk)

    assert this_pass.outcome == outcome


# Staff


def decline_after(refusals, noon):
    """Have a job declined that so many have declined before; return it."""
    job = job_matching(created_at=noon)
    for number in range(1, refusals + 1):
        offer_rejected(job=job, technician=technician_ready(job.service), created_at=noon, number=number)
    last = OfferFactory(job=job, technician=technician_ready(job.service), created_at=noon, number=refusals + 1)
    offer_reject(offer_id=last.pk, actor=last.technician.user, reason=RejectReason.OTHER)
    return job


def test_sixth_refusal_of_a_job_shows_it_to_staff(noon):
    job = decline_after(5, noon)

    alert = Alert.objects.get()
    assert (alert.kind, alert.subject, alert.job) == (AlertKind.MANY_REFUSALS, str(job.pk), job)
    assert alert.data == {"refusals": 6}


def test_service_may_have_a_job_shown_earlier(noon, settings):
    settings.REFUSALS_BEFORE_FLAG = 2

    decline_after(1, noon)

    assert Alert.objects.count() == 1


def test_fifth_refusal_is_no_news(noon):
    decline_after(4, noon)

    assert not Alert.objects.exists()


# A clock that jumps


def test_clock_set_back_ends_no_offer_early_and_breaks_nothing(offer, noon):
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    with clock.frozen(noon - timedelta(hours=1)):
        expired = offer_expire_due()
        offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.BUSY)
        again = matching_run_pass(job_id=offer.job_id)

    assert expired == 0
    assert Offer.objects.get().status == OfferStatus.REJECTED
    assert (again.outcome, again.radius_m, again.duration_ms >= 0) == (PassOutcome.NOBODY, 6000, True)


def test_clock_set_forward_ends_an_offer_once(offer, noon):
    with clock.frozen(noon + timedelta(days=1)):
        assert [offer_expire_due(), offer_expire_due()] == [1, 0]


def test_pass_on_a_clock_set_back_finds_everybody_fresh_and_nothing_negative(noon):
    job = JobFactory(created_at=noon)
    technician_ready(job.service)

    with clock.frozen(noon - timedelta(hours=1)):
        job.created_at = job.next_pass_at = clock.now()
        job.save()
        this_pass = matching_run_pass(job_id=job.pk)

    decision = this_pass.decisions.get()
    assert this_pass.outcome == PassOutcome.OFFERED
    assert next(row["value"] for row in decision.verdicts if row["gate"] == Gate.POSITION) == 0
    assert decision.terms["patience"] == 0
