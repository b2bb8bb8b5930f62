"""What the tests of rollouts share."""

from matching.enums import RolloutMode
from matching.policies.index import IndexPolicy
from matching.services import rollout_end

DEFAULT, SHARE, SHADOW = RolloutMode.DEFAULT, RolloutMode.SHARE, RolloutMode.SHADOW
REASON = "A look at it."
DEARER = {**IndexPolicy.defaults, "offer_cost": 8.0}


def end(rollout, staff):
    return rollout_end(rollout_id=rollout.pk, actor=staff, reason=REASON)
