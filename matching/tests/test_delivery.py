from datetime import timedelta

import pytest

from fixmate.core import clock, runner, sweeps
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.races import at_once
from jobs.enums import JobStatus
from jobs.tests.factories import job_matching
from matching.enums import OfferStatus
from matching.events import OfferUnseen
from matching.models import Offer
from matching.services import delivery, offer_accept, offer_expire_due, offer_push_again_due
from matching.tests.factories import OfferFactory, offer_accepted, offer_rejected
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
ACK_S = 10


@pytest.fixture
def offer(noon, settings):
    settings.OFFER_ACK_S = ACK_S
    return OfferFactory(created_at=noon - timedelta(seconds=ACK_S))


def pushes():
    return [row.payload for row in OutboxMessage.objects.filter(task="notifications.offer_unseen")]


def test_an_offer_nobody_was_shown_is_sent_again_once(offer, noon):
    sent = [offer_push_again_due(), offer_push_again_due()]

    assert sent == [1, 0]
    assert Offer.objects.get().pushed_again_at == noon
    assert pushes() == [
        {"offer_id": str(offer.pk), "job_id": str(offer.job_id), "technician_id": str(offer.technician_id)}
    ]


def test_an_offer_has_its_time_to_be_shown(noon, settings):
    settings.OFFER_ACK_S = ACK_S
    OfferFactory(created_at=noon - timedelta(seconds=ACK_S) + timedelta(milliseconds=1))

    assert (offer_push_again_due(), pushes()) == (0, [])


def test_an_offer_that_was_seen_is_not_sent_again(offer, noon):
    Offer.objects.update(seen_at=noon)

    assert (offer_push_again_due(), pushes()) == (0, [])


@pytest.mark.parametrize("made", [offer_accepted, offer_rejected])
def test_an_answered_offer_is_not_sent_again(noon, made):
    offer = made()

    with clock.frozen(noon + timedelta(hours=1)):
        assert (offer_push_again_due(), pushes()) == (0, [])
    assert Offer.objects.get(pk=offer.pk).pushed_again_at is None


@pytest.mark.parametrize("change", ["late", "cancelled", "seen", "sent"])
def test_what_changed_before_the_locks_were_held_is_left(offer, noon, change, monkeypatch):
    """The sweep found the row; meanwhile somebody was faster."""
    due = [(offer.job_id, offer.pk)]
    if change == "cancelled":
        offer.job.cancel(by="CUSTOMER", reason="MISTAKE", note="", at=noon)
        offer.job.save()
    elif change == "seen":
        Offer.objects.update(seen_at=noon)
    elif change == "sent":
        Offer.objects.update(pushed_again_at=noon)
    monkeypatch.setattr(delivery, "offer_ids_unseen", lambda **_: due)
    at = offer.expires_at if change == "late" else noon

    with clock.frozen(at):
        assert (offer_push_again_due(), pushes()) == (0, [])


def test_pushing_again_is_a_sweep(offer):
    assert sweeps.registered()["matching.push_again"] == timedelta(seconds=2)

    runner.run_sweep("matching.push_again")

    assert len(pushes()) == 1


def test_the_event_says_which_offer():
    assert OfferUnseen.name == "matching.offer.unseen"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_accept_and_pushing_again_at_once_lose_neither(_round, settings):
    settings.OFFER_ACK_S = ACK_S
    at = clock.now()
    offer = OfferFactory(job=job_matching(), technician=TechnicianFactory(), created_at=at - timedelta(seconds=ACK_S))

    accepted, *sent = at_once(
        lambda: offer_accept(offer_id=offer.pk, actor=offer.technician.user).status,
        *[offer_push_again_due] * 3,
        offer_expire_due,
    )

    offer = Offer.objects.select_related("job").get()
    assert (accepted, offer.status, offer.job.status) == (
        OfferStatus.ACCEPTED,
        OfferStatus.ACCEPTED,
        JobStatus.ASSIGNED,
    )
    assert sum(sent) == len(pushes()) == (offer.pushed_again_at is not None)
