from matching.policies.base import Candidate, Context
from matching.policies.scored import ScoredPolicy


class NearestPolicy(ScoredPolicy):
    """The shortest way first: the yardstick every other policy is measured by, and what ranks when another fails."""

    key = "nearest"

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        return {"eta": -candidate.eta_min}
