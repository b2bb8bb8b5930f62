"""Rules that no constraint can say, declared by the apps and kept in the database as triggers.

They are made again, idempotently, after every `migrate`: on SQLite any change of a table silently drops its triggers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Model

POSTGRESQL, SQLITE = "postgresql", "sqlite"
M = TypeVar("M", bound=type[Model])


@dataclass(frozen=True, slots=True)
class Trigger:
    """Refuse `operation` on `table` with `message`, when `condition` (SQL over OLD and NEW) holds.

    With `reads_rows` the condition may ask other rows too; with `is_deferred`, on PostgreSQL alone, it is asked when
    the transaction commits.
    """

    table: str
    name: str
    operation: str  # UPDATE, DELETE, INSERT, or UPDATE OF some, columns
    message: str
    condition: str = ""
    vendors: tuple[str, ...] = (POSTGRESQL, SQLITE)
    reads_rows: bool = False
    is_deferred: bool = False

    def statements(self, vendor: str) -> list[str]:
        """Return what takes it away, first, and what makes it."""
        if vendor == SQLITE:
            return [f'DROP TRIGGER IF EXISTS "{self.name}"', self._sqlite()]
        made = self._postgresql_reading() if self.reads_rows else [self._postgresql()]  # pragma: postgresql
        return [f'DROP TRIGGER IF EXISTS "{self.name}" ON "{self.table}"', *made]  # pragma: postgresql

    def _sqlite(self) -> str:
        when = f" WHEN {self.condition}" if self.condition else ""
        body = f"SELECT RAISE(ABORT, '{self.message}');"
        head = f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" FOR EACH ROW'
        return f"{head}{when} BEGIN {body} END"

    def _postgresql(self) -> str:  # pragma: postgresql
        when = f" WHEN ({self.condition})" if self.condition else ""
        call = f"EXECUTE FUNCTION fixmate_refuse('{self.message}')"
        return f'CREATE TRIGGER "{self.name}" BEFORE {self.operation} ON "{self.table}" FOR EACH ROW{when} {call}'

    def _postgresql_reading(self) -> list[str]:  # pragma: postgresql
        """Put the condition into a function of its own: `WHEN` may not look at other rows."""
        refusal = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation'"
        body = f"BEGIN IF {self.condition} THEN {refusal}; END IF; RETURN NEW; END"
        function = f'CREATE OR REPLACE FUNCTION "{self.name}"() RETURNS trigger LANGUAGE plpgsql AS $${body}$$'
        moment = f'BEFORE {self.operation} ON "{self.table}"'
        head = f'CREATE TRIGGER "{self.name}"'
        if self.is_deferred:
            head = f'CREATE CONSTRAINT TRIGGER "{self.name}"'
            moment = f'AFTER {self.operation} ON "{self.table}" DEFERRABLE INITIALLY DEFERRED'
        return [function, f'{head} {moment} FOR EACH ROW EXECUTE FUNCTION "{self.name}"()']


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


def append_only_but_for(text: str) -> Callable[[M], M]:
    """Let rows be added and never changed or removed, but for the text: it may be emptied. A class decorator.

    What a person typed is his, and goes with his account; that and when something happened stays.
    """

    def decorate(model: M) -> M:
        table, columns = model._meta.db_table, [field.column for field in model._meta.local_concrete_fields]
        changed = [f'OLD."{name}" IS DISTINCT FROM NEW."{name}"' for name in columns if name != text]
        condition = " OR ".join([f"NEW.\"{text}\" <> ''", *changed])
        declare(Trigger(table, f"{table}_no_update", "UPDATE", f"{table} is append-only", condition))
        _guard(model, "DELETE")
        return model

    return decorate


def unchangeable(model: M) -> M:
    """Let rows be added and purged, never changed. A class decorator."""
    _guard(model, "UPDATE")
    return model


def frozen_columns(*columns: str, once: str = "", name: str = "frozen") -> Callable[[M], M]:
    """Freeze the columns of every row; with `once`, from the moment that column is not null any more.

    Each further use on one model has a name of its own.
    """

    def decorate(model: M) -> M:
        table = model._meta.db_table
        changed = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in columns)
        condition = f'OLD."{once}" IS NOT NULL AND ({changed})' if once else changed
        message = f"{table}: {', '.join(columns)} never change"
        declare(Trigger(table, f"{table}_{name}", "UPDATE", message, condition))
        return model

    return decorate


def refused_where(operation: str, name: str, condition: str, message: str) -> Callable[[M], M]:
    """Refuse the operation where the condition over OLD, NEW and any other rows holds. A class decorator."""

    def decorate(model: M) -> M:
        table = model._meta.db_table
        declare(Trigger(table, f"{table}_{name}", operation, f"{table}: {message}", condition, reads_rows=True))
        return model

    return decorate


def balanced(group: str, amount: str) -> Callable[[M], M]:
    """Have the amounts of each group add up to nothing when the transaction commits. A class decorator.

    On PostgreSQL alone: SQLite asks each row as it comes, and the first of a group never balances.
    """

    def decorate(model: M) -> M:
        table = model._meta.db_table
        total = f'SELECT sum("{amount}") FROM "{table}" WHERE "{group}" = NEW."{group}"'  # noqa: S608 - names of ours
        declare(
            Trigger(
                table,
                f"{table}_balanced",
                "INSERT",
                f"{table}: {amount} of one {group} add up to nothing",
                f"({total}) <> 0",
                (POSTGRESQL,),
                reads_rows=True,
                is_deferred=True,
            )
        )
        return model

    return decorate


def adds_up(owner: str, amount: str) -> Callable[[M], M]:
    """Have the amounts of the rows come to the same amount of what they belong to, whichever of them came first.

    A class decorator, by the name of the foreign key. Asked when the transaction commits, and so on PostgreSQL alone:
    no row alone is the whole.
    """

    def decorate(model: M) -> M:
        field = cast("ForeignKey[Any, Any]", model._meta.get_field(owner))
        whole, parts, key = field.remote_field.model._meta.db_table, model._meta.db_table, f'"{field.column}"'
        message = f"{parts}: {amount} of one {owner} come to its {amount}"
        of_parts = f'SELECT coalesce(sum("{amount}"), 0) FROM "{parts}" WHERE {key} = '  # noqa: S608 - names of ours
        of_whole = f'SELECT "{amount}" FROM "{whole}" WHERE "id" = NEW.{key}'  # noqa: S608 - as above
        for table, condition in (
            (parts, f"({of_parts} NEW.{key}) <> ({of_whole})"),
            (whole, f'({of_parts} NEW."id") <> NEW."{amount}"'),
        ):
            declare(
                Trigger(
                    table,
                    f"{table}_adds_up",
                    "INSERT",
                    message,
                    condition,
                    (POSTGRESQL,),
                    reads_rows=True,
                    is_deferred=True,
                )
            )
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
