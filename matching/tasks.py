from datetime import timedelta
from uuid import UUID

from celery import shared_task

from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from jobs.events import (
    BlockSet,
    JobAssigned,
    JobCancelled,
    JobReleased,
    JobRematchRequested,
    JobRequested,
    JobUnmatched,
)
from matching.events import PassDue, RankKeysDue
from matching.services import (
    alert_follow_job,
    decision_purge,
    index_clamp_idle,
    index_move_window,
    matching_pass_request_due,
    matching_run_pass,
    offer_expire_due,
    offer_push_again_due,
    offers_settle_of_job,
    offers_withdraw_blocked,
    offers_withdraw_of_technician,
    rollout_index,
    scarcity_review,
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


@subscribe(BlockSet)
@shared_task(name="matching.withdraw_blocked")
def withdraw_blocked(*, customer_id: str, technician_id: str, **_: object) -> None:
    offers_withdraw_blocked(customer_id=UUID(customer_id), technician_id=UUID(technician_id))


@subscribe(JobUnmatched, JobAssigned, JobCancelled)
@shared_task(name="matching.follow_alerts")
def follow_alerts(*, job_id: str, **_: object) -> None:
    alert_follow_job(job_id=UUID(job_id))


@subscribe(RankKeysDue)
@shared_task(name="matching.index_rollout")
def index_rollout(*, rollout_id: int, was_ended: bool, after: str | None = None, **_: object) -> None:
    rollout_index(rollout_id=rollout_id, was_ended=was_ended, after=UUID(after) if after else None)


@sweep(every=timedelta(minutes=1))
@shared_task(name="matching.review_scarcity")
def review_scarcity() -> None:
    scarcity_review()


@sweep(every=timedelta(milliseconds=500))
@shared_task(name="matching.expire_offers")
def expire_offers() -> None:
    offer_expire_due()


@sweep(every=timedelta(milliseconds=500))
@shared_task(name="matching.request_passes")
def request_passes() -> None:
    matching_pass_request_due()


@sweep(every=timedelta(seconds=2))
@shared_task(name="matching.push_again")
def push_again() -> None:
    offer_push_again_due()


@sweep(every=timedelta(days=1))
@shared_task(name="matching.purge_decisions")
def purge_decisions() -> None:
    decision_purge()


@sweep(every=timedelta(minutes=10))
@shared_task(name="matching.clamp_idle")
def clamp_idle() -> None:
    index_clamp_idle()


@sweep(every=timedelta(minutes=5))
@shared_task(name="matching.move_window")
def move_window() -> None:
    index_move_window()
