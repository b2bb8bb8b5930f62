"""Where apps above join in."""

from collections.abc import Callable
from uuid import UUID

PaymentCheck = Callable[[UUID], bool]
_payment_checks: list[PaymentCheck] = []


def work_waits_for_payment_if(check: PaymentCheck) -> None:
    """Have the check asked, with the job's id, when somebody gets a job: may work not begin before it is paid for?"""
    _payment_checks.append(check)


def is_payment_awaited(job_id: UUID) -> bool:
    return any(check(job_id) for check in _payment_checks)
