from matching.policies.base import Candidate, Context
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


class AcceptValuePolicy(ScoredPolicy):
    """What asking him is worth: nearness and quality, times the probability that he says yes."""

    key = "accept_value"
    defaults = {**NEARNESS, **QUALITY, **ACCEPTANCE}
    least = LEAST
    shares = SHARES

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        probability = acceptance(self.params, candidate.standing)
        return {
            "nearness": probability * nearness_points(self.params, candidate.eta_min),
            "quality": probability * quality_points(self.params, candidate.standing),
        }
