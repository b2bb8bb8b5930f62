"""What happens to a job, told to its customer and its technician.

Rows of the outbox come in any order, so each piece of news is read from the job as it is now, under its lock: what no
longer fits is not told, and what was told in the meantime has the same subject and is not told twice.
"""

from typing import Any
from uuid import UUID

from disputes.selectors import dispute_open_until
from fixmate.core import clock
from jobs.enums import WAITING, CancelReason, JobStatus
from jobs.models import Job
from jobs.selectors import job_count_assigned, job_get, job_get_locked, price_current, price_quoted
from notifications.enums import Kind
from notifications.selectors import job_why_lost, standing_facts
from notifications.services.news import news, shown, shown_at, tell_customer, tell_technician
from notifications.words import WHY_GONE
from payments.selectors import job_is_paid_in_cash
from technicians.selectors import technician_get


@news
def notification_tell_job_requested(*, job_id: UUID) -> None:
    """Tell the customer while the first search is on or ahead; later he has been told more than that."""
    job = _job(job_id)
    if job.status in WAITING and job.search_number <= 1:
        tell_customer(job, Kind.JOB_REQUESTED, job_id, price=shown(price_quoted(job_id).amount))


@news
def notification_tell_job_assigned(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell both, once per turn, if he still has it. Released and assigned again it is news again, whoever has it."""
    job = _job(job_id)
    if not _is_ahead_of(job, technician_id):
        return
    user, subject = technician_get(technician_id).user, _turn(job_id, technician_id)
    tell_customer(job, Kind.JOB_ASSIGNED, subject, technician=user.first_name)
    tell_technician(user.pk, job, Kind.JOB_YOURS, subject, pays=shown(price_current(job_id).technician_earnings))


@news
def notification_tell_job_released(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell the customer, unless somebody else has it already; and the technician, unless it was his own doing."""
    job = _job(job_id)
    if job.status in (JobStatus.MATCHING, JobStatus.UNMATCHED):
        _tell_released(job)
    lost_by = job_why_lost(job_id=job_id, technician_id=technician_id)
    if lost_by in WHY_GONE:
        user_id = technician_get(technician_id).user_id
        tell_technician(user_id, job, Kind.JOB_GONE, _turn(job_id, technician_id), lost_by=lost_by)


@news
def notification_tell_visit_near(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell both, once per turn; if he has lost the job meanwhile, or the hour has come, nobody."""
    job = _job(job_id)
    if not _is_ahead_of(job, technician_id) or job.reminded_at is None:
        return
    if job.booked_from is None or job.booked_from <= clock.now():
        return
    technician, subject = technician_get(technician_id), _turn(job_id, technician_id)
    facts = {
        "technician": technician.user.first_name,
        "begins_at": job.booked_from.isoformat(),
        "time_zone": technician.time_zone,
    }
    tell_customer(job, Kind.VISIT_REMINDER, subject, **facts)
    tell_technician(technician.user_id, job, Kind.VISIT_REMINDER, subject, **facts)


@news
def notification_tell_job_unmatched(*, job_id: UUID) -> None:
    """Tell the customer, once per search; while a search runs again it is no news, and that one has its own end.

    Whoever gave the job back comes first, even if that row of the outbox is late. Whoever is restricted or
    suspended cannot search again, and is told why not.
    """
    job = _job(job_id)
    if job.status == JobStatus.UNMATCHED:
        _tell_released(job)
        facts = standing_facts(job.customer)
        tell_customer(job, Kind.JOB_UNMATCHED, f"{job_id}:{job.search_number}", **facts)


@news
def notification_tell_job_started(*, job_id: UUID, technician_id: UUID) -> None:
    job = _job(job_id)
    if job.status == JobStatus.IN_PROGRESS:
        name = technician_get(technician_id).user.first_name
        tell_customer(job, Kind.JOB_STARTED, job_id, technician=name)


@news
def notification_tell_job_completed(*, job_id: UUID, technician_id: UUID) -> None:
    job, price = _job(job_id), price_current(job_id)
    tell_customer(job, Kind.JOB_COMPLETED, job_id, price=shown(price.amount))
    user_id = technician_get(technician_id).user_id
    tell_technician(user_id, job, Kind.JOB_COMPLETED, job_id, pays=shown(price.technician_earnings))


@news
def notification_tell_job_cancelled(
    *, job_id: UUID, technician_id: UUID | None, has_fee: bool, cancelled_by: str
) -> None:
    """Tell both their part of the fee. In cash nobody has paid it yet: the technician's is owed to him, not earned."""
    job, price = _job(job_id), price_current(job_id)
    facts = {"cancelled_by": cancelled_by, **_absence(job)}
    fee = {"fee": shown(price.amount)} if has_fee else {}
    tell_customer(job, Kind.JOB_CANCELLED, job_id, **facts, **fee)
    if technician_id:
        name = "share_owed" if job_is_paid_in_cash(job_id) else "pays"
        share = {name: shown(price.technician_earnings)} if has_fee else {}
        user_id = technician_get(technician_id).user_id
        tell_technician(user_id, job, Kind.JOB_CANCELLED, job_id, **facts, **share)


def _absence(job: Job) -> dict[str, Any]:
    """Return what is told where the customer was not there: who was, and until when that can be disputed."""
    until = dispute_open_until(job)
    if job.cancel_reason != CancelReason.NO_SHOW or job.technician is None or until is None:
        return {}
    return {"is_no_show": True, "technician": job.technician.user.first_name, "dispute_until": shown_at(until)}


def _job(job_id: UUID) -> Job:
    """Return the job, locked: nothing can happen to it, and so nothing newer be told, until this is written."""
    job_get_locked(job_id)
    return job_get(job_id)


def _is_ahead_of(job: Job, technician_id: UUID) -> bool:
    return job.status == JobStatus.ASSIGNED and job.technician_id == technician_id


def _tell_released(job: Job) -> None:
    """Tell the customer of the last release, if there was one."""
    if job.rematch_count:
        tell_customer(job, Kind.JOB_RELEASED, f"{job.pk}:{job.rematch_count}")


def _turn(job_id: UUID, technician_id: UUID) -> str:
    """Name the technician's turn at the job, the one he has or had last: he may lose it and have it again."""
    return f"{job_id}:{technician_id}:{job_count_assigned(job_id=job_id, technician_id=technician_id)}"
