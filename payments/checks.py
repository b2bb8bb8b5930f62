"""What an operator is told by `migrate`, `seed` and `check`, and what keeps nothing from starting."""

from typing import Any

from django.conf import settings
from django.core import checks

TEST_KEYS = ("sk_test_", "rk_test_")
# Stripe charges no thousandths, and counts ariary in whole ones where ISO 4217 has hundredths.
NOT_EXACT = frozenset({"BHD", "JOD", "KWD", "MGA", "OMR", "TND"})


@checks.register("payments")
def keys_checked(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where production takes no real money. A rehearsal of it does so on purpose, so that it is no refusal."""
    if not settings.IS_PRODUCTION or not settings.STRIPE_SECRET_KEY.startswith(TEST_KEYS):
        return []
    said = "STRIPE_SECRET_KEY is a test key: jobs are done, and nobody pays for them."
    return [checks.Warning(said, hint="Set the live key; test keys are for a rehearsal.", id="payments.W001")]


@checks.register("payments")
def currency_checked(**kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse a currency in which Stripe could not take what was agreed, to the last unit."""
    if not settings.STRIPE_SECRET_KEY or settings.CURRENCY not in NOT_EXACT:
        return []
    said = f"Stripe cannot charge every amount of {settings.CURRENCY} as it is agreed here."
    return [checks.Error(said, hint="Leave STRIPE_SECRET_KEY empty, or take another CURRENCY.", id="payments.E001")]
