"""All that is held about a person, as one JSON document written while it is read: no history is too long for it."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.enums import SecurityEventKind
from accounts.hooks import ExportPart, export_parts, exported_as
from accounts.models import CodeChallenge, SecurityEvent, User
from accounts.selectors import identity_list_of, session_list_of
from accounts.services.security import security_event_add
from fixmate.core import clock
from fixmate.core.models import Upload

ACCOUNT_FIELDS = (
    "id",
    "email",
    "phone",
    "phone_verified_at",
    "first_name",
    "last_name",
    "role",
    "status",
    "created_at",
    "verified_at",
    "last_login",
)
_SEEN_FROM = ("ip_address", "user_agent")

exported_as(
    ExportPart(
        "sessions",
        "Where you have been logged in.",
        ("id", "created_at", "refreshed_at", "expires_at", "ended_at", "end_reason", "second_factor_at", *_SEEN_FROM),
        session_list_of,
    ),
    ExportPart(
        "identities",
        "Providers whose sign-in opens your account, and what they call you.",
        ("id", "provider", "subject", "created_at"),
        identity_list_of,
    ),
    ExportPart(
        "security_events",
        "Logins, codes and tokens on record.",
        ("kind", "at", *_SEEN_FROM),
        lambda user: SecurityEvent.objects.filter(user=user),
    ),
    ExportPart(
        "codes",
        "Codes you were sent; the codes themselves are not kept.",
        ("purpose", "address", "created_at", "sent_at", "tries", "closed_at"),
        lambda user: CodeChallenge.objects.filter(user=user),
    ),
    ExportPart(
        "uploads",
        "Files you sent in.",
        ("id", "purpose", "content_type", "size_bytes", "created_at", "used_at"),
        lambda user: Upload.objects.filter(owner=user),
    ),
)


def export_stream(user: User) -> Iterator[str]:
    """Put the export on record, and return the document piece by piece."""
    security_event_add(SecurityEventKind.DATA_EXPORTED, user=user)
    return _document(user)


def _document(user: User) -> Iterator[str]:
    account = {name: getattr(user, name) for name in ACCOUNT_FIELDS}
    yield f'{{"generated_at": {_json(clock.now())}, "account": {_json(account)}'
    for part in export_parts():
        yield f", {_json(part.name)}: ["
        yield from _rows(part, user)
        yield "]"
    yield "}"


def _rows(part: ExportPart, user: User) -> Iterator[str]:
    separator = ""
    for row in part.rows_of(user):
        yield separator + _json(row)
        separator = ", "


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)
