from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shares import contained_minor, part_minor


@given(st.data())
def test_parts_of_the_whole_are_the_share(data):
    whole = data.draw(st.integers(1, 10**7))
    share = data.draw(st.integers(0, whole))
    cuts = sorted({*data.draw(st.lists(st.integers(1, whole), max_size=8)), whole})
    taken = taken_share = 0
    for cut in cuts:
        amount = cut - taken
        part = part_minor(amount, whole=whole, share=share, taken=taken, taken_share=taken_share)
        assert 0 <= part <= amount
        taken, taken_share = taken + amount, taken_share + part
        assert abs(taken_share - Decimal(share) * taken / whole) <= 1
        assert taken_share <= share
        assert taken - taken_share <= whole - share

    assert taken_share == share


@given(st.data())
def test_no_side_gives_more_than_it_has_whatever_was_taken(data):
    whole = data.draw(st.integers(1, 10**6))
    share = data.draw(st.integers(0, whole))
    taken_share = data.draw(st.integers(0, share))
    taken = taken_share + data.draw(st.integers(0, whole - share))
    amount = data.draw(st.integers(0, whole - taken))

    part = part_minor(amount, whole=whole, share=share, taken=taken, taken_share=taken_share)

    assert 0 <= part <= amount
    assert part <= share - taken_share
    assert amount - part <= (whole - share) - (taken - taken_share)


def test_nothing_has_no_parts():
    assert part_minor(0, whole=0, share=0, taken=0, taken_share=0) == 0


@pytest.mark.parametrize(("rate", "tax"), [("0", 0), ("0.20", 250), ("0.19", 239), ("1", 750)])
def test_contained_tax(rate, tax):
    assert contained_minor(1_500, Decimal(rate)) == tax
