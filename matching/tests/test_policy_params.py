"""Parameters of policies, and the versions they make."""

import math
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from fixmate.core.errors import Invalid
from matching.policies import KINDS, POLICIES, policy_named, policy_of
from matching.policies.base import version_of
from matching.policies.index import IndexPolicy
from matching.tests.policies import AVERAGE, CTX, JOB, candidates, every_policy, score_of


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
