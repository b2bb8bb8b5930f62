from matching.policies.base import Candidate, Context
from matching.policies.scored import ScoredPolicy
from matching.policies.terms import LEAST, QUALITY, quality_points


class RatingShrunkPolicy(ScoredPolicy):
    """The best rated first, the rating shrunk to the mean of all while there are few reviews."""

    key = "rating_shrunk"
    defaults = QUALITY
    least = LEAST

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        return {"quality": quality_points(self.params, candidate.standing)}
