from matching.policies.base import Candidate, Context, lot_of
from matching.policies.scored import ScoredPolicy


class RandomPolicy(ScoredPolicy):
    """By lot: the control that shows what ranking is worth at all. The same seed draws the same."""

    key = "random"

    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        return {"lot": lot_of(ctx.seed, str(candidate.id))}
