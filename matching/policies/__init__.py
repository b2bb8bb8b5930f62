"""How candidates are ranked: pure functions, the same in the engine, in a replay and in a test."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from fixmate.core.errors import Invalid
from matching.policies.accept_value import AcceptValuePolicy
from matching.policies.base import MatchingPolicy
from matching.policies.index import IndexPolicy
from matching.policies.longest_idle import LongestIdlePolicy
from matching.policies.nearest import NearestPolicy
from matching.policies.random import RandomPolicy
from matching.policies.rating_shrunk import RatingShrunkPolicy
from matching.policies.scored import ScoredPolicy

KINDS: Mapping[str, type[ScoredPolicy]] = {
    kind.key: kind
    for kind in (
        AcceptValuePolicy,
        IndexPolicy,
        LongestIdlePolicy,
        NearestPolicy,
        RandomPolicy,
        RatingShrunkPolicy,
    )
}
POLICIES: Mapping[str, MatchingPolicy] = {key: kind() for key, kind in KINDS.items()}


def policy_named(key: str) -> MatchingPolicy:
    """Return the policy with its default parameters.

    :raises ImproperlyConfigured: if there is no such policy
    """
    try:
        return POLICIES[key]
    except KeyError:
        raise ImproperlyConfigured(
            f"MATCHING_POLICY must be one of {', '.join(sorted(POLICIES))}, not {key!r}"
        ) from None


def policy_of(key: str, params: Mapping[str, Any]) -> MatchingPolicy:
    """Return the policy with these parameters.

    :raises Invalid: if there is no such policy, or a parameter is unknown, missing or out of its range
    """
    if key not in KINDS:
        raise Invalid(key=[f"There is no such policy; there are {', '.join(KINDS)}."])
    return KINDS[key](params)
