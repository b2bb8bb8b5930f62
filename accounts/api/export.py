"""What the export looks like, from the same list of parts that makes it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from accounts.hooks import ExportPart, export_parts
from accounts.services.export import ACCOUNT_FIELDS


def _object_of(fields: tuple[str, ...], about: str) -> dict[str, Any]:
    return {"type": "object", "description": about, "properties": {name: {} for name in fields}}


def _list_of(part: ExportPart) -> dict[str, Any]:
    return {"type": "array", "items": _object_of(part.fields, part.about)}


EXPORT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "generated_at": {"type": "string", "format": "date-time"},
        "account": _object_of(ACCOUNT_FIELDS, "Your account."),
        **{part.name: _list_of(part) for part in export_parts()},
    },
    "required": ["generated_at", "account", *(part.name for part in export_parts())],
}
EXPORT_EXAMPLE = OpenApiExample(
    "A new account",
    response_only=True,
    value={
        "generated_at": "2026-01-15T10:30:00Z",
        "account": {"email": "ada@example.com", "first_name": "Ada", "role": "CUSTOMER"},
        **{part.name: [] for part in export_parts()},
    },
)
