"""What an operator is told about the keys."""

import pytest

from payments.checks import currency_checked, keys_checked


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_a_test_key_in_production_is_warned_of(settings, key):
    settings.IS_PRODUCTION, settings.STRIPE_SECRET_KEY = True, key

    assert [found.id for found in keys_checked()] == ["payments.W001"]


@pytest.mark.parametrize(
    ("is_production", "key"), [(True, "sk_live_1"), (True, "rk_live_1"), (True, ""), (False, "sk_test_1")]
)
def test_other_keys_and_rehearsals_on_a_laptop_are_not(settings, is_production, key):
    settings.IS_PRODUCTION, settings.STRIPE_SECRET_KEY = is_production, key

    assert keys_checked() == []


@pytest.mark.parametrize(
    ("currency", "key", "expected"),
    [("MGA", "sk_live_1", ["payments.E001"]), ("KWD", "sk_test_1", ["payments.E001"]), ("KWD", "", []),
     ("JPY", "sk_live_1", []), ("USD", "sk_live_1", [])],
)  # fmt: skip
def test_a_currency_stripe_cannot_charge_exactly_is_refused(settings, currency, key, expected):
    settings.CURRENCY, settings.STRIPE_SECRET_KEY = currency, key

    assert [found.id for found in currency_checked()] == expected
