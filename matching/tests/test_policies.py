"""The contract every registered policy keeps, and the arithmetic of each."""

import math
import random
import time
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from matching.policies import POLICIES, policy_named
from matching.policies.base import Candidate, JobView, Ranked, in_order, version_of
from matching.policies.index import IndexPolicy

JOB = JobView(UUID(int=7), "plumbing", 42.36, -71.06, attempt=1, price_minor=10_000)
AVERAGE = Candidate(
    UUID(int=1),
    eta_min=10.0,
    rating_sum=87,
    rating_count=20,
    accepted=13,
    decided=20,
    idle_min=30.0,
    offers_total=20,
    offers_today=2,
)

candidates = st.builds(
    Candidate,
    id=st.uuids(),
    eta_min=st.floats(0, 120),
    rating_sum=st.just(0),
    rating_count=st.integers(0, 200),
    accepted=st.just(0),
    decided=st.integers(0, 200),
    idle_min=st.floats(0, 600),
    offers_total=st.integers(0, 500),
    offers_today=st.integers(0, 20),
).flatmap(
    lambda one: st.builds(
        lambda rating_sum, accepted: replace(one, rating_sum=rating_sum, accepted=accepted),
        st.integers(one.rating_count, 5 * one.rating_count),
        st.integers(0, one.decided),
    )
)
pools = st.lists(candidates, max_size=12, unique_by=lambda one: one.id)
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


@every_policy
@given(pool=pools, seed=st.integers())
def test_policy_is_deterministic_and_does_not_mind_the_order_it_is_given(policy, pool, seed):
    shuffled = random.Random(seed).sample(pool, len(pool))

    assert policy.rank(JOB, shuffled) == policy.rank(JOB, pool)


@every_policy
@given(pool=pools)
def test_policy_ranks_exactly_the_pool_with_finite_scores_that_add_up(policy, pool):
    ranked = policy.rank(JOB, pool)

    assert sorted(one.candidate_id for one in ranked) == sorted(one.id for one in pool)
    for one in ranked:
        assert math.isfinite(one.score)
        assert one.score == pytest.approx(sum(one.terms.values()), abs=1e-6)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


@every_policy
def test_policy_answers_an_empty_pool_with_nobody(policy):
    assert policy.rank(JOB, []) == []


@every_policy
@pytest.mark.parametrize(
    "better",
    [
        {"eta_min": 9.0},
        {"rating_sum": 95},
        {"accepted": 19},
        {"idle_min": 60.0},
        {"offers_total": 0},
        {"offers_today": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_policy_never_ranks_the_better_of_two_otherwise_equal_ones_lower(policy, better):
    best = replace(AVERAGE, id=UUID(int=2), **better)

    scores = {one.candidate_id: one.score for one in policy.rank(JOB, [AVERAGE, best])}

    assert scores[best.id] >= scores[AVERAGE.id]


@every_policy
def test_policy_ranks_a_thousand_candidates_in_well_under_a_second(policy):
    pool = [replace(AVERAGE, id=UUID(int=number), eta_min=number / 10) for number in range(1000)]

    started = time.perf_counter()
    policy.rank(JOB, pool)

    assert time.perf_counter() - started < 1.0


@every_policy
def test_version_follows_the_parameters(policy):
    class Changed(type(policy)):
        params = {**policy.params, "another": 1.0}

    assert version_of(policy) == version_of(type(policy)())
    assert version_of(policy) != version_of(Changed())


def test_ties_go_to_fewer_offers_today_then_by_lot_of_job_and_technician():
    busy, first, second = (replace(AVERAGE, id=UUID(int=number), offers_today=0) for number in (3, 4, 5))
    busy = replace(busy, offers_today=1)

    order = [one.candidate_id for one in in_order(JOB, ((one, {"same": 1.0}) for one in (busy, first, second)))]
    other_job = replace(JOB, id=UUID(int=9))
    other = [one.candidate_id for one in in_order(other_job, ((one, {"same": 1.0}) for one in (busy, first, second)))]

    assert order[2] == other[2] == busy.id
    assert {tuple(order[:2]), tuple(other[:2])} <= {(first.id, second.id), (second.id, first.id)}


def test_index_adds_up_as_written_down():
    ranked = IndexPolicy().rank(JOB, [AVERAGE])

    quality = ((8 * 4.35 + 87) / 28 - 3) / 2
    expected = {
        "nearness": 47 * math.exp(-0.5),
        "quality": 29 * quality,
        "patience": 18 * 30 / 120,
        "newcomer": 0.0,
        "acceptance": -6 / ((10 * 0.65 + 13) / 30),
    }
    assert ranked == [
        Ranked(
            AVERAGE.id,
            pytest.approx(sum(expected.values()), abs=1e-5),
            {term: pytest.approx(points, abs=1e-6) for term, points in expected.items()},
        )
    ]


def test_index_shrinks_a_single_five_star_review_to_the_mean():
    one_review = replace(AVERAGE, rating_sum=5, rating_count=1)

    quality = IndexPolicy().terms(one_review)["quality"] / 29

    assert 3 + 2 * quality == pytest.approx(4.42, abs=0.005)


def test_index_prefers_the_farther_one_who_says_yes():
    refuser = replace(AVERAGE, id=UUID(int=2), eta_min=9.0, accepted=0, decided=60)

    order = [one.candidate_id for one in IndexPolicy().rank(JOB, [refuser, AVERAGE])]

    assert order == [AVERAGE.id, refuser.id]


def test_an_unknown_policy_is_a_fault_of_the_configuration():
    with pytest.raises(ImproperlyConfigured, match="index, nearest"):
        policy_named("astrology")
