"""Working through rows that are due, each on its own."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import structlog
from django.db.models import QuerySet

PURGE_BATCH: Final = 1_000
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


def purge(rows: QuerySet[Any]) -> int:
    """Delete the rows, some at a time, each time in a transaction of its own; return how many. Idempotent.

    No lock is held for long, and what is done stays done when the process ends in between.
    """
    removed = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:PURGE_BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
