from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from jobs.enums import BlockSide, CancelReason, JobStatus
from jobs.models import Block, Job, JobEvent
from jobs.services import job_cancel_by_customer, job_release_by_technician
from jobs.tests.factories import job_matching
from matching.enums import OfferEventKind, OfferStatus, RejectReason
from matching.errors import OfferClosed, OfferExpired
from matching.models import Offer, OfferEvent
from matching.selectors import offer_get_visible_to
from matching.services import (
    offer_accept,
    offer_mark_seen,
    offer_reject,
    offers_settle_of_job,
    offers_withdraw_of_technician,
)
from matching.tests.factories import OfferFactory, offer_accepted, offer_expired, offer_rejected
from technicians.errors import TechnicianNotVerified
from technicians.services import technician_go_offline
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(noon):
    job = job_matching(created_at=noon)
    return OfferFactory(job=job, technician=technician_ready(job.service), created_at=noon)


def nothing_was_written(offer):
    """Assert that the offer and its job are as the factory made them, and nobody was told anything."""
    assert Offer.objects.get(pk=offer.pk).status == OfferStatus.PENDING
    assert Job.objects.get(pk=offer.job_id).status == JobStatus.MATCHING
    assert offer.events.count() == 1
    assert not OutboxMessage.objects.filter(payload__job_id=str(offer.job_id)).exists()


# Accepting


def test_accept_assigns_the_job_with_it(offer, noon):
    offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    offer, job = Offer.objects.get(), Job.objects.get()
    assert (offer.status, offer.closed_at) == (OfferStatus.ACCEPTED, noon)
    assert (job.status, job.technician, job.assigned_at) == (JobStatus.ASSIGNED, offer.technician, noon)
    assert (job.booked_from, job.booked_until) == (noon, noon + timedelta(minutes=60))
    assert offer.events.last().kind == OfferEventKind.ACCEPTED
    assert JobEvent.objects.filter(job=job).last().status == JobStatus.ASSIGNED


def test_accept_a_moment_before_the_deadline_is_in_time(offer, noon):
    with clock.frozen(offer.expires_at - timedelta(microseconds=1)):
        accepted = offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert accepted.status == OfferStatus.ACCEPTED


def test_accept_at_the_deadline_is_too_late(offer):
    with clock.frozen(offer.expires_at), pytest.raises(OfferExpired) as refusal:
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert refusal.value.details == {
        "expires_at": "2026-03-02T12:01:00+00:00",
        "server_now": "2026-03-02T12:01:00+00:00",
    }
    nothing_was_written(offer)


def test_accept_of_an_expired_offer_says_that_it_expired(noon):
    offer = offer_expired(created_at=noon)

    with pytest.raises(OfferExpired):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)


def test_second_accept_is_refused_as_closed(noon):
    offer = offer_accepted(created_at=noon)

    with pytest.raises(OfferClosed) as refusal:
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert refusal.value.details == {"status": OfferStatus.ACCEPTED}


def test_accept_after_the_customer_cancelled_is_refused_before_anybody_withdrew_the_offer(offer):
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    with pytest.raises(OfferClosed):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert Job.objects.get().technician is None


@pytest.mark.parametrize("act", [offer_accept, offer_mark_seen])
def test_offer_of_another_is_not_there(offer, act):
    stranger = technician_ready(offer.job.service).user

    with pytest.raises(NotFound):
        act(offer_id=offer.pk, actor=stranger)

    nothing_was_written(offer)


def test_accept_after_a_block_is_refused_before_anybody_withdrew_the_offer(offer, noon):
    block = {"customer": offer.job.customer, "technician": offer.technician, "set_by": BlockSide.CUSTOMER}
    Block.objects.create(**block, job=offer.job, created_at=noon)

    with pytest.raises(OfferClosed):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    nothing_was_written(offer)


def test_accept_by_a_technician_who_was_suspended_meanwhile_is_refused(offer):
    offer.technician.suspend()
    offer.technician.save()

    with pytest.raises(TechnicianNotVerified):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    nothing_was_written(offer)


# Declining


