"""The contract every registered policy keeps, and the arithmetic of each."""

import math
import random
from dataclasses import fields, replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.policies import KINDS, POLICIES
from matching.policies.base import Candidate, Context, IndexedPolicy, Ranked, in_order, lot_of
from matching.policies.index import IndexPolicy
from matching.tests.policies import AVERAGE, BETTER, CTX, JOB, LOOKS_AT, candidates, every_policy, pools, score_of


def test_every_shipped_policy_is_registered():
    assert set(POLICIES) == set(KINDS) == set(LOOKS_AT)


@every_policy
@given(pool=pools, seed=st.integers())
def test_policy_is_deterministic_and_does_not_mind_the_order_it_is_given(policy, pool, seed):
    shuffled = random.Random(seed).sample(pool, len(pool))

    assert policy.rank(JOB, shuffled, CTX) == policy.rank(JOB, pool, CTX)


@every_policy
@given(pool=pools)
def test_policy_ranks_exactly_the_pool_with_finite_scores_that_add_up(policy, pool):
    ranked = policy.rank(JOB, pool, CTX)

    assert sorted(one.candidate_id for one in ranked) == sorted(one.id for one in pool)
    for one in ranked:
        assert math.isfinite(one.score)
        assert one.score == round(sum(one.terms.values()), 6)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


@every_policy
@given(pool=pools.filter(bool))
def test_what_a_candidate_scores_does_not_depend_on_the_others(policy, pool):
    together = {one.candidate_id: one for one in policy.rank(JOB, pool, CTX)}

    alone = {one.id: policy.rank(JOB, [one], CTX)[0] for one in pool}

    assert alone == together


@every_policy
def test_policy_answers_an_empty_pool_with_nobody(policy):
    assert policy.rank(JOB, [], CTX) == []


@every_policy
@pytest.mark.parametrize("trait", BETTER)
def test_being_better_raises_the_score_where_the_policy_looks_and_changes_nothing_elsewhere(policy, trait):
    better = replace(AVERAGE, **BETTER[trait])

    gain = score_of(policy, better) - score_of(policy, AVERAGE)

    assert gain > 0 if trait in LOOKS_AT[policy.key] else gain == 0


@every_policy
@given(candidate=candidates, share=st.floats(0, 1), more=st.integers(1, 50))
def test_nobody_is_ever_ranked_lower_for_being_better(policy, candidate, share, more):
    better = {
        "eta_min": candidate.eta_min * share,
        "rating_sum": min(candidate.rating_sum + more, 5 * candidate.rating_count),
        "accepted": min(candidate.accepted + more, candidate.decided),
        "idle_min": candidate.idle_min + more,
    }

    for trait, value in better.items():
        assert score_of(policy, replace(candidate, **{trait: value})) >= score_of(policy, candidate)


@every_policy
def test_policy_ranks_a_thousand_candidates_by_their_scores(policy):
    drawn = random.Random(11)
    pool = [
        replace(AVERAGE, id=UUID(int=number), eta_min=drawn.uniform(0, 60), idle_min=drawn.uniform(0, 200))
        for number in range(1000)
    ]

    ranked = policy.rank(JOB, pool, CTX)

    alone = {one.id: score_of(policy, one) for one in pool}
    assert len({one.candidate_id for one in ranked}) == 1000
    assert [one.score for one in ranked] == sorted(alone.values(), reverse=True)


@every_policy
def test_nothing_in_a_score_can_tell_who_somebody_is(policy):
    """A policy is given these columns and no others: no name, gender, photograph, age or place of birth."""
    assert [field.name for field in fields(Candidate)] == [
        "id",
        "eta_min",
        "rating_sum",
        "rating_count",
        "accepted",
        "decided",
        "idle_min",
        "offers_total",
        "offers_today",
        "online_min",
    ]
    other = replace(AVERAGE, id=UUID(int=99))
    assert policy.key == "random" or score_of(policy, other) == score_of(policy, AVERAGE)


# Order


