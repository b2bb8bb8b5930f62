"""The arithmetic that several policies share. A policy names the parameters it takes from here among its defaults."""

from collections.abc import Mapping
from math import exp

from matching.policies.base import Standing

NEARNESS: Mapping[str, float] = {"nearness_weight": 47.0, "nearness_scale_min": 20.0}
QUALITY: Mapping[str, float] = {
    "quality_weight": 29.0,
    "quality_mean": 4.35,
    "quality_prior": 8.0,
    "quality_floor": 3.0,
    "quality_span": 2.0,
}
ACCEPTANCE: Mapping[str, float] = {"acceptance_mean": 0.65, "acceptance_prior": 10.0, "acceptance_floor": 0.05}
LEAST: Mapping[str, float] = {
    "nearness_scale_min": 0.1,
    "quality_prior": 0.1,
    "quality_span": 0.1,
    "acceptance_prior": 0.1,
    "acceptance_floor": 0.01,
}
SHARES = frozenset({"acceptance_mean", "acceptance_floor"})


def nearness_points(params: Mapping[str, float], eta_min: float) -> float:
    """Return the weight, decayed by the minutes: time, not distance, is what the customer feels."""
    return params["nearness_weight"] * exp(-eta_min / params["nearness_scale_min"])


def quality_points(params: Mapping[str, float], standing: Standing) -> float:
    """Return points for the rating shrunk to the mean of all: from 0 at the floor to the weight at floor + span."""
    weighted = params["quality_prior"] * params["quality_mean"] + standing.rating_sum
    rating = weighted / (params["quality_prior"] + standing.rating_count)
    return params["quality_weight"] * _clamped((rating - params["quality_floor"]) / params["quality_span"], 0.0, 1.0)


def acceptance(params: Mapping[str, float], standing: Standing) -> float:
    """Return the probability that he accepts: a beta prior worth so many offers, and what he decided."""
    accepted = params["acceptance_prior"] * params["acceptance_mean"] + standing.accepted
    return _clamped(accepted / (params["acceptance_prior"] + standing.decided), params["acceptance_floor"], 1.0)


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
