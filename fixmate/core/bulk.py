"""Many values in one parameter: a parameter for each costs the driver more than the rows cost the database."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model


def rows_add(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, each given by its columns, all by the same ones. Defaults of the model are not asked for.

    They go as one JSON document, so that columns of JSON are parsed with the rest; values are what JSON can hold,
    times and UUIDs.
    """
    if not rows:
        return
    statement = _statement(model, tuple(rows[0]), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=_plain)])


def array_of(texts: Iterable[str]) -> str:  # pragma: postgresql
    """Return an array as PostgreSQL writes it: of texts without quotes, and rendered here, since the driver looks at
    each value for long."""
    return "{" + ",".join(texts) + "}"


def _plain(value: UUID | datetime) -> str:
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    return str(value) if connection.features.has_native_uuid_field else value.hex


@cache
def _statement(model: type[Model], columns: tuple[str, ...], vendor: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    into = f'INSERT INTO "{model._meta.db_table}" ({names})'
    if vendor == "postgresql":  # pragma: postgresql
        types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
        typed = ", ".join(f'"{name}" {types[name]}' for name in columns)
        return f"{into} SELECT {names} FROM jsonb_to_recordset(%s::jsonb) AS given ({typed})"  # noqa: S608 - names of columns
    values = ", ".join(f"json_extract(value, '$.{name}')" for name in columns)
    return f"{into} SELECT {values} FROM json_each(%s)"  # noqa: S608
