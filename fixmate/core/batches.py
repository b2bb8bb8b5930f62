"""Working through rows that are due: one that fails holds up no other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import structlog
from django.db import connection
from django.db.models import Field, QuerySet

PURGE_BATCH: Final = 1_000
_SAVED_ONE_BY_ONE: Final = 3
Row = TypeVar("Row")
log = structlog.get_logger(__name__)


def each_alone(rows: Iterable[Row], act: Callable[[Row], bool]) -> int:
    """Call the service for every row; return how many it acted on. A row that fails is logged and holds up no other."""
    return sum(_acted(row, act) for row in rows)


def _acted(row: Row, act: Callable[[Row], bool]) -> bool:
    try:
        return act(row)
    except Exception:
        log.exception("batch.row_failed", row=str(row))
        return False


def together(rows: Sequence[Row], act: Callable[[Sequence[Row]], int], *, at_once: int) -> int:
    """Call the service for `at_once` rows at a time; return on how many it acted.

    Where it fails, nothing of that lot is kept, and each half of it is tried, down to the one row that fails.
    """
    lots = (rows[first : first + at_once] for first in range(0, len(rows), at_once))
    return sum(_acted_on_all(lot, act) for lot in lots)


def _acted_on_all(lot: Sequence[Row], act: Callable[[Sequence[Row]], int]) -> int:
    if len(lot) == 1:
        return each_alone(lot, lambda row: act([row]) > 0)
    try:
        return act(lot)
    except Exception:
        log.warning("batch.taken_apart", rows=len(lot), exc_info=True)
        half = len(lot) // 2
        return _acted_on_all(lot[:half], act) + _acted_on_all(lot[half:], act)


def save_all(rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Save the columns of rows of one table, which the caller has locked.

    A few are saved one by one: one statement for many costs more to build.
    """
    if len(rows) <= _SAVED_ONE_BY_ONE:
        for row in rows:
            row.save(update_fields=columns)
    elif connection.vendor == "postgresql":  # pragma: postgresql
        _save_together(rows, columns)
    else:
        type(rows[0])._default_manager.bulk_update(rows, columns)


def _save_together(rows: Sequence[Any], columns: Sequence[str]) -> None:  # pragma: postgresql
    """Save them by one UPDATE from arrays: its text is the same for ten rows and for a thousand.

    Django's `bulk_update` writes a CASE with a branch a row for each column, which takes more time to build than all
    the rest of a sweep.
    """
    meta = rows[0]._meta
    fields = [meta.pk, *map(meta.get_field, columns)]
    names = [f'"{field.column}"' for field in fields]
    assigned = ", ".join(f"{name} = given.{name}" for name in names[1:])
    arrays = ", ".join(f"%s::{_type_of(field)}[]" for field in fields)
    statement = f"""UPDATE "{meta.db_table}" AS held SET {assigned}
    FROM unnest({arrays}) AS given ({", ".join(names)}) WHERE held.{names[0]} = given.{names[0]}"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [_values_of(rows, field) for field in fields])


def _type_of(field: "Field[Any, Any]") -> str:  # pragma: postgresql
    """Return the type without its length: a cast would cut off what is too long, where the column refuses it."""
    return str(field.rel_db_type(connection)).partition("(")[0]


def _values_of(rows: Sequence[Any], field: "Field[Any, Any]") -> list[Any]:  # pragma: postgresql
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows]


def purge(rows: QuerySet[Any]) -> int:
    """Delete the rows, some at a time, each time in a transaction of its own; return how many. Idempotent.

    No lock is held for long, and what is done stays done when the process ends in between.
    """
    removed = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:PURGE_BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
