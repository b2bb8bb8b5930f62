"""Who a provider says somebody is: the ID tokens of Google and Apple, verified and read."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import jwt
import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from jwt import PyJWK

from accounts.addresses import EMAIL_LENGTH, email_normalise
from accounts.enums import SocialProvider
from accounts.errors import ProviderAway, ProviderOff, ProviderTokenInvalid
from accounts.provider_keys import Keys, KeysAway, keys_read, ring_at
from fixmate.core import clock

log = structlog.get_logger(__name__)
_LEEWAY_S: Final = 60
_SUBJECT_LENGTH: Final = 255
_NAME_LENGTH: Final = 80
_LAST_MOMENT: Final = 10**11  # far beyond any calendar here
_REQUIRED: Final = ["iss", "aud", "sub", "exp", "iat"]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is fixed about a provider, whatever a token says of itself."""

    issuers: tuple[str, ...]
    algorithms: tuple[str, ...]


_FACTS: Final = {
    SocialProvider.GOOGLE: _Facts(("https://accounts.google.com", "accounts.google.com"), ("RS256",)),
    SocialProvider.APPLE: _Facts(("https://appleid.apple.com",), ("RS256", "ES256")),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a token that is good says. `email` is the address the provider has verified, if there is one."""

    provider: SocialProvider
    subject: str
    email: str | None
    first_name: str
    last_name: str
    digest: str  # of what was signed: the same for the same token, however its signature is written
    expires_at: datetime


def provider_read(provider: SocialProvider, id_token: str, *, nonce: str | None) -> Told:
    """Verify an ID token and return what it says. May reach outside: call it with no transaction open.

    The nonce is what the app drew before it asked the provider, and of which the provider was given the SHA-256. So a
    token that was read on its way is of no use: the nonce cannot be had from it.

    :raises ProviderOff: if signing in with this provider is not set up
    :raises ProviderTokenInvalid: if the token is not the provider's, not for us, too old, or the nonce is another one
    :raises ProviderAway: if the provider's keys are not to be had now
    """
    client_ids = getattr(settings, f"{provider}_CLIENT_IDS")
    if not client_ids:
        raise ProviderOff
    try:
        claims = _claims_of(provider, id_token)
        _check_audience(claims, client_ids)
        _check_moment(claims)
        _check_nonce(claims, nonce)
        return _told(provider, claims, id_token)
    except (jwt.PyJWTError, ValueError, TypeError) as exc:
        log.info("social.token_refused", provider=provider.value, reason=type(exc).__name__)
        raise ProviderTokenInvalid from exc


# Signature


def _claims_of(provider: SocialProvider, id_token: str) -> dict[str, Any]:
    facts = _FACTS[provider]
    key = _key_for(provider, jwt.get_unverified_header(id_token).get("kid"))
    if key is None or key.algorithm_name not in facts.algorithms:
        raise jwt.InvalidKeyError("no key of the provider signs so")
    # Times are compared with the database's clock, in `_check_moment`: a host's own may be off.
    options: Any = {"require": _REQUIRED, "verify_aud": False, "verify_sub": False}
    options |= dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf"), False)
    claims: dict[str, Any] = jwt.decode(
        id_token, key, algorithms=[key.algorithm_name], issuer=facts.issuers, options=options
    )
    return claims


def _key_for(provider: SocialProvider, key_id: Any) -> PyJWK | None:
    if not isinstance(key_id, str):
        return None
    given = getattr(settings, f"{provider}_KEYS")
    if given:
        return _keys_given(given).get(key_id)
    try:
        return ring_at(getattr(settings, f"{provider}_KEYS_URL")).key(key_id)
    except KeysAway as exc:
        log.warning("social.keys_away", provider=provider.value, reason=str(exc))
        raise ProviderAway from exc


@lru_cache(maxsize=8)
def _keys_given(document: str) -> Keys:
    return keys_read(document)


# Claims


def _check_audience(claims: dict[str, Any], client_ids: Iterable[str]) -> None:
    """One audience, and it is one of our apps: a list could name another one's as well."""
    if claims["aud"] not in client_ids:
        raise jwt.InvalidAudienceError


def _check_moment(claims: dict[str, Any]) -> None:
    now = clock.now().timestamp()
    if now >= _moment(claims["exp"]) + _LEEWAY_S:
        raise jwt.ExpiredSignatureError
    if now < max(_moment(claims["iat"]), _moment(claims.get("nbf", 0))) - _LEEWAY_S:
        raise jwt.ImmatureSignatureError


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        raise ValueError("a time is a number of seconds")
    return value


def _check_nonce(claims: dict[str, Any], nonce: str | None) -> None:
    """A token that was asked for with a nonce is not taken without it, nor the other way round."""
    held = claims.get("nonce")
    if held is None and nonce is None:
        return
    wanted = hashlib.sha256((nonce or "").encode()).hexdigest()
    if nonce is None or not isinstance(held, str) or not hmac.compare_digest(held.lower().encode(), wanted.encode()):
        raise jwt.InvalidTokenError("the nonce is another one")


def _told(provider: SocialProvider, claims: dict[str, Any], id_token: str) -> Told:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= _SUBJECT_LENGTH:
        raise ValueError("a subject is a short text")
    return Told(
        provider=provider,
        subject=subject,
        email=_verified_email(provider, claims),
        first_name=_name(claims.get("given_name")),
        last_name=_name(claims.get("family_name")),
        digest=hashlib.sha256(id_token.rpartition(".")[0].encode()).hexdigest(),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _verified_email(provider: SocialProvider, claims: dict[str, Any]) -> str | None:
    """Return the address if the provider vouches for it. Apple writes its booleans as texts at times."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") not in (True, "true"):
        return None
    if provider == SocialProvider.GOOGLE and not _is_googles(email, claims.get("hd")):
        return None
    normal = email_normalise(email)
    try:
        validate_email(normal)
    except ValidationError:
        return None
    return normal if len(normal) <= EMAIL_LENGTH else None


def _is_googles(email: str, hosted_domain: Any) -> bool:
    """Tell whether Google runs the mailbox. Of any other it knows only that somebody could read it once, and he may
    have left it to somebody else since."""
    return email.strip().lower().endswith("@gmail.com") or (isinstance(hosted_domain, str) and bool(hosted_domain))


def _name(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value if character.isprintable()).strip()[:_NAME_LENGTH]
