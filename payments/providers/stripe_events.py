"""What Stripe sends by itself: signed, and believed for nothing but which object has changed."""

import json

import stripe
from django.conf import settings

from payments.providers.asked import ProviderEvent, WebhookRefused
from payments.providers.stripe_asks import NONSENSE
from payments.providers.stripe_objects import KINDS

SIGNED_WITHIN_S = 300


def event_read(*, body: bytes, signature: str) -> ProviderEvent:
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        if _is_signed(body, signature, secret):
            return _event(body)
    raise WebhookRefused("not signed by Stripe, or too long ago")


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, SIGNED_WITHIN_S)
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # of bytes or a header that are no text
        return False
    return True


def _event(body: bytes) -> ProviderEvent:
    """Read a message whose signature holds.

    :raises WebhookRefused: if it is none of Stripe's events all the same
    """
    try:
        message = json.loads(body)
        about = message["data"]["object"]
        return ProviderEvent(
            id=str(message["id"]),
            type=str(message["type"]),
            kind=KINDS.get(about["object"]),
            ref=str(about.get("id", "")),
        )
    except NONSENSE as exc:
        raise WebhookRefused("signed, but no event") from exc
