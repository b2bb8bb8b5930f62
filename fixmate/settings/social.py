"""Signing in with Google or Apple: our apps' ids there, and the keys their tokens are signed with."""

from django.core.exceptions import ImproperlyConfigured

from accounts.provider_keys import keys_read
from fixmate.core.env import env, env_list


def _key_set(name: str, document: str) -> str:
    """Return the JWK set if it is one."""
    try:
        if document:
            keys_read(document)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise ImproperlyConfigured(f"{name} is no JWK set with keys that can be used: {exc}") from exc
    return document


GOOGLE_CLIENT_IDS = env_list("GOOGLE_CLIENT_IDS")
GOOGLE_KEYS_URL = env("GOOGLE_KEYS_URL", "https://www.googleapis.com/oauth2/v3/certs")
GOOGLE_KEYS = _key_set("GOOGLE_KEYS", env("GOOGLE_KEYS"))
APPLE_CLIENT_IDS = env_list("APPLE_CLIENT_IDS")
APPLE_KEYS_URL = env("APPLE_KEYS_URL", "https://appleid.apple.com/auth/keys")
APPLE_KEYS = _key_set("APPLE_KEYS", env("APPLE_KEYS"))
