from decimal import Decimal

import pytest

from accounts.tests.factories import UserFactory


@pytest.fixture
def api_rules(settings):
    """The rules that the tests of the API count on, whatever the settings say."""
    settings.START_CODE_REQUIRED = True
    settings.START_CODE_TRIES = 5
    settings.START_MAX_DISTANCE_M = 500
    settings.CANCELLATION_GRACE_S = 300
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")
    settings.DEFAULT_FEE_RATE = Decimal("0.15")
    settings.CONTACT_VISIBLE_DAYS = 30


@pytest.fixture
def admin():
    return UserFactory(admin=True)
