"""What upper apps know about technicians that this one has to follow; they fill this in their `guards` module."""

from collections.abc import Callable, Collection
from uuid import UUID

WorkCheck = Callable[[Collection[UUID]], set[UUID]]
_work_checks: list[WorkCheck] = []


def at_work_told_by(check: WorkCheck) -> None:
    """Have this function say which of some technicians are at work on a job now."""
    if check not in _work_checks:
        _work_checks.append(check)


def who_is_at_work(technician_ids: Collection[UUID]) -> set[UUID]:
    """Ask with the technicians locked: whatever changes their jobs takes that lock before it commits."""
    return {technician_id for check in _work_checks for technician_id in check(technician_ids)}


def is_at_work(technician_id: UUID) -> bool:
    return technician_id in who_is_at_work([technician_id])
