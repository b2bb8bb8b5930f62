"""The tables of docs/api-design.md, made of the OpenAPI document and of the errors there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from fixmate.core.api.refusals import registry

PAGE: Final = Path(settings.BASE_DIR) / "docs" / "api-design.md"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_WHO: Final = {"CUSTOMER": "C", "TECHNICIAN": "T", "ADMIN": "A"}
_PREFIX: Final = "/api/v1"


def page_renewed(text: str) -> str:
    """Return the page with its tables as they have to be now.

    :raises ValueError: if the page has no place for one of them
    """
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    text = _replaced(text, "endpoints", "\n".join(_endpoints(document)))
    return _replaced(text, "errors", "\n".join(_errors(document)))


def _replaced(text: str, name: str, table: str) -> str:
    place = re.compile(rf"(<!-- {name}: made by manage.py api_docs -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"There is no place for the {name} in the page.")
    return place.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def _endpoints(document: Any) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                by_tag.setdefault(item[method]["tags"][0], []).append(_endpoint(method, path, item[method]))
    for tag in sorted(by_tag):
        yield f"\n### {tag}\n"
        yield "| call | who | what | answers |"
        yield "|---|---|---|---|"
        yield from by_tag[tag]
    yield ""


def _endpoint(method: str, path: str, operation: Any) -> str:
    who = " ".join(_WHO[role] for role in _WHO if role in operation["x-roles"]) or "-"
    answers = ", ".join(status for status in operation["responses"] if status < "400")
    return f"| `{method.upper()} {path.removeprefix(_PREFIX)}` | {who} | {operation['summary']} | {answers} |"


def _errors(document: Any) -> Iterator[str]:
    answered = {"METHOD_NOT_ALLOWED", *_codes_in(document)}
    yield "| code | status | message | details |"
    yield "|---|---|---|---|"
    for known in registry():
        if known.code in answered:
            yield f"| `{known.code}` | {known.status} | {known.message} | {known.details} |"


def _codes_in(part: Any) -> Iterator[str]:
    """Return the codes of every refusal that is described in a part of the document."""
    if isinstance(part, list):
        for inner in part:
            yield from _codes_in(inner)
    if isinstance(part, dict):
        yield from part.get("code", {}).get("enum", []) if isinstance(part.get("code"), dict) else []
        for inner in part.values():
            yield from _codes_in(inner)