def test_ties_go_to_fewer_offers_today_then_by_lot_of_job_and_technician():
    busy, first, second = (replace(AVERAGE, id=UUID(int=number), offers_today=0) for number in (3, 4, 5))
    busy = replace(busy, offers_today=1)

    order = [one.candidate_id for one in in_order(JOB, ((one, {"same": 1.0}) for one in (busy, first, second)))]
    other_job = replace(JOB, id=UUID(int=9))
    other = [one.candidate_id for one in in_order(other_job, ((one, {"same": 1.0}) for one in (busy, first, second)))]

    assert order[2] == other[2] == busy.id
    assert {tuple(order[:2]), tuple(other[:2])} <= {(first.id, second.id), (second.id, first.id)}


# Each


def test_index_adds_up_as_written_down():
    ranked = IndexPolicy().rank(JOB, [AVERAGE], CTX)

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


@given(candidate=candidates)
def test_index_is_nearness_points_no_job_changes_and_patience(candidate):
    policy = POLICIES["index"]
    assert isinstance(policy, IndexedPolicy)

    patience = policy.patience_per_min * min(candidate.idle_min, policy.patience_cap_min)
    points = policy.nearness(candidate.eta_min) + policy.static_points(candidate.standing) + patience

    assert score_of(policy, candidate) == pytest.approx(points, abs=5e-6)


@pytest.mark.parametrize("key", ["index", "rating_shrunk"])
def test_a_single_five_star_review_is_shrunk_to_the_mean(key):
    one_review = replace(AVERAGE, rating_sum=5, rating_count=1)

    quality = POLICIES[key].rank(JOB, [one_review], CTX)[0].terms["quality"] / 29

    assert 3 + 2 * quality == pytest.approx(4.42, abs=0.005)


@pytest.mark.parametrize("key", ["index", "accept_value"])
def test_the_farther_one_who_says_yes_is_preferred(key):
    refuser = replace(AVERAGE, id=UUID(int=2), eta_min=9.0, accepted=0, decided=60)

    order = [one.candidate_id for one in POLICIES[key].rank(JOB, [refuser, AVERAGE], CTX)]

    assert order == [AVERAGE.id, refuser.id]


def test_accept_value_is_probability_times_worth():
    [ranked] = POLICIES["accept_value"].rank(JOB, [AVERAGE], CTX)

    probability = (10 * 0.65 + 13) / 30
    quality = ((8 * 4.35 + 87) / 28 - 3) / 2
    assert ranked.terms == {
        "nearness": pytest.approx(probability * 47 * math.exp(-0.5), abs=1e-6),
        "quality": pytest.approx(probability * 29 * quality, abs=1e-6),
    }


def test_nearest_and_longest_idle_score_by_minutes():
    scores = {key: POLICIES[key].rank(JOB, [AVERAGE], CTX)[0].score for key in ("nearest", "longest_idle")}

    assert scores == {"nearest": -10.0, "longest_idle": 30.0}


def test_random_draws_another_order_for_another_seed_and_the_same_for_the_same():
    pool = [replace(AVERAGE, id=UUID(int=number)) for number in range(1, 21)]

    orders = [
        [one.candidate_id.int for one in POLICIES["random"].rank(JOB, pool, Context(CTX.now, seed))]
        for seed in ("a", "a", "b")
    ]

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(1, 21))


def test_random_gives_everybody_the_same_chance():
    pool = [replace(AVERAGE, id=UUID(int=number)) for number in (1, 2, 3, 4)]

    firsts = [
        POLICIES["random"].rank(JOB, pool, Context(CTX.now, str(seed)))[0].candidate_id.int for seed in range(1000)
    ]

    assert [firsts.count(number) for number in (1, 2, 3, 4)] == pytest.approx([250] * 4, abs=50)


@given(parts=st.lists(st.text(), min_size=1, max_size=3))
def test_a_lot_lies_from_zero_up_to_one(parts):
    assert 0 <= lot_of(*parts) < 1
