"""What several test modules need and no fixture has to give."""

import json
from datetime import timedelta
from uuid import uuid4

from accounts.api.tokens import pair_of
from accounts.models import SecurityEvent, Session
from fixmate.core import clock
from fixmate.core.tests.http import client_for

AUTH = "/api/v1/auth"
REGISTRATION = {
    "email": "ada@example.com",
    "phone": None,
    "password": "correct horse battery",
    "role": "CUSTOMER",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
PHONE = "+12025550143"
BY_PHONE = {"phone": "(202) 555-0143", "role": "CUSTOMER", "first_name": "Ada", "last_name": "Lovelace"}


def kinds(user=None) -> list[str]:
    """The kinds of security events, of one user or of all, oldest first."""
    found = SecurityEvent.objects.order_by("id")
    return list((found.filter(user=user) if user else found).values_list("kind", flat=True))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def bearer(token: str):
    client = client_for()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def logged_in(user):
    """A client of a session that has just been opened."""
    session = Session.objects.create(
        user=user, expires_at=clock.now() + timedelta(days=1), refresh_jti=uuid4(), authenticated_at=clock.now()
    )
    return bearer(pair_of(session).access_token)


def post(path: str, body=None, **kwargs):
    """Post as nobody to one of the auth addresses."""
    return client_for().post(f"{AUTH}/{path}", body or {}, **kwargs)


def error(answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


def masked(answer) -> dict:
    """The answer without what differs between any two."""
    body = json.loads(answer.content) if answer.content else {}
    for name in ("timestamp", "request_id"):
        body.get("error", {}).pop(name, None)
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return {"status": answer.status_code, "headers": headers, "body": body}
