"""Tokens put together by hand, and the whole refusal they have to meet."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from django.conf import settings as configured

from accounts.models import Session
from accounts.tests.helpers import AUTH, bearer, post

PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
    "9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n"
)
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
ENVELOPE = {"code", "message", "path", "timestamp", "request_id", "details"}


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def part(content) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(session, **changes) -> dict:
    claims = {
        "token_type": "access",
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "jti": str(session.refresh_jti),
        "iat": now(),
        "exp": now() + 600,
        "aud": "fixmate-api",
        "iss": "fixmate",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def made(header, claims, key=None, *, signature=None) -> str:
    """Put a token together by hand: libraries refuse to make most of these."""
    signed = f"{part(header)}.{part(claims)}"
    if signature is None:
        secret = configured.SECRET_KEY if key is None else key
        hash_of = HASHES.get(str(header.get("alg")) if isinstance(header, dict) else "", hashlib.sha256)
        signature = part(hmac.new(secret.encode(), signed.encode(), hash_of).digest())
    return f"{signed}.{signature}"


def refused(answer) -> None:
    """Check the whole refusal: status, envelope, scheme, and that it tells nothing of why."""
    assert answer.status_code == 401, answer.content
    assert set(answer.json()["error"]) == ENVELOPE
    assert answer.json()["error"]["code"] in {"TOKEN_INVALID", "AUTHENTICATION_REQUIRED"}
    assert answer.json()["error"]["details"] == {}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def refused_everywhere(token: str) -> None:
    """Offer the token as an access token, as a refresh token, and to log out with: at no door is it good."""
    refused(bearer(token).get(f"{AUTH}/me"))
    refused(post("refresh", {"refresh_token": token}))
    refused(post("logout", {"refresh_token": token}))
    refused(bearer(token).post(f"{AUTH}/logout"))
    assert Session.objects.get().ended_at is None
