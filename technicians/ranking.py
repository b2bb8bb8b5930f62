"""The rank key: all of a technician's score that no job changes, as one number an index can sort by.

Patience grows at one rate for everybody who waits, so the order among them stays as it is: the key holds the points
each would have had at `EPOCH`, and the points of now are the key and what everybody has gained since. Once patience
has reached its cap the points stand still, and the key is the points themselves. The two kinds lie far apart on the
line of keys, so that one index holds both, and a row is rewritten once, when it passes from the one to the other.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from technicians.models import Technician

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Every key that still grows lies below the border, every key at its cap above it: points are tens, at most hundreds.
GROWING_BELOW = -500_000.0
_GROWING_OFFSET = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Rank:
    """What the default policy of a service makes of a technician: the fixed points, and the key to sort by.

    `key_at_cap` takes the place of `key` once his patience has reached its cap.
    """

    static: float
    key: float
    key_at_cap: float


NO_RANK = Rank(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """Points per minute of waiting, and the minutes after which they grow no more."""

    per_min: float
    cap_min: float

    @property
    def grows(self) -> bool:
        return self.per_min > 0

    @property
    def ends(self) -> bool:
        return self.grows and isfinite(self.cap_min)

    @property
    def most(self) -> float:
        """Return the points of the longest wait."""
        return self.per_min * self.cap_min if self.grows else 0.0


def minutes_since_epoch(at: datetime) -> float:
    return (at - EPOCH).total_seconds() / 60


def rank_waiting(static: float, since: datetime | None, patience: Patience) -> Rank:
    """Return the rank of somebody who waits since then; None means that he does not wait."""
    if since is None or not patience.grows:
        return Rank(static, static, static)
    return Rank(static, key_growing(static, patience, since), static + patience.most)


def key_growing(points: float, patience: Patience, at: datetime) -> float:
    """Return the key of somebody whose patience still grows and whose points are these at that moment."""
    return points - patience.per_min * minutes_since_epoch(at) - _GROWING_OFFSET


def points_at(static: float, key: float, patience: Patience, grown: float) -> float:
    """Return the points at a moment, but for nearness; `grown` is -key_growing(0, patience, moment)."""
    if key >= GROWING_BELOW:
        return key
    return max(static, min(key + grown, static + patience.most))


# Who ranks: an upper app fills this in its `guards` module

Ranker = Callable[["Technician", UUID], Rank]
RankerMaker = Callable[[Collection[UUID]], Ranker]
_makers: list[RankerMaker] = []


def register(maker: RankerMaker) -> None:
    """Have the rows of matching ranked by what this makes, in the transaction of whatever changes a technician."""
    _makers[:] = [maker]


def ranker_for(service_ids: Collection[UUID]) -> Ranker:
    """Return what ranks anybody for these services, by the policies of this moment. Ask once for many rows."""
    return _makers[0](service_ids) if _makers else _no_ranker


def _no_ranker(_technician: "Technician", _service_id: UUID) -> Rank:
    return NO_RANK
