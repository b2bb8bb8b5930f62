"""How an amount that comes back falls on those who shared the whole."""

from decimal import ROUND_HALF_UP, Decimal


def part_minor(amount: int, *, whole: int, share: int, taken: int, taken_share: int) -> int:
    """Return how much of `amount` falls on the share, of a whole of which some was taken before.

    In proportion, rounded half up over all that was taken so far, so that the parts of the whole are the share itself;
    and never more than is left of either side.
    """
    if not whole:
        return 0
    exact = Decimal(share) * (taken + amount) / whole
    target = int(exact.to_integral_value(ROUND_HALF_UP)) - taken_share
    others_left = (whole - share) - (taken - taken_share)
    return min(max(target, amount - others_left, 0), amount, share - taken_share)


def contained_minor(gross: int, rate: Decimal) -> int:
    """Return the tax that is contained in an amount, rounded half up."""
    return int((Decimal(gross) * rate / (1 + rate)).to_integral_value(ROUND_HALF_UP))
