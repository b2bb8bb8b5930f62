from collections.abc import Mapping, Sequence

from matching.policies.base import Candidate, JobView, Ranked, in_order


class NearestPolicy:
    """The shortest way first: the yardstick every other policy is measured by."""

    key = "nearest"
    params: Mapping[str, float] = {}

    def rank(self, job: JobView, pool: Sequence[Candidate]) -> list[Ranked]:
        return in_order(job, ((candidate, {"eta": -candidate.eta_min}) for candidate in pool))
