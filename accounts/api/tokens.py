"""The tokens of a session: built from its row alone, so that the same row gives the same tokens, and none is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import jwt
from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import datetime_to_epoch

from accounts.errors import TokenInvalid
from accounts.models import Session, User

MAX_TOKEN_LENGTH: Final = 4000  # ours have about 500 characters
# What claims of another shape raise, though the signature is good: libraries look at their values only in part.
MALFORMED = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)


class LaggingClockBackend(TokenBackend):
    """Verify tokens on a host whose clock may lag behind the database's, which dates them.

    PyJWT refuses a token that was issued "in the future", and so would every fresh one be refused. When it was issued
    says nothing about whether it is good: `exp`, `nbf` and the session's row do.
    """

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.get_verifying_key(token),
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=self.get_leeway(),
                options={"verify_iat": False, "verify_signature": verify},
            )
        except jwt.InvalidTokenError as exc:
            raise TokenBackendError("Token is invalid") from exc
        return claims


_backend = LaggingClockBackend(
    api_settings.ALGORITHM,
    api_settings.SIGNING_KEY,
    audience=api_settings.AUDIENCE,
    issuer=api_settings.ISSUER,
    leeway=api_settings.LEEWAY,
)


class AccessToken(tokens.AccessToken):
    _token_backend = _backend
    session: Session | None = None  # the row it was found good by


class RefreshToken(tokens.RefreshToken):
    _token_backend = _backend


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int
    user: User
    token_type: str = "bearer"  # noqa: S105 - RFC 6750's name of the scheme


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    session_id: UUID
    refresh_jti: UUID


def pair_of(session: Session) -> TokenPair:
    access_until = min(session.refreshed_at + settings.ACCESS_TOKEN_LIFETIME, session.expires_at)
    access = _token(AccessToken, session, uuid5(session.refresh_jti, "access"), access_until)
    refresh = _token(RefreshToken, session, session.refresh_jti, session.expires_at)
    return TokenPair(access, refresh, int((access_until - session.refreshed_at).total_seconds()), session.user)


def refresh_claims_of(raw: str) -> RefreshClaims:
    """Read a refresh token.

    :raises TokenInvalid: if it is not one of ours, or too old
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]
        return RefreshClaims(UUID(token["sid"]), UUID(token["jti"]))
    except (TokenError, *MALFORMED) as exc:
        raise TokenInvalid from exc


def session_id_of(token: Token) -> UUID:
    """Return the session a verified token belongs to.

    :raises TokenInvalid: if it names none
    """
    try:
        return UUID(token["sid"])
    except MALFORMED as exc:
        raise TokenInvalid from exc


def _token(kind: type[Token], session: Session, jti: UUID, expires_at: datetime) -> str:
    token = kind()
    token.payload = {
        "token_type": kind.token_type,
        "sub": str(session.user_id),
        "email": session.user.email,
        "user_type": session.user.role,
        "sid": str(session.pk),
        "jti": str(jti),
        "iat": datetime_to_epoch(session.refreshed_at),
        "exp": datetime_to_epoch(expires_at),
    }
    return str(token)  # the backend adds iss and aud
