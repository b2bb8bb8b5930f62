"""A city made up from the seed: a few quarters around a centre, a day of requests."""

from random import Random

from fixmate.core.geo import Point
from fixmate.ops.demo.demand import TRADES, Demand, Need
from fixmate.ops.demo.places import near

CENTRE = Point(39.9500, -75.1700)
QUARTERS, QUARTERS_WITHIN_M, QUARTER_SPREAD_M = 7, 6_000.0, 900.0
DAY_S = 86_400.0
# How often each trade is asked for, in the order of TRADES.
MIX = (22, 15, 14, 22, 9, 8, 10)
MORNING_PEAK, EVENING_PEAK, PEAK_SPREAD = 0.38, 0.76, 0.09
SHARE_IN_PEAKS = 0.6


def city_demand(*, count: int, dice: Random) -> Demand:
    quarters = [near(CENTRE, QUARTERS_WITHIN_M, dice) for _ in range(QUARTERS)]
    weights = [dice.uniform(1, 4) for _ in quarters]
    needs = [_need(quarters, weights, dice) for _ in range(count)]
    needs.sort(key=lambda need: need.at_s)
    return Demand(source="a generated city", needs=needs, rows=count)


def _need(quarters: list[Point], weights: list[float], dice: Random) -> Need:
    home = near(dice.choices(quarters, weights)[0], QUARTER_SPREAD_M, dice)
    trade = dice.choices(TRADES, MIX)[0]
    return Need(_moment(dice) * DAY_S, trade, home)


def _moment(dice: Random) -> float:
    """Draw a share of the day: two peaks over an even floor."""
    if dice.random() > SHARE_IN_PEAKS:
        return dice.random()
    return dice.gauss(dice.choice((MORNING_PEAK, EVENING_PEAK)), PEAK_SPREAD) % 1.0
