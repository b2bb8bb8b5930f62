from decimal import Decimal

import pytest

from accounts.tests.factories import UserFactory
from jobs.tests.factories import job_in_progress, quote_for


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
    settings.TECHNICIAN_PHONE_DAYS = 14


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def quote_rules(settings):
    """The rules that the tests of extra work count on, whatever the settings say."""
    settings.QUOTE_EXPIRES_S = 1800
    settings.QUOTE_CODE_TRIES = 3
    settings.QUOTE_MAX_MULTIPLE = Decimal(5)


@pytest.fixture
def job(noon):
    """A job in progress, requested at noon; files that are about another have their own."""
    return job_in_progress(created_at=noon)


@pytest.fixture
def quote(job):
    """Extra work that was proposed and awaits its answer."""
    return quote_for(job)