def test_reject_lets_the_search_go_on_at_once(offer, noon):
    offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.TOO_FAR, note="No car.")

    offer, job = Offer.objects.get(), Job.objects.get()
    assert (offer.status, offer.reject_reason, offer.reject_note) == ("REJECTED", "TOO_FAR", "No car.")
    assert (job.status, job.next_pass_at) == (JobStatus.MATCHING, noon + timedelta(seconds=15))
    assert OutboxMessage.objects.filter(task="matching.run_pass").count() == 1
    assert offer.events.last().note == "No car."


def test_reject_too_late_is_refused(offer):
    with clock.frozen(offer.expires_at), pytest.raises(OfferExpired):
        offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.BUSY)

    nothing_was_written(offer)


def test_reject_twice_is_refused(noon):
    offer = offer_rejected(created_at=noon)

    with pytest.raises(OfferClosed):
        offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason=RejectReason.BUSY)


# Seen


def test_seen_is_noted_once(offer, noon):
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)
    with clock.frozen(noon + timedelta(seconds=5)):
        offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    assert Offer.objects.get().seen_at == noon
    assert list(offer.events.values_list("kind", flat=True)) == [OfferEventKind.CREATED, OfferEventKind.SEEN]


def test_seen_after_the_end_changes_nothing(noon):
    offer = offer_expired(created_at=noon)

    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    assert Offer.objects.get().seen_at is None


def test_seen_at_the_deadline_or_after_the_job_was_cancelled_changes_nothing(offer, noon):
    with clock.frozen(offer.expires_at):
        offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)

    assert Offer.objects.get().seen_at is None


def test_offer_that_ran_out_unseen_was_not_delivered(noon):
    unseen = offer_expired(created_at=noon)
    seen = offer_expired(created_at=noon, seen_at=noon)

    assert (unseen.is_undelivered, seen.is_undelivered) == (True, False)


# What no longer fits


def test_open_offer_of_a_cancelled_job_is_withdrawn(offer):
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    offers_settle_of_job(job_id=offer.job_id)
    offers_settle_of_job(job_id=offer.job_id)

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN
    assert OfferEvent.objects.filter(kind=OfferEventKind.WITHDRAWN).count() == 1


def test_accepted_offer_of_a_released_job_is_released(noon):
    offer = offer_accepted(created_at=noon)
    job_release_by_technician(job_id=offer.job_id, actor=offer.technician.user, reason=CancelReason.CANNOT_COME)

    offers_settle_of_job(job_id=offer.job_id)

    assert Offer.objects.get().status == OfferStatus.RELEASED
    assert offer.events.last().kind == OfferEventKind.RELEASED


def test_accepted_offer_of_a_cancelled_job_stays_what_it_was(noon):
    offer = offer_accepted(created_at=noon)
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    offers_settle_of_job(job_id=offer.job_id)

    assert Offer.objects.get().status == OfferStatus.ACCEPTED


def test_offer_of_a_technician_who_went_offline_is_withdrawn_and_the_search_goes_on(offer, noon):
    technician_go_offline(technician_id=offer.technician_id)

    offers_withdraw_of_technician(technician_id=offer.technician_id)
    offers_withdraw_of_technician(technician_id=offer.technician_id)

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN
    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=15)
    assert OutboxMessage.objects.filter(task="matching.run_pass").count() == 1


def test_offer_of_a_technician_who_is_back_is_left(offer):
    offers_withdraw_of_technician(technician_id=offer.technician_id)

    nothing_was_written(offer)


def test_accepted_job_stays_with_a_technician_who_goes_offline(noon):
    offer = offer_accepted(created_at=noon)

    offers_withdraw_of_technician(technician_id=offer.technician_id)

    assert Offer.objects.get().status == OfferStatus.ACCEPTED


def test_customer_has_no_offers_to_answer(offer):
    with pytest.raises(NotFound):
        offer_accept(offer_id=offer.pk, actor=UserFactory())


def test_offer_that_is_not_there_or_not_his_is_not_found(offer):
    with pytest.raises(NotFound):
        offer_get_visible_to(user=UserFactory(), offer_id=offer.pk)

    assert offer_get_visible_to(user=offer.technician.user, offer_id=offer.pk) == offer
