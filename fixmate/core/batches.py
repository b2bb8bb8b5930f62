"""Working through rows that are due, each on its own."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

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
