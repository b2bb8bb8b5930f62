"""Whom a pass asks first: the best, or, as an experiment, one of the nearest by lot. Pure.

Choosing by lot now and then, with the probability written down, is what lets another policy be judged on what has
happened. The probabilities are those of the draw. Where the one drawn is lost to another job at that very moment, the
pass goes on down the ranks, and they stay as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from matching.policies.base import lot_of
from matching.services.candidates import Considered, passed_by_rank

PERCENT = 100


@dataclass(frozen=True, slots=True)
class Picked:
    """Whom to ask, in this order; with which probability each was to be the first.

    `drawn` came first by lot, `guarded` because he had no offer for too long: see `guard`.
    """

    order: tuple[Considered, ...]
    propensity: Mapping[UUID, float]
    drawn: Considered | None = None
    guarded: Considered | None = None


NOBODY = Picked((), {})


def pick(considered: Sequence[Considered], seed: str) -> Picked:
    """Order those who passed. The same seed picks the same."""
    passed, chance = passed_by_rank(considered), float(settings.EXPLORATION_PERCENT / PERCENT)
    if not passed:
        return NOBODY
    nearest = sorted(passed, key=lambda one: (one.candidate.eta_min, one.technician_id))[: settings.EXPLORATION_AMONG]
    propensity = _propensity(passed, nearest, chance)
    if lot_of(seed, "explore") >= chance:
        return Picked(tuple(passed), propensity)
    drawn = nearest[int(lot_of(seed, "among") * len(nearest))]
    return Picked((drawn, *(one for one in passed if one is not drawn)), propensity, drawn)


def _propensity(passed: Sequence[Considered], nearest: Sequence[Considered], chance: float) -> dict[UUID, float]:
    each = {one.technician_id: 0.0 for one in passed}
    each[passed[0].technician_id] = 1.0 - chance
    for one in nearest:
        each[one.technician_id] += chance / len(nearest)
    return each
