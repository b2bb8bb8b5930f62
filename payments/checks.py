"""What an operator is told by `migrate`, `seed` and `check`, and what keeps nothing from starting."""

from typing import Any

from django.conf import settings
from django.core import checks

TEST_KEYS = ("sk_test_", "rk_test_")


@checks.register("payments")
def keys_checked(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where production takes no real money. A rehearsal of it does so on purpose, so that it is no refusal."""
    if not settings.IS_PRODUCTION or not settings.STRIPE_SECRET_KEY.startswith(TEST_KEYS):
        return []
    said = "STRIPE_SECRET_KEY is a test key: jobs are done, and nobody pays for them."
    return [checks.Warning(said, hint="Set the live key; test keys are for a rehearsal.", id="payments.W001")]
