"""Where apps above join in."""

from collections.abc import Callable
from uuid import UUID

DisputeCheck = Callable[[UUID, UUID], None]
_dispute_checks: list[DisputeCheck] = []


def refund_disputes_checked_by(check: DisputeCheck) -> None:
    """Have the check asked, with the ids of dispute and job, before a refund refers to a dispute: it raises Invalid."""
    _dispute_checks.append(check)


def check_dispute(*, dispute_id: UUID, job_id: UUID) -> None:
    for check in _dispute_checks:
        check(dispute_id, job_id)
