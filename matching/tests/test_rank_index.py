"""The rank keys follow whatever changes a technician, and time."""

from datetime import timedelta
from math import inf

import pytest

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from matching.enums import OfferSource
from matching.policies import POLICIES
from matching.services import index_clamp_idle, index_move_window
from matching.services.rank_index import has_full_patience, patience_of, ranker_in_index
from matching.tests.factories import OfferFactory, offer_accepted, offer_expired, offer_rejected
from technicians.models import Dispatchable, Technician
from technicians.ranking import NO_RANK
from technicians.services import (
    technician_go_offline,
    technician_go_online,
    technician_note_accepted,
    technician_note_assigned,
    technician_note_completed,
    technician_note_declined,
    technician_note_offered,
    technician_profile_update,
    technician_rating_add,
)
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db
INDEX = POLICIES["index"]


def note_completed(technician_id):
    technician_note_completed(technician_id=technician_id, at=clock.now())


def note_assigned(technician_id):
    technician_note_assigned(technician_id=technician_id, at=clock.now())


def add_rating(technician_id):
    technician_rating_add(technician_id=technician_id, stars={"rating": 2})


def go_off_and_on(technician_id):
    technician_go_offline(technician_id=technician_id)
    technician_go_online(technician_id=technician_id)


def learn(technician_id):
    technician_profile_update(technician_id=technician_id, service_ids=[ServiceFactory().pk])


@pytest.mark.parametrize(
    "change",
    [
        note_completed,
        note_assigned,
        add_rating,
        go_off_and_on,
        learn,
        lambda technician_id: technician_note_offered(technician_id=technician_id),
        lambda technician_id: technician_note_accepted(technician_id=technician_id),
        lambda technician_id: technician_note_declined(technician_id=technician_id),
    ],
    ids=["completed", "assigned", "rated", "back online", "skill", "offered", "accepted", "declined"],
)
def test_the_rank_follows_each_change_at_once(change, noon):
    technician = technician_ready(ServiceFactory())

    with clock.frozen(noon + timedelta(minutes=30)):
        change(technician.pk)

    row = Dispatchable.objects.select_related("technician").get()
    rank = ranker_in_index([row.service_id])(row.technician, row.service_id)
    assert (row.rank_static, row.rank_key) == (rank.static, rank.key)
    assert (row.idle_since, row.is_busy) == (row.technician.waiting_since, False)


def test_the_rank_is_what_the_policy_adds_up(noon):
    technician = technician_ready(ServiceFactory(), rating_sum=87, rating_count=20, offers_received=3)
    service_id = ServiceFactory().pk

    rank = ranker_in_index([service_id])(technician, service_id)

    quality = 29 * ((8 * 4.35 + 87) / 28 - 3) / 2
    assert rank.static == pytest.approx(quality + 6 * 0.7 - 6 / 0.65)
    assert rank.key_at_cap == rank.static + 18.0


def test_a_policy_that_cannot_be_indexed_ranks_nobody(settings):
    settings.MATCHING_POLICY = "nearest"

    technician_ready(ServiceFactory())

    row = Dispatchable.objects.get()
    assert (row.rank_static, row.rank_key) == (NO_RANK.static, NO_RANK.key)


# The cap


def test_the_sweep_caps_each_service_by_its_policy(noon):
    technician_ready(ServiceFactory())
    technician_ready(ServiceFactory())

    with clock.frozen(noon + timedelta(minutes=121)):
        capped = [index_clamp_idle(), index_clamp_idle()]

    assert capped == [2, 0]
    assert [row.rank_key - row.rank_static for row in Dispatchable.objects.all()] == [pytest.approx(18.0)] * 2


def test_there_is_nothing_to_cap_without_an_index(settings, noon):
    settings.MATCHING_POLICY = "nearest"
    technician_ready(ServiceFactory())

    with clock.frozen(noon + timedelta(minutes=121)):
        assert index_clamp_idle() == 0


@pytest.mark.parametrize(("waited_min", "full"), [(None, False), (119, False), (120, True)])
def test_patience_is_full_at_the_cap(waited_min, full, noon):
    since = None if waited_min is None else noon - timedelta(minutes=waited_min)

    assert has_full_patience(INDEX, since, noon) is full


def test_patience_is_that_of_the_policy():
    patience = patience_of(INDEX)

    assert (patience.per_min, patience.cap_min, patience.most) == (0.15, 120.0, 18.0)
    assert patience.cap_min < inf


# The window


def answers(technician):
    return Technician.objects.values_list("recent_decided", "recent_accepted").get(pk=technician.pk)


def test_the_window_moves_on(noon):
    technician = technician_ready(ServiceFactory())
    old, new = noon - timedelta(days=31), noon - timedelta(days=29)
    offer_accepted(technician, created_at=old)
    offer_rejected(technician=technician, created_at=new)
    offer_expired(technician=technician, created_at=new, seen_at=new)
    offer_expired(technician=technician, created_at=new)  # never shown

    moved = [index_move_window(), index_move_window()]

    assert (moved, answers(technician)) == ([1, 0], (2, 0))
    row = Dispatchable.objects.get()
    assert (
        row.rank_static
        == ranker_in_index([row.service_id])(Technician.objects.get(pk=technician.pk), row.service_id).static
    )


def test_the_window_counts_what_was_given_back_and_not_what_staff_gave(noon):
    technician, assigned = TechnicianFactory(), TechnicianFactory()
    offer = offer_accepted(technician, created_at=noon - timedelta(days=1))
    offer.release(at=noon)
    offer.save()
    Technician.objects.update(recent_decided=7, recent_accepted=7)
    by_hand = OfferFactory(technician=assigned, source=OfferSource.STAFF, created_at=noon)
    by_hand.accept(at=noon)
    by_hand.save()

    assert index_move_window() == 2
    assert (answers(technician), answers(assigned)) == ((1, 1), (0, 0))


def test_the_window_moves_in_batches(noon, settings):
    settings.RANK_BATCH = 2
    TechnicianFactory.create_batch(5, recent_decided=1)

    assert [index_move_window() for _ in range(4)] == [2, 2, 1, 0]
    assert not Technician.objects.exclude(recent_decided=0).exists()
