from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixmate.core.money import Money, exponent, share_minor

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "XAF", "VND"])
MINORS = st.integers(min_value=-(10**12), max_value=10**12)


@given(MINORS, CURRENCIES)
def test_an_amount_written_and_read_is_the_same_money(minor, currency):
    money = Money(minor, currency)

    assert Money.parse(money.amount, currency) == money


@given(MINORS, CURRENCIES)
def test_an_amount_has_the_places_of_its_currency(minor, currency):
    _, _, places = Money(minor, currency).amount.partition(".")

    assert len(places) == exponent(currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (12990, "USD", "129.90 USD"),
        (5, "USD", "0.05 USD"),
        (-5, "USD", "-0.05 USD"),
        (7, "JPY", "7 JPY"),
        (1, "KWD", "0.001 KWD"),
    ],
)
def test_money_is_shown_with_its_currency(minor, currency, text):
    assert str(Money(minor, currency)) == text


@pytest.mark.parametrize(("amount", "currency"), [("1.001", "USD"), ("1.5", "JPY"), ("0.0001", "KWD"), ("NaN", "USD")])
def test_an_amount_with_more_places_than_the_currency_is_refused(amount, currency):
    with pytest.raises(ValueError, match="decimal places"):
        Money.parse(amount, currency)


@given(st.integers(0, 10**12), st.decimals(0, 1, places=4))
def test_a_share_is_within_half_a_minor_unit_and_never_more_than_the_whole(minor, rate):
    share = share_minor(minor, rate)

    assert 0 <= share <= minor
    assert abs(Decimal(share) - minor * rate) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("minor", "rate", "share"),
    [(10, "0.05", 1), (30, "0.05", 2), (9, "0.05", 0), (12990, "0.15", 1949), (0, "0.15", 0), (100, "1", 100)],
)
def test_a_share_is_rounded_half_up(minor, rate, share):
    assert share_minor(minor, Decimal(rate)) == share
