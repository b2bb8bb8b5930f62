"""What upper apps know about technicians that this one has to follow; they fill this in their `guards` module."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

WorkCheck = Callable[[Collection[UUID]], set[UUID]]
FigureCount = Callable[[Collection[UUID]], Iterable[Mapping[str, Any]]]
_work_checks: list[WorkCheck] = []
_figure_counts: dict[FigureCount, tuple[str, ...]] = {}


def at_work_told_by(check: WorkCheck) -> None:
    """Have this function say which of some technicians are at work on a job now."""
    if check not in _work_checks:
        _work_checks.append(check)


def who_is_at_work(technician_ids: Collection[UUID]) -> set[UUID]:
    """Ask with the technicians locked: whatever changes their jobs takes that lock before it commits."""
    return {technician_id for check in _work_checks for technician_id in check(technician_ids)}


def is_at_work(technician_id: UUID) -> bool:
    return technician_id in who_is_at_work([technician_id])


def figures_told_by(count: FigureCount, *columns: str) -> None:
    """Have the function count columns of reputation from the rows they follow.

    It returns a row for each of some technicians that has any: his `technician_id`, and the columns.
    """
    _figure_counts[count] = columns


def figure_columns() -> list[str]:
    return [column for columns in _figure_counts.values() for column in columns]


def figures_of(technician_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Count every column of reputation of these technicians anew. Ask with them locked, or of one snapshot."""
    figures = {technician_id: dict.fromkeys(figure_columns(), 0) for technician_id in technician_ids}
    for count in _figure_counts:
        for row in count(technician_ids):
            figures[row["technician_id"]] |= {name: value for name, value in row.items() if name != "technician_id"}
    return figures
