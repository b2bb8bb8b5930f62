"""A web process whose provider is one of the tests' own: it signs as Stripe documents it."""

from fixmate.wsgi import application
from payments import providers
from payments.tests.telling import TellingProvider

__all__ = ["application"]

providers.stripe_provider = lambda: TellingProvider()
