from datetime import timedelta
from uuid import UUID

from celery import shared_task

from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from jobs.events import JobCancelled, JobReleased, JobRematchRequested, JobRequested
from matching.events import PassDue
from matching.services import (
    matching_pass_request_due,
    matching_run_pass,
    offer_expire_due,
    offers_settle_of_job,
    offers_withdraw_of_technician,
)
from technicians.events import TechnicianSuspended, TechnicianWentOffline


@subscribe(JobRequested, JobRematchRequested, JobReleased, PassDue)
@shared_task(name="matching.run_pass")
def run_pass(*, job_id: str, **_: object) -> None:
    matching_run_pass(job_id=UUID(job_id))


@subscribe(JobCancelled)
@shared_task(name="matching.settle_offers")
def settle_offers(*, job_id: str, **_: object) -> None:
    offers_settle_of_job(job_id=UUID(job_id))


@subscribe(TechnicianSuspended, TechnicianWentOffline)
@shared_task(name="matching.withdraw_offers")
def withdraw_offers(*, technician_id: str, **_: object) -> None:
    offers_withdraw_of_technician(technician_id=UUID(technician_id))


@sweep(every=timedelta(milliseconds=500))
@shared_task(name="matching.expire_offers")
def expire_offers() -> None:
    offer_expire_due()


@sweep(every=timedelta(milliseconds=500))
@shared_task(name="matching.request_passes")
def request_passes() -> None:
    matching_pass_request_due()
