"""Rules that no constraint can say, declared by the apps and kept in the database as triggers.

They are made again, idempotently, after every `migrate`: on SQLite any change of a table silently drops its triggers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

POSTGRESQL, SQLITE = "postgresql", "sqlite"
M = TypeVar("M", bound=type[Model])


@dataclass(frozen=True, slots=True)
class Trigger:
    """Refuse `operation` on `table` with `message`, when `condition` (SQL over OLD and NEW) holds."""

    table: str
    name: str
    operation: str  # UPDATE, DELETE, INSERT, or UPDATE OF some, columns
    message: str
    condition: str = ""
    vendors: tuple[str, ...] = (POSTGRESQL, SQLITE)

    def statements(self, vendor: str) -> list[str]:
        if vendor == SQLITE:
            return [f'DROP TRIGGER IF EXISTS "{self.name}"', self._sqlite()]
        return [f'DROP TRIGGER IF EXISTS "{self.name}" ON "{self.table}"', self._postgresql()]  # pragma: postgresql

    def _sqlite(self) -> str:
        when = f" WHEN {self.condition}" if self.condition else ""
        body = f"SELECT RAISE(ABORT, '{self.message}');"
        head = f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" FOR EACH ROW'
        return f"{head}{when} BEGIN {body} END"

    def _postgresql(self) -> str:  # pragma: postgresql
        when = f" WHEN ({self.condition})" if self.condition else ""
        call = f"EXECUTE FUNCTION fixmate_refuse('{self.message}')"
        return f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" FOR EACH ROW{when} {call}'


_FUNCTION = """
CREATE OR REPLACE FUNCTION fixmate_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$
"""
_declared: dict[str, Trigger] = {}


def declare(trigger: Trigger) -> None:
    _declared[trigger.name] = trigger


def declared(vendor: str) -> list[Trigger]:
    return [trigger for trigger in _declared.values() if vendor in trigger.vendors]


def append_only(model: M) -> M:
    """Let rows of the model be added and never changed or removed. A class decorator."""
    _guard(model, "UPDATE")
    _guard(model, "DELETE")
    return model


def unchangeable(model: M) -> M:
    """Let rows be added and purged, never changed. A class decorator."""
    _guard(model, "UPDATE")
    return model


def frozen_columns(*columns: str, once: str = "") -> Callable[[M], M]:
    """Freeze the columns of every row; with `once`, from the moment that column is not null any more."""

    def decorate(model: M) -> M:
        table = model._meta.db_table
        changed = " OR ".join(f'OLD."{name}" IS DISTINCT FROM NEW."{name}"' for name in columns)
        condition = f'OLD."{once}" IS NOT NULL AND ({changed})' if once else changed
        message = f"{table}: {', '.join(columns)} never change"
        declare(Trigger(table, f"{table}_frozen", "UPDATE", message, condition))
        return model

    return decorate


def _guard(model: type[Model], operation: str) -> None:
    table = model._meta.db_table
    declare(Trigger(table, f"{table}_no_{operation.lower()}", operation, f"{table} is append-only"))


def install_triggers(using: str = "default", **_: object) -> None:
    """Make every declared trigger whose table is there. Idempotent; runs after `migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == POSTGRESQL:  # pragma: postgresql
            cursor.execute(_FUNCTION)
        for trigger in declared(connection.vendor):
            if trigger.table in tables:
                with transaction.atomic(using=using):  # no moment without the trigger
                    for statement in trigger.statements(connection.vendor):
                        cursor.execute(statement)


def missing_triggers(using: str = "default") -> list[str]:
    """Return the names of declared triggers that the database does not have."""
    connection = connections[using]
    present = set(_present(connection))
    return sorted(trigger.name for trigger in declared(connection.vendor) if trigger.name not in present)


def drop_triggers(using: str = "default") -> None:
    """Lift every declared trigger: for the flush between tests alone."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for trigger in declared(connection.vendor):
            cursor.execute(trigger.statements(connection.vendor)[0])


def _present(connection: BaseDatabaseWrapper) -> Iterable[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == POSTGRESQL:  # pragma: postgresql
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [str(row[0]) for row in cursor.fetchall()]
