"""Having a policy rank without trusting it: what it raises, answers wrongly or takes too long over is its failure.

A pure function cannot be interrupted, so it is measured; and a slow one is not used even where it was right, or every
pass after it would wait as well.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, isfinite
from typing import TypeVar

from django.conf import settings

from matching.policies import POLICIES
from matching.policies.base import Candidate, Context, JobView, MatchingPolicy, Ranked

FALLBACK: MatchingPolicy = POLICIES["nearest"]
MEASURED_BY = 1000  # candidates that POLICY_LIMIT_MS is meant for
_LONGEST_REASON = 200
_NOT_FINITE = "gave a score that is not finite"
T = TypeVar("T")


class PolicyFailed(Exception):
    """A policy did not rank; `ms` is what it took until then."""

    def __init__(self, reason: str, ms: float = 0.0) -> None:
        super().__init__(reason[:_LONGEST_REASON])
        self.ms = ms


@dataclass(frozen=True, slots=True)
class Ranking:
    ranked: list[Ranked]
    ms: float


def rank_checked(policy: MatchingPolicy, view: JobView, pool: Sequence[Candidate], ctx: Context) -> Ranking:
    """Return the policy's order of the pool and the milliseconds of processor time it took.

    The processor time of this thread, not the time on the wall: a busy machine is no failure of a policy. Nor is a
    pause of the garbage collector, so that what took too long is measured once more before it counts.

    :raises PolicyFailed: if it raises, names anybody twice, leaves anybody out or adds anybody, scores without a finite
        number, or takes more than `POLICY_LIMIT_MS` for each thousand candidates begun. `FALLBACK` is taken as it is.
    """
    ranking = _measured(policy, view, pool, ctx)
    if policy is FALLBACK:
        return ranking
    limit_ms = settings.POLICY_LIMIT_MS * max(1, ceil(len(pool) / MEASURED_BY))
    if ranking.ms > limit_ms:
        ranking = _measured(policy, view, pool, ctx)
    fault = _fault(pool, ranking, limit_ms)
    if fault:
        raise PolicyFailed(fault, ranking.ms)
    return ranking


def _measured(policy: MatchingPolicy, view: JobView, pool: Sequence[Candidate], ctx: Context) -> Ranking:
    started = time.thread_time()
    try:
        ranked = policy.rank(view, pool, ctx)
    except Exception as exc:
        raise PolicyFailed(f"{type(exc).__name__}: {exc}", _ms_since(started)) from exc
    return Ranking(ranked, _ms_since(started))


def points_checked(points: Callable[[T], float]) -> Callable[[T], float]:
    """Return the policy's function, raising PolicyFailed where it raises or gives no finite number."""

    def checked(given: T) -> float:
        try:
            value = points(given)
        except Exception as exc:
            raise PolicyFailed(f"{type(exc).__name__}: {exc}") from exc
        if not isfinite(value):
            raise PolicyFailed(_NOT_FINITE)
        return value

    return checked


def _ms_since(started: float) -> float:
    return round((time.thread_time() - started) * 1000, 3)


def _fault(pool: Sequence[Candidate], ranking: Ranking, limit_ms: int) -> str:
    if sorted(one.candidate_id for one in ranking.ranked) != sorted(one.id for one in pool):
        return "ranked others than those it was given"
    if not all(isfinite(points) for one in ranking.ranked for points in chain([one.score], one.terms.values())):
        return _NOT_FINITE
    return f"took {ranking.ms:.0f} ms, {limit_ms} are allowed" if ranking.ms > limit_ms else ""
