import pytest

from accounts.tests.factories import UserFactory
from payments.enums import Provider
from payments.selectors.proof import first_fault
from payments.tests.fake import FakeProvider
from payments.tests.telling import TellingProvider


@pytest.fixture
def staff():
    return UserFactory(admin=True)


@pytest.fixture
def books_hold(db):
    """After the test, the books must hold."""
    yield
    assert first_fault() is None


@pytest.fixture
def online(settings, monkeypatch):
    """Take the money through a provider in memory, and return it."""
    settings.PAYMENT_PROVIDER, settings.STRIPE_SECRET_KEY = Provider.STRIPE, "sk_test"
    provider = FakeProvider()
    monkeypatch.setattr("payments.providers.stripe_provider", lambda: provider)
    return provider


@pytest.fixture
def provider(settings, monkeypatch):
    """A provider with keys, which tells and answers as the test says."""
    telling = TellingProvider()
    settings.STRIPE_SECRET_KEY = "sk_of_tests"
    monkeypatch.setattr("payments.providers.stripe_provider", lambda: telling)
    return telling
