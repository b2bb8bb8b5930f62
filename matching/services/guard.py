"""The guard against starving: now and then whoever has been online for long without any offer goes first.

Whether it is his turn is drawn by lot before anybody is looked for, so that the probabilities written down hold given
the lot: in a guarded pass one for him and none for the others, in any other pass those of the policy.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from matching.gates import Search
from matching.policies.base import lot_of
from matching.services.candidates import Considered, Found, consider_rows, passed_by_rank
from matching.services.pick import Picked
from matching.services.ranking import FALLBACK, PolicyFailed
from matching.services.record import Look
from matching.supply import starved_list
from technicians.models import Dispatchable

_AT_ONCE = 10


def first_in_turn(look: Look, search: Search, found: Found) -> tuple[Found, Picked] | None:
    """Return whom the pass looked at and whom to ask with the longest starved in front; None if nobody's turn it is.

    He may be none of those looked at: he is looked for with a query of his own, put through the gates, and ranked
    behind those who passed. Who fails the gates is not written down here.
    """
    one_in = look.rules.starvation_one_in
    if not one_in or lot_of(look.seed, "guard") * one_in >= 1:
        return None
    online_s = look.rules.starvation_online_s
    rows = starved_list(job=look.job, search=search, online_s=online_s, limit=settings.CANDIDATES_KEPT)
    starved = _longest(look, search, found, rows)
    return _in_front(starved, found) if starved else None


def _longest(look: Look, search: Search, found: Found, rows: Sequence[Dispatchable]) -> Considered | None:
    """Return the first of them who passes; further ones are looked at only while nobody does."""
    lots = (rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE))
    try:
        return next((one for lot in lots for one in _in_turn(look, search, found, lot) if one.passed), None)
    except PolicyFailed:
        return None


def _in_turn(look: Look, search: Search, found: Found, rows: Sequence[Dispatchable]) -> list[Considered]:
    known = {one.technician_id: one for one in found.considered}
    policy = FALLBACK if found.fallback else look.policy
    strangers = [row for row in rows if row.technician_id not in known]
    asked = consider_rows(job=look.job, view=look.view, search=search, policy=policy, ctx=look.ctx, rows=strangers)
    known |= {one.technician_id: one for one in asked}
    return [known[row.technician_id] for row in rows]


def _in_front(starved: Considered, found: Found) -> tuple[Found, Picked]:
    passed = passed_by_rank(found.considered)
    if starved.rank is None:
        starved = replace(starved, rank=len(passed) + 1)
        found = replace(found, considered=[*found.considered, starved])
    others = [one for one in passed if one is not starved]
    propensity = {starved.technician_id: 1.0} | {one.technician_id: 0.0 for one in others}
    return found, Picked((starved, *others), propensity, guarded=starved)
