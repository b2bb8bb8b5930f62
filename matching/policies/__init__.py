"""How candidates are ranked: pure functions, the same in the engine, in a replay and in a test."""

from django.core.exceptions import ImproperlyConfigured

from matching.policies.base import MatchingPolicy
from matching.policies.index import IndexPolicy
from matching.policies.nearest import NearestPolicy

POLICIES: dict[str, MatchingPolicy] = {policy.key: policy for policy in (IndexPolicy(), NearestPolicy())}


def policy_named(key: str) -> MatchingPolicy:
    """:raises ImproperlyConfigured: if there is no such policy"""
    try:
        return POLICIES[key]
    except KeyError:
        raise ImproperlyConfigured(
            f"MATCHING_POLICY must be one of {', '.join(sorted(POLICIES))}, not {key!r}"
        ) from None
