from matching.policies.base import Candidate, Context
from matching.policies.scored import ScoredPolicy


class LongestIdlePolicy(ScoredPolicy):
    """Whoever has waited longest first, wherever in reach he is."""

    key = "longest_idle"

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        return {"idle": candidate.idle_min}
