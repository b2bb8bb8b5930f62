"""When which fault strikes: drawn from the seed before the experiment begins, so that the seed replays it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault, so many seconds after the start."""

    at_s: float
    target: str


def dice_for(seed: int, name: str) -> Random:
    """Return the dice of one experiment: the same for the same seed, whichever others run before it."""
    return Random(f"{seed}:{name}")


def strikes(dice: Random, *, seconds: float, gap_s: tuple[float, float], targets: Sequence[str]) -> list[Strike]:
    """Return faults on targets drawn by lot, with gaps drawn from `gap_s`, for so many seconds."""
    found, at_s = [], dice.uniform(*gap_s)
    while at_s < seconds:
        found.append(Strike(at_s, dice.choice(targets)))
        at_s += dice.uniform(*gap_s)
    return found


def in_turn(*, seconds: float, every_s: float, targets: Sequence[str]) -> list[Strike]:
    """Return faults that reach each target once per `every_s`, evenly spread over that time."""
    gap_s = every_s / len(targets)
    count = int(seconds / gap_s)
    return [Strike(gap_s * (number + 1), targets[number % len(targets)]) for number in range(count)]


def offsets_s(dice: Random, names: Sequence[str], *, around_s: float) -> dict[str, float]:
    """Return for each name a moment within `around_s` before or after zero."""
    return {name: dice.uniform(-around_s, around_s) for name in names}


def spread(count: int, *, over_s: float) -> Iterator[float]:
    """Yield so many moments, evenly spread from zero on."""
    return (over_s * number / count for number in range(count))
