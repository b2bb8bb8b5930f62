"""Supply: technicians where the demand is, with the skills it asks for, and tempers of their own."""

from collections import Counter
from dataclasses import dataclass
from math import exp
from random import Random

from fixmate.core.geo import Point
from fixmate.ops.demo.demand import Need
from fixmate.ops.demo.people import Name, name_of
from fixmate.ops.demo.places import near

COVER = 5  # every trade that is asked for is known by at least so many, or by everybody
SKILLS_LEAST, SKILLS_MOST = 1, 3
BASE_SPREAD_M = 1_200.0
RADIUS_KM = (12, 25)
NEARBY_M = 25_000.0  # how the willingness fades with the way


@dataclass(frozen=True, slots=True)
class Temper:
    """How somebody answers offers: says yes, lets them lapse, takes his time; and how well he works."""

    says_yes: float
    lets_lapse: float
    thinks_s: tuple[float, float]
    quality: float

    def would_accept(self, distance_m: float, dice: Random) -> bool:
        return dice.random() < self.says_yes * exp(-distance_m / NEARBY_M)


TEMPERS = (
    Temper(says_yes=0.99, lets_lapse=0.02, thinks_s=(0.2, 0.8), quality=4.8),
    Temper(says_yes=0.95, lets_lapse=0.05, thinks_s=(0.3, 1.2), quality=4.5),
    Temper(says_yes=0.85, lets_lapse=0.06, thinks_s=(0.5, 1.6), quality=4.2),
    Temper(says_yes=0.70, lets_lapse=0.18, thinks_s=(0.8, 2.0), quality=3.6),
)
TEMPER_MIX = (3, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class TechnicianPlan:
    name: Name
    base: Point
    travel_radius_km: int
    trades: tuple[str, ...]
    temper: Temper


def supply_plan(needs: list[Need], *, count: int, dice: Random) -> list[TechnicianPlan]:
    """Plan `count` technicians. Every trade in demand is covered `COVER` times, or by all when they are fewer."""
    asked = Counter(need.trade for need in needs)
    firsts = _first_trades(asked, count)
    dice.shuffle(firsts)
    trades = [{first} for first in firsts]
    _cover(trades, asked, dice)
    for known in trades:
        _round_out(known, asked, dice)
    return [
        _plan(number, known, first, needs, dice)
        for number, (known, first) in enumerate(zip(trades, firsts, strict=True))
    ]


def _first_trades(asked: Counter[str], count: int) -> list[str]:
    """Hand out first trades in proportion to demand, by highest quotient: the most wanted comes first."""
    given: Counter[str] = Counter()
    for _ in range(count):
        given[max(asked, key=lambda trade: (asked[trade] / (given[trade] + 1), trade))] += 1
    return list(given.elements())


def _cover(trades: list[set[str]], asked: Counter[str], dice: Random) -> None:
    for trade in sorted(asked):
        without = [known for known in trades if trade not in known]
        missing = COVER - (len(trades) - len(without))
        dice.shuffle(without)
        without.sort(key=len)
        for known in without[: max(0, missing)]:
            known.add(trade)


def _round_out(known: set[str], asked: Counter[str], dice: Random) -> None:
    wanted = min(dice.randint(SKILLS_LEAST, SKILLS_MOST), len(asked))
    while len(known) < wanted:
        others = sorted(set(asked) - known)
        known.add(dice.choices(others, [asked[trade] for trade in others])[0])


def _plan(number: int, known: set[str], first: str, needs: list[Need], dice: Random) -> TechnicianPlan:
    home = dice.choice([need for need in needs if need.trade == first])
    return TechnicianPlan(
        name=name_of(number, dice),
        base=near(home.place, BASE_SPREAD_M, dice),
        travel_radius_km=dice.randint(*RADIUS_KM),
        trades=tuple(sorted(known)),
        temper=dice.choices(TEMPERS, TEMPER_MIX)[0],
    )
