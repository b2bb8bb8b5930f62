"""The contract every registered policy keeps, and the arithmetic of each."""

import math
import random
from dataclasses import fields, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from fixmate.core.errors import Invalid
from matching.policies import KINDS, POLICIES, policy_named, policy_of
from matching.policies.base import (
    Candidate,
    Context,
    IndexedPolicy,
    JobView,
    Ranked,
    in_order,
    lot_of,
    version_of,
)
from matching.policies.index import IndexPolicy

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
JOB = JobView(UUID(int=7), "plumbing", 42.36, -71.06, created_at=AT, attempt=1, price_minor=10_000)
CTX = Context(now=AT, seed="job:1")
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
    online_min=90.0,
)


def candidate_drawn(drawn):
    count, decided = drawn.randint(0, 200), drawn.choice([0, drawn.randint(1, 200)])
    return Candidate(
        UUID(int=drawn.getrandbits(128)),
        eta_min=drawn.uniform(0, 120),
        rating_sum=drawn.randint(count, 5 * count),
        rating_count=count,
        accepted=drawn.randint(0, decided),
        decided=decided,
        idle_min=drawn.choice([0.0, drawn.uniform(0, 600)]),
        offers_total=drawn.choice([0, drawn.randint(0, 500)]),
        offers_today=drawn.randint(0, 3),
        online_min=drawn.uniform(0, 600),
    )


def pool_drawn(drawn):
    """Return some candidates, some of them alike but for their ids."""
    pool = [candidate_drawn(drawn) for _ in range(drawn.randint(0, 10))]
    twins = [replace(one, id=UUID(int=drawn.getrandbits(128))) for one in pool[:2]]
    return pool + twins


# Drawn from one seed each: a candidate column by column takes Hypothesis a hundred times as long as ranking it.
seeds = st.integers(0, 2**32).map(random.Random)
candidates = seeds.map(candidate_drawn)
pools = seeds.map(pool_drawn)
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
BETTER = {
    "eta_min": {"eta_min": 9.0},
    "rating_sum": {"rating_sum": 95},
    "accepted": {"accepted": 19},
    "idle_min": {"idle_min": 60.0},
    "offers_total": {"offers_total": 0},
}
# What each policy looks at: what it must tell apart, while everything else must leave its scores as they are.
LOOKS_AT = {
    "accept_value": {"eta_min", "rating_sum", "accepted"},
    "index": {"eta_min", "rating_sum", "accepted", "idle_min", "offers_total"},
    "longest_idle": {"idle_min"},
    "nearest": {"eta_min"},
    "random": set(),
    "rating_shrunk": {"rating_sum"},
}


def score_of(policy, candidate, *others):
    return next(one.score for one in policy.rank(JOB, [candidate, *others], CTX) if one.candidate_id == candidate.id)


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


# Parameters and versions


@every_policy
def test_version_follows_the_parameters_and_nothing_else(policy):
    same = policy_of(
        policy.key,
        {name: int(value) if value == int(value) else value for name, value in reversed(policy.params.items())},
    )

    assert version_of(same) == version_of(policy)
    assert dict(same.params) == dict(policy.params)
    for name in policy.params:
        changed = policy_of(policy.key, {**policy.params, name: policy.params[name] * 0.5})
        assert version_of(changed) != version_of(policy)


def test_versions_of_different_policies_differ():
    assert len({version_of(policy) for policy in POLICIES.values()}) == len(POLICIES)


def test_other_parameters_make_another_ranking():
    far_and_good = replace(AVERAGE, id=UUID(int=2), eta_min=40.0, rating_sum=100)
    indifferent = policy_of("index", {**IndexPolicy.defaults, "nearness_weight": 0})

    orders = [
        [one.candidate_id.int for one in policy.rank(JOB, [AVERAGE, far_and_good], CTX)]
        for policy in (IndexPolicy(), indifferent)
    ]

    assert orders == [[1, 2], [2, 1]]


@every_policy
def test_parameters_cannot_be_changed_afterwards(policy):
    with pytest.raises(TypeError):
        policy.params["nearness_weight"] = 0.0


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"charm": 1.0}, {"charm": ["This parameter is not known."]}),
        ({"nearness_weight": None}, {"nearness_weight": ["A finite number is required."]}),
        ({"nearness_weight": "47"}, {"nearness_weight": ["A finite number is required."]}),
        ({"nearness_weight": True}, {"nearness_weight": ["A finite number is required."]}),
        ({"nearness_weight": math.nan}, {"nearness_weight": ["A finite number is required."]}),
        ({"nearness_weight": math.inf}, {"nearness_weight": ["A finite number is required."]}),
        ({"nearness_weight": -1}, {"nearness_weight": ["It must lie between 0 and 1000."]}),
        ({"nearness_weight": 1001}, {"nearness_weight": ["It must lie between 0 and 1000."]}),
        ({"nearness_scale_min": 0}, {"nearness_scale_min": ["It must lie between 0.1 and 1000."]}),
        ({"acceptance_mean": 1.1}, {"acceptance_mean": ["It must lie between 0 and 1."]}),
        ({"acceptance_floor": 0}, {"acceptance_floor": ["It must lie between 0.01 and 1."]}),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_by_its_name(changes, fault):
    with pytest.raises(Invalid) as refusal:
        policy_of("index", {**IndexPolicy.defaults, **changes})

    assert refusal.value.details == {"params": fault}


def test_a_parameter_that_is_missing_is_refused_by_its_name():
    params = {name: value for name, value in IndexPolicy.defaults.items() if name != "offer_cost"}

    with pytest.raises(Invalid) as refusal:
        policy_of("index", params)

    assert refusal.value.details == {"params": {"offer_cost": ["This parameter is required."]}}


@every_policy
@given(candidate=candidates, drawn=st.randoms(use_true_random=False))
def test_every_allowed_parameter_gives_finite_scores(policy, candidate, drawn):
    kind = KINDS[policy.key]
    most = {name: 1.0 if name in kind.shares else 1000.0 for name in kind.defaults}
    params = {name: drawn.choice([kind.least.get(name, 0.0), most[name]]) for name in kind.defaults}

    assert math.isfinite(score_of(policy_of(policy.key, params), candidate))


def test_an_unknown_policy_is_refused():
    with pytest.raises(Invalid) as refusal:
        policy_of("astrology", {})

    assert list(refusal.value.details) == ["key"]


def test_an_unknown_policy_of_the_settings_is_a_fault_of_the_configuration():
    with pytest.raises(ImproperlyConfigured, match="index, longest_idle, nearest"):
        policy_named("astrology")


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
        [one.candidate_id.int for one in POLICIES["random"].rank(JOB, pool, Context(AT, seed))]
        for seed in ("a", "a", "b")
    ]

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(1, 21))


def test_random_gives_everybody_the_same_chance():
    pool = [replace(AVERAGE, id=UUID(int=number)) for number in (1, 2, 3, 4)]

    firsts = [POLICIES["random"].rank(JOB, pool, Context(AT, str(seed)))[0].candidate_id.int for seed in range(1000)]

    assert [firsts.count(number) for number in (1, 2, 3, 4)] == pytest.approx([250] * 4, abs=50)


@given(parts=st.lists(st.text(), min_size=1, max_size=3))
def test_a_lot_lies_from_zero_up_to_one(parts):
    assert 0 <= lot_of(*parts) < 1
