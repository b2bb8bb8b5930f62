"""Passes made up, and what the gates say afterwards of somebody in them."""

from datetime import timedelta

from matching.enums import PassOutcome
from matching.models import MatchingPass
from matching.services.explain import accounts_of

STEP = timedelta(seconds=7)


def pass_of(job, at, **kwargs):
    """A pass that looked at nobody."""
    what = {"number": 1, "search_number": 1, "policy": "index", "policy_version": "v", "radius_m": 6000}
    counts = {"looked_at": 0, "passed": 0, "outcome": PassOutcome.NOBODY, "seed": "s", "digest": "d"}
    return MatchingPass.objects.create(job=job, started_at=at, duration_ms=1, **{**what, **counts, **kwargs})


def verdicts_then(technician, this_pass):
    """What the gates say afterwards, by gate; the record of the pass is not asked."""
    (account,) = accounts_of(technician, [this_pass], {})
    return {verdict["gate"]: verdict for verdict in account.verdicts}


def kept_out(technician, this_pass):
    return {gate for gate, verdict in verdicts_then(technician, this_pass).items() if not verdict["passed"]}
