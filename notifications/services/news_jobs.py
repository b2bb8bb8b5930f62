"""What happens to a job, told to its customer and its technician."""

from uuid import UUID

from jobs.enums import JobStatus
from jobs.selectors import job_get, price_current, price_quoted
from notifications.enums import Kind
from notifications.services.news import news, shown, tell_customer, tell_technician
from technicians.selectors import technician_get


@news
def notification_tell_job_requested(*, job_id: UUID) -> None:
    job = job_get(job_id)
    tell_customer(job, Kind.JOB_REQUESTED, job_id, price=shown(price_quoted(job_id).amount))


@news
def notification_tell_job_assigned(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell both. A job that was released and assigned again is news again, about another technician."""
    job, user = job_get(job_id), technician_get(technician_id).user
    subject = f"{job_id}:{technician_id}"
    tell_customer(job, Kind.JOB_ASSIGNED, subject, technician=user.first_name)
    tell_technician(user.pk, job, Kind.JOB_YOURS, subject, pays=shown(price_quoted(job_id).technician_earnings))


@news
def notification_tell_job_released(*, job_id: UUID, technician_id: UUID) -> None:
    tell_customer(job_get(job_id), Kind.JOB_RELEASED, f"{job_id}:{technician_id}")


@news
def notification_tell_job_unmatched(*, job_id: UUID) -> None:
    """Tell the customer, once per search; a search that runs again meanwhile has its own end."""
    job = job_get(job_id)
    if job.status == JobStatus.UNMATCHED:
        tell_customer(job, Kind.JOB_UNMATCHED, f"{job_id}:{job.search_number}")


@news
def notification_tell_job_started(*, job_id: UUID, technician_id: UUID) -> None:
    name = technician_get(technician_id).user.first_name
    tell_customer(job_get(job_id), Kind.JOB_STARTED, job_id, technician=name)


@news
def notification_tell_job_completed(*, job_id: UUID, technician_id: UUID) -> None:
    job, price = job_get(job_id), price_current(job_id)
    tell_customer(job, Kind.JOB_COMPLETED, job_id, price=shown(price.amount))
    user_id = technician_get(technician_id).user_id
    tell_technician(user_id, job, Kind.JOB_COMPLETED, job_id, pays=shown(price.technician_earnings))


@news
def notification_tell_job_cancelled(
    *, job_id: UUID, technician_id: UUID | None, has_fee: bool, cancelled_by: str
) -> None:
    job, price = job_get(job_id), price_current(job_id)
    facts = {"cancelled_by": cancelled_by}
    fee = {"fee": shown(price.amount)} if has_fee else {}
    tell_customer(job, Kind.JOB_CANCELLED, job_id, **facts, **fee)
    if technician_id:
        pays = {"pays": shown(price.technician_earnings)} if has_fee else {}
        user_id = technician_get(technician_id).user_id
        tell_technician(user_id, job, Kind.JOB_CANCELLED, job_id, **facts, **pays)
