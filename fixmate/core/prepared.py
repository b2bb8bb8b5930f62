"""Reads that are made again and again: Django builds their SQL once for each connection, and only values go in after.

Building a query of the ORM costs several times what running its text does. The text stays the same from read to read,
so that PostgreSQL keeps its plan as well; hence `among`, one parameter however many values.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Lookup, Model, QuerySet
from django.db.models.query import get_related_populators

from fixmate.core.bulk import array_of

M = TypeVar("M", bound=Model)
_BUILT: Final = "_prepared_reads"


class Given(Expression):
    """A value that is named where the read is built, and given when it is made."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: Any, _connection: Any, **_: Any) -> tuple[str, list["Given"]]:  # type: ignore[override]
        return "%s", [self]


class _Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        (lhs, before), (rhs, after) = self.process_lhs(compiler, connection), self.process_rhs(compiler, connection)
        return f"{lhs} IN (SELECT value FROM json_each({rhs}))", [*before, *after]  # noqa: S608 - Django's own SQL

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # pragma: postgresql
        (lhs, before), (rhs, after) = self.process_lhs(compiler, connection), self.process_rhs(compiler, connection)
        return f"{lhs} = ANY({rhs})", [*before, *after]


def among(column: str, name: str) -> Any:
    """Return the condition that the column holds one of the values given by that name."""
    return _Among(F(column), Given(name))


class Prepared(Generic[M]):
    """A read whose values are `Given`. What else the query is made of is fixed: it is built once, and not again."""

    def __init__(self, build: Callable[[], QuerySet[M, Any]]) -> None:
        self._build = build

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """Return the rows, of a query with `values_list`."""
        return self._built().rows(given)

    def all(self, **given: Any) -> list[M]:
        """Return the models, with those that `select_related` names."""
        return self._built().models(given)

    def first(self, **given: Any) -> M | None:
        """Return the first of the models, in the order of the query, or None."""
        return next(iter(self.all(**given)), None)

    def _built(self) -> "_Built":
        connection = connections[DEFAULT_DB_ALIAS]
        known: dict[Prepared[M], _Built] = vars(connection).setdefault(_BUILT, {})
        if self not in known:
            known[self] = _Built(self._build(), connection)
        return known[self]


class _Built:
    """The text of a read for one connection, and what makes models of its rows."""

    def __init__(self, rows: QuerySet[Any, Any], connection: BaseDatabaseWrapper) -> None:
        self.connection, self.locks = connection, rows.query.select_for_update
        self.compiler = rows.query.get_compiler(connection=connection)
        self.sql, self.params = self.compiler.as_sql()
        self.converters = self.compiler.get_converters([column for column, *_ in self.compiler.select])
        if self.compiler.klass_info:
            self._learn_model(self.compiler.klass_info)

    def _learn_model(self, info: dict[str, Any]) -> None:
        self.model, columns = info["model"], info["select_fields"]
        self.own = slice(columns[0], columns[-1] + 1)
        self.names = [column.target.attname for column, *_ in self.compiler.select[self.own]]
        # The stubs are those of a later Django, which asks for one argument more.
        self.related = get_related_populators(info, self.compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def rows(self, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self.locks and self.connection.get_autocommit():
            raise transaction.TransactionManagementError("a read that locks belongs inside a transaction")
        params = [self._value(given[one.name]) if isinstance(one, Given) else one for one in self.params]
        with self.connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return self._converted(rows)

    def _converted(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self.converters:
            return list(rows)
        return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]

    def models(self, given: dict[str, Any]) -> list[Any]:
        return [self._model(row) for row in self.rows(given)]

    def _model(self, row: tuple[Any, ...]) -> Any:
        made = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.own])
        for related in self.related:
            related.populate(row, made)
        return made

    def _value(self, value: Any) -> Any:
        """Return the value as the database takes it, which no field is asked for: a field's own checks are its own."""
        if isinstance(value, list | set | tuple | dict):
            return self._values(value)
        if isinstance(value, datetime):
            return self.connection.ops.adapt_datetimefield_value(value)
        if isinstance(value, UUID) and not self.connection.features.has_native_uuid_field:
            return value.hex
        return value

    def _values(self, values: Iterable[Any]) -> Any:
        if self.connection.vendor != "postgresql":
            return json.dumps([self._value(value) for value in values])
        return _array(list(values))


def _array(values: list[Any]) -> Any:  # pragma: postgresql
    return array_of(value.hex for value in values) if values and isinstance(values[0], UUID) else values
