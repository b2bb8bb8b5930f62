from matching.policies.base import Candidate, Context, Standing
from matching.policies.scored import ScoredPolicy
from matching.policies.terms import (
    ACCEPTANCE,
    LEAST,
    NEARNESS,
    QUALITY,
    SHARES,
    acceptance,
    nearness_points,
    quality_points,
)


class IndexPolicy(ScoredPolicy):
    """Points for nearness, quality, patience and newcomers, less what a likely refusal costs the customer.

    If each offer costs c and is accepted with probability p, asking i before j is better exactly when
    v_i - c/p_i > v_j - c/p_j (adjacent swap; the index of Weitzman's Pandora's rule), hence the charge of c/p.
    """

    key = "index"
    defaults = {
        **NEARNESS,
        **QUALITY,
        "patience_weight": 18.0,
        "patience_cap_min": 120.0,
        "newcomer_weight": 6.0,
        "newcomer_offers": 10.0,
        "offer_cost": 6.0,
        **ACCEPTANCE,
    }
    least = {**LEAST, "patience_cap_min": 1.0, "newcomer_offers": 1.0}
    shares = SHARES

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        standing = candidate.standing
        return {
            "nearness": self.nearness(candidate.eta_min),
            "quality": quality_points(self.params, standing),
            "patience": self.patience_per_min * min(candidate.idle_min, self.patience_cap_min),
            "newcomer": self._newcomer_points(standing),
            "acceptance": self._acceptance_points(standing),
        }

    @property
    def patience_per_min(self) -> float:
        return self.params["patience_weight"] / self.patience_cap_min

    @property
    def patience_cap_min(self) -> float:
        return self.params["patience_cap_min"]

    def nearness(self, eta_min: float) -> float:
        return nearness_points(self.params, eta_min)

    def static_points(self, standing: Standing) -> float:
        return (
            quality_points(self.params, standing) + self._newcomer_points(standing) + self._acceptance_points(standing)
        )

    def _newcomer_points(self, standing: Standing) -> float:
        return self.params["newcomer_weight"] * max(0.0, 1.0 - standing.offers_total / self.params["newcomer_offers"])

    def _acceptance_points(self, standing: Standing) -> float:
        return -self.params["offer_cost"] / acceptance(self.params, standing)
