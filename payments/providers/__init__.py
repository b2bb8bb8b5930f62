"""Who takes the money. Services talk to `OnlineProvider` and to nothing of a provider's own."""

from django.conf import settings

from payments.enums import Provider
from payments.providers.asked import (
    AccountState,
    ChargebackIs,
    ChargebackState,
    HoldAsk,
    HoldIs,
    HoldState,
    ObjectKind,
    OnlineProvider,
    ProviderAway,
    ProviderEvent,
    ProviderRefused,
    Record,
    RefundIs,
    RefundState,
    TransferState,
    WebhookRefused,
)
from payments.providers.stripe import stripe_provider

__all__ = [
    "AccountState",
    "ChargebackIs",
    "ChargebackState",
    "HoldAsk",
    "HoldIs",
    "HoldState",
    "ObjectKind",
    "OnlineProvider",
    "ProviderAway",
    "ProviderEvent",
    "ProviderRefused",
    "Record",
    "RefundIs",
    "RefundState",
    "TransferState",
    "WebhookRefused",
    "provider_get",
]


def provider_get(name: str) -> OnlineProvider:
    """Return the adapter of an online provider; cash has none.

    :raises ProviderAway: if no keys are set for it
    """
    if name == Provider.STRIPE and settings.STRIPE_SECRET_KEY:
        return stripe_provider()
    raise ProviderAway(f"no keys are set for {name}")
