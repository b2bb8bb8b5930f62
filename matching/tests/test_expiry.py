from datetime import timedelta

import pytest

from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from fixmate.core.tallies import tallied
from jobs.enums import CancelReason, JobStatus
from jobs.models import Job
from jobs.services import job_cancel_by_customer
from jobs.tests.factories import job_matching
from matching.enums import OFFER_ENDED, OfferEventKind, OfferStatus
from matching.models import Offer, OfferEvent
from matching.services import expiry, offer_expire_due, offer_mark_seen
from matching.services.expiry import offers_expire
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.models import Technician, TechnicianState
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(noon):
    return open_offer(noon)


def open_offer(at, **facts):
    job = job_matching(created_at=at)
    return OfferFactory(job=job, technician=technician_ready(job.service), created_at=at, **facts)


def nothing_was_written(offer):
    assert Offer.objects.get(pk=offer.pk).status == OfferStatus.PENDING
    assert offer.events.count() == 1
    assert not OutboxMessage.objects.filter(payload__job_id=str(offer.job_id)).exists()


def test_due_offer_of_a_cancelled_job_is_taken_back_and_nobody_rests_for_it(offer):
    offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user)
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    with clock.frozen(offer.expires_at):
        assert offer_expire_due() == 1

    offer = Offer.objects.select_related("technician").get()
    assert offer.status == OfferStatus.WITHDRAWN
    assert (offer.technician.silent_in_row, offer.technician.recent_decided) == (0, 0)
    assert offer.technician.cooldown_until is None


def test_due_offers_expire_and_the_search_goes_on(offer):
    with clock.frozen(offer.expires_at):
        assert offer_expire_due() == 1
        assert offer_expire_due() == 0

    offer, job = Offer.objects.get(), Job.objects.get()
    assert (offer.status, offer.closed_at) == (OfferStatus.EXPIRED, offer.expires_at)
    assert job.next_pass_at == offer.expires_at + timedelta(seconds=15)
    assert OutboxMessage.objects.filter(task="matching.run_pass").count() == 1


def test_offer_never_expires_before_its_deadline(offer):
    with clock.frozen(offer.expires_at - timedelta(microseconds=1)):
        assert offer_expire_due() == 0

    nothing_was_written(offer)


def test_sweep_that_found_a_row_too_late_leaves_it(noon):
    offer = offer_accepted(created_at=noon)

    with clock.frozen(noon + timedelta(hours=1)):
        assert offers_expire([(offer.job_id, offer.pk)]) == 0

    assert Offer.objects.get().status == OfferStatus.ACCEPTED


def test_offer_that_expires_after_its_job_was_cancelled_starts_no_search(offer):
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    with clock.frozen(offer.expires_at):
        offer_expire_due()

    assert Job.objects.get().next_pass_at is None
    assert not OutboxMessage.objects.filter(task="matching.run_pass").exists()


# Many at once


def seen_and_unseen(noon, count):
    return [open_offer(noon, seen_at=noon if number % 2 else None) for number in range(count)]


def test_many_end_together_as_each_would_alone(noon, django_capture_on_commit_callbacks):
    made = seen_and_unseen(noon, 6)
    Technician.objects.filter(pk=made[1].technician_id).update(silent_in_row=2)

    with clock.frozen(made[0].expires_at) as _, django_capture_on_commit_callbacks(execute=True):
        assert offer_expire_due() == 6

    assert set(Offer.objects.values_list("status", "closed_at")) == {(OfferStatus.EXPIRED, made[0].expires_at)}
    assert OfferEvent.objects.filter(kind=OfferEventKind.EXPIRED).count() == 6
    assert set(Job.objects.values_list("next_pass_at", flat=True)) == {made[0].expires_at + timedelta(seconds=15)}
    assert OutboxMessage.objects.filter(task="matching.run_pass").count() == 6
    assert OutboxMessage.objects.filter(task="notifications.offers_paused").count() == 1
    of = {pk: rest for pk, *rest in Technician.objects.values_list("pk", "recent_decided", "silent_in_row")}
    assert [of[one.technician_id] for one in made] == [[0, 0], [1, 0], [0, 0], [1, 1], [0, 0], [1, 1]]
    assert TechnicianState.objects.exclude(facts__cooldown_until=None).count() == 6
    assert tallied(f"{OFFER_ENDED}{OfferEventKind.EXPIRED}") == 6


def test_the_number_of_queries_does_not_depend_on_how_many(noon, django_assert_max_num_queries):
    made = seen_and_unseen(noon, 8)
    with clock.frozen(made[0].expires_at), django_assert_max_num_queries(20):
        offers_expire([(one.job_id, one.pk) for one in made[:4]])

    more = seen_and_unseen(noon, 16)
    with clock.frozen(made[0].expires_at), django_assert_max_num_queries(20):
        offers_expire([(one.job_id, one.pk) for one in more])


def test_offer_that_cannot_be_ended_holds_up_no_other(noon, monkeypatch):
    first, second = OfferFactory(created_at=noon), OfferFactory(created_at=noon + timedelta(seconds=1))
    get = expiry.job_list_unheld

    def broken(job_ids):
        if first.job_id in job_ids:
            raise RuntimeError("a row nobody can lock")
        return get(job_ids)

    monkeypatch.setattr(expiry, "job_list_unheld", broken)
    with clock.frozen(noon + timedelta(minutes=5)):
        assert offer_expire_due() == 1

    assert Offer.objects.get(pk=first.pk).status == OfferStatus.PENDING
    assert Offer.objects.get(pk=second.pk).status == OfferStatus.EXPIRED


def test_a_lot_mixes_ends(offer, noon):
    taken_back = open_offer(noon)
    job_cancel_by_customer(job_id=taken_back.job_id, actor=taken_back.job.customer, reason=CancelReason.NOT_NEEDED)

    with clock.frozen(offer.expires_at):
        assert offer_expire_due() == 2

    assert Offer.objects.get(pk=offer.pk).status == OfferStatus.EXPIRED
    assert Offer.objects.get(pk=taken_back.pk).status == OfferStatus.WITHDRAWN
    assert Job.objects.get(pk=offer.job_id).status == JobStatus.MATCHING
