from collections.abc import Mapping, Sequence
from math import exp

from matching.policies.base import Candidate, JobView, Ranked, in_order


class IndexPolicy:
    """Points for nearness, quality, patience and newcomers, less what a likely refusal costs the customer.

    If each offer costs c and is accepted with probability p, asking i before j is better exactly when
    v_i - c/p_i > v_j - c/p_j (adjacent swap; the index of Weitzman's Pandora's rule), hence the charge of c/p.
    """

    key = "index"
    params: Mapping[str, float] = {
        "nearness_weight": 47.0,
        "nearness_scale_min": 20.0,
        "quality_weight": 29.0,
        "quality_mean": 4.35,
        "quality_prior": 8.0,
        "quality_floor": 3.0,
        "quality_span": 2.0,
        "patience_weight": 18.0,
        "patience_cap_min": 120.0,
        "newcomer_weight": 6.0,
        "newcomer_offers": 10.0,
        "offer_cost": 6.0,
        "acceptance_mean": 0.65,
        "acceptance_prior": 10.0,
        "acceptance_floor": 0.05,
    }

    def rank(self, job: JobView, pool: Sequence[Candidate]) -> list[Ranked]:
        return in_order(job, ((candidate, self.terms(candidate)) for candidate in pool))

    def terms(self, candidate: Candidate) -> dict[str, float]:
        """Return the points of one candidate, term by term."""
        p = self.params
        return {
            "nearness": p["nearness_weight"] * exp(-candidate.eta_min / p["nearness_scale_min"]),
            "quality": p["quality_weight"] * self._quality(candidate),
            "patience": p["patience_weight"] * min(1.0, candidate.idle_min / p["patience_cap_min"]),
            "newcomer": p["newcomer_weight"] * max(0.0, 1.0 - candidate.offers_total / p["newcomer_offers"]),
            "acceptance": -p["offer_cost"] / self._acceptance(candidate),
        }

    def _quality(self, candidate: Candidate) -> float:
        """Return the rating shrunk to the mean of all, from 0 at three stars to 1 at five."""
        p = self.params
        weighted = p["quality_prior"] * p["quality_mean"] + candidate.rating_sum
        rating = weighted / (p["quality_prior"] + candidate.rating_count)
        return _clamped((rating - p["quality_floor"]) / p["quality_span"], 0.0, 1.0)

    def _acceptance(self, candidate: Candidate) -> float:
        """Return the probability that he accepts: a beta prior worth ten offers, and what he decided."""
        p = self.params
        accepted = p["acceptance_prior"] * p["acceptance_mean"] + candidate.accepted
        return _clamped(accepted / (p["acceptance_prior"] + candidate.decided), p["acceptance_floor"], 1.0)


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
