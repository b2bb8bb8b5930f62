"""Keyset paging: a page starts after the last row seen, so nothing is skipped or shown twice while rows come in.

DRF's cursor loses rows on NULLs and loops on ties; here the cursor holds every ordering value and the key, signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Model, Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

_SALT = "fixmate.cursor"
_CURSOR_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9_.:-]*$"}


@dataclass(frozen=True, slots=True)
class _Cursor:
    ordering: tuple[str, ...]
    values: tuple[Any, ...]
    is_backward: bool


class KeysetPagination(BasePagination):
    """`view.ordering_fields` maps what a client may order by to non-null columns; `view.ordering` is the default."""

    page_size = 10
    max_page_size = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.size = self._page_size()
        self.ordering = self._ordering(view)
        cursor = self._cursor()
        self.is_backward = cursor is not None and cursor.is_backward
        self.has_cursor = cursor is not None
        if cursor is not None:
            queryset = queryset.filter(_after(self._direction(), cursor.values))
        rows = list(queryset.order_by(*self._direction())[: self.size + 1])
        self.has_more = len(rows) > self.size
        rows = rows[: self.size]
        self.page = rows[::-1] if self.is_backward else rows
        return self.page

    def _page_size(self) -> int:
        raw = self.request.query_params.get("page_size", str(self.page_size))
        if not raw.isascii() or not raw.isdigit() or int(raw[:9]) < 1:
            raise ValidationError({"page_size": ["Give a whole number from 1 to 100."]})
        return min(int(raw[:9]), self.max_page_size)

    def _ordering(self, view: Any) -> tuple[str, ...]:
        allowed: dict[str, str] = getattr(view, "ordering_fields", {})
        default: Sequence[str] = getattr(view, "ordering", ("-created_at",))
        asked = self.request.query_params.get("ordering")
        if not asked:
            return _with_key(default)
        name = asked.removeprefix("-")
        if name not in allowed:
            raise ValidationError({"ordering": [f"Order by one of: {', '.join(sorted(allowed)) or 'nothing'}."]})
        return _with_key((("-" if asked.startswith("-") else "") + allowed[name],))

    def _direction(self) -> tuple[str, ...]:
        return tuple(_reverse(name) for name in self.ordering) if self.is_backward else self.ordering

    # Cursors

    def _cursor(self) -> _Cursor | None:
        text = self.request.query_params.get("cursor")
        if not text:
            return None
        try:
            held = signing.loads(text, salt=self._salt())
        except signing.BadSignature as exc:
            raise ValidationError({"cursor": ["The cursor is not valid."]}) from exc
        cursor = _Cursor(tuple(held["o"]), tuple(held["v"]), held["b"])
        if cursor.ordering != self.ordering:
            raise ValidationError({"cursor": ["The cursor belongs to another ordering."]})
        return cursor

    def _link(self, row: Any, *, is_backward: bool) -> str:
        values = [_plain(row, name.removeprefix("-")) for name in self.ordering]
        query = self.request.query_params.copy()
        query["cursor"] = signing.dumps({"o": self.ordering, "v": values, "b": is_backward}, salt=self._salt())
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def _salt(self) -> str:
        return f"{_SALT}:{self.request.path}"  # a cursor belongs to the list that gave it

    # Links

    def next_link(self) -> str | None:
        is_there = self.has_more or self.is_backward
        return self._link(self.page[-1], is_backward=False) if is_there and self.page else None

    def previous_link(self) -> str | None:
        is_there = self.has_more if self.is_backward else self.has_cursor
        return self._link(self.page[0], is_backward=True) if is_there and self.page else None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next_link(), "previous": self.previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "default": self.page_size}
        parameters = [
            _parameter("cursor", "Where the page starts: from `next` or `previous`.", _CURSOR_SCHEMA),
            _parameter("page_size", "Rows on a page; more than 100 is taken as 100.", size),
        ]
        allowed = sorted(getattr(view, "ordering_fields", {}))
        if allowed:
            choices = [*allowed, *(f"-{name}" for name in allowed)]
            parameters.append(_parameter("ordering", "`-` for descending.", {"type": "string", "enum": choices}))
        return parameters


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _with_key(ordering: Sequence[str]) -> tuple[str, ...]:
    """End in the primary key, in the direction of the last column, so that no two rows are equal."""
    names = [name for name in ordering if name.removeprefix("-") not in ("id", "pk")]
    sign = "-" if ordering and ordering[-1].startswith("-") else ""
    return (*names, f"{sign}pk")


def _reverse(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the row comparison (a, b) > (x, y), spelt out for both databases and for mixed directions."""
    condition, equal = Q(pk__in=[]), Q()
    for name, value in zip(ordering, values, strict=True):
        column = name.removeprefix("-")
        condition |= equal & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{column: value})
    first, bound = ordering[0], "lte" if ordering[0].startswith("-") else "gte"
    return Q(**{f"{first.removeprefix('-')}__{bound}": values[0]}) & condition


def _plain(row: Any, path: str) -> Any:
    value = row
    for name in path.split("__"):
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    if isinstance(value, Model):
        value = value.pk
    return value if isinstance(value, int | float | str) else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
