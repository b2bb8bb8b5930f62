"""Candidates to rank, and how the tests of policies ask for a score."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import strategies as st

from matching.policies import POLICIES
from matching.policies.base import Candidate, Context, JobView

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
