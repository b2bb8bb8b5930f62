"""The rank key: its arithmetic, and the order it keeps."""

from datetime import timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.tests.factories import ServiceFactory
from conftest import NOON
from fixmate.core.ids import uuid7
from technicians import ranking
from technicians.models import Dispatchable
from technicians.ranking import (
    EPOCH,
    GROWING_BELOW,
    NO_RANK,
    Patience,
    key_growing,
    minutes_since_epoch,
    points_at,
    rank_waiting,
    ranker_for,
)
from technicians.services import dispatchable_cap_patience
from technicians.tests.factories import technician_ready

PATIENCE = Patience(per_min=0.15, cap_min=120.0)
STATIC = st.floats(-150, 150)
WAITED = st.floats(0, 10_000)


def grown_at(at):
    return -key_growing(0.0, PATIENCE, at)


@given(static=STATIC, waited_min=WAITED)
def test_the_key_gives_the_points_of_any_moment(static, waited_min):
    rank = rank_waiting(static, NOON - timedelta(minutes=waited_min), PATIENCE)

    points = points_at(static, rank.key, PATIENCE, grown_at(NOON))

    assert points == pytest.approx(static + 0.15 * min(waited_min, 120.0), abs=1e-6)


@given(static=STATIC, waited_min=st.floats(120, 10_000))
def test_the_key_at_the_cap_is_the_points(static, waited_min):
    rank = rank_waiting(static, NOON - timedelta(minutes=waited_min), PATIENCE)

    points = [points_at(static, key, PATIENCE, grown_at(NOON)) for key in (rank.key_at_cap, rank.key)]

    assert points == [static + 18.0, pytest.approx(static + 18.0, abs=1e-9)]


@given(static=STATIC, waited_min=WAITED)
def test_the_two_kinds_of_keys_lie_apart(static, waited_min):
    rank = rank_waiting(static, NOON - timedelta(minutes=waited_min), PATIENCE)

    assert rank.key < GROWING_BELOW < rank.key_at_cap


def test_who_began_to_wait_after_the_moment_has_no_points_for_it_yet():
    rank = rank_waiting(40.0, NOON + timedelta(seconds=20), PATIENCE)

    assert points_at(40.0, rank.key, PATIENCE, grown_at(NOON)) == 40.0


@pytest.mark.parametrize(("since", "patience"), [(None, PATIENCE), (NOON, Patience(0.0, inf))])
def test_who_does_not_wait_or_gets_nothing_for_it_has_his_fixed_points(since, patience):
    rank = rank_waiting(40.0, since, patience)

    assert (rank.static, rank.key, rank.key_at_cap) == (40.0, 40.0, 40.0)
    assert points_at(40.0, rank.key, patience, 0.0) == 40.0


def test_minutes_are_counted_from_the_epoch():
    assert minutes_since_epoch(EPOCH + timedelta(hours=2)) == 120.0


def test_without_a_policy_everybody_ranks_alike(monkeypatch):
    monkeypatch.setattr(ranking, "_makers", [])

    assert ranker_for([])(None, uuid7()) == NO_RANK


# The sweep's UPDATE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("waited_min", "patience", "capped"),
    [(119, PATIENCE, 0), (120, PATIENCE, 1), (500, Patience(0.0, 120.0), 0), (500, Patience(0.15, inf), 0)],
)
def test_keys_are_capped_once_the_wait_is_long_enough(waited_min, patience, capped, noon):
    service = ServiceFactory()
    technician_ready(service)
    technician_ready(ServiceFactory())
    before = list(Dispatchable.objects.order_by("pk").values_list("rank_key", flat=True))
    at = noon + timedelta(minutes=waited_min)

    changed = [dispatchable_cap_patience(service_id=service.pk, patience=patience, at=at) for _ in range(2)]

    row, other = Dispatchable.objects.order_by("pk")
    assert changed == [capped, 0]
    assert row.rank_key == (row.rank_static + 18.0 if capped else before[0])
    assert other.rank_key == before[1]


@pytest.mark.django_db
def test_all_keys_are_capped_however_small_the_batches(noon, settings):
    settings.RANK_BATCH = 2
    service = ServiceFactory()
    for _ in range(5):
        technician_ready(service)
    at = noon + timedelta(hours=2)

    assert dispatchable_cap_patience(service_id=service.pk, patience=PATIENCE, at=at) == 5
    assert not Dispatchable.objects.filter(rank_key__lt=GROWING_BELOW).exists()
