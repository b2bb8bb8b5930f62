from uuid import UUID

from celery import shared_task

from fixmate.core.events import subscribe
from jobs.events import JobAssigned, JobCancelled, JobCompleted
from payments.services import payment_capture_for_job, payment_ensure, payment_settle_cancelled


@subscribe(JobAssigned)
@shared_task(name="payments.ensure")
def ensure(*, job_id: str, **_: object) -> None:
    payment_ensure(job_id=UUID(job_id))


@subscribe(JobCompleted)
@shared_task(name="payments.capture")
def capture(*, job_id: str, **_: object) -> None:
    payment_capture_for_job(job_id=UUID(job_id))


@subscribe(JobCancelled)
@shared_task(name="payments.settle_cancelled")
def settle_cancelled(*, job_id: str, **_: object) -> None:
    payment_settle_cancelled(job_id=UUID(job_id))
