"""What happens to a job, told to its customer and its technician."""

from uuid import UUID
from zoneinfo import ZoneInfo

from jobs.enums import CancelReason, JobStatus
from jobs.selectors import job_count_assigned, job_get, price_current, price_quoted
from notifications.enums import Kind
from notifications.services.news import news, shown, tell_customer, tell_technician
from technicians.selectors import technician_get

_WHY_GONE: dict[str, str] = {
    CancelReason.WENT_DARK: "we could not reach you before the visit",
    CancelReason.TRANSFERRED: "our staff gave it to somebody else",
}


@news
def notification_tell_job_requested(*, job_id: UUID) -> None:
    job = job_get(job_id)
    tell_customer(job, Kind.JOB_REQUESTED, job_id, price=shown(price_quoted(job_id).amount))


@news
def notification_tell_job_assigned(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell both. A job that was released and assigned again is news again, whoever has it now."""
    job, user = job_get(job_id), technician_get(technician_id).user
    subject = _turn(job_id, technician_id)
    tell_customer(job, Kind.JOB_ASSIGNED, subject, technician=user.first_name)
    tell_technician(user.pk, job, Kind.JOB_YOURS, subject, pays=shown(price_quoted(job_id).technician_earnings))


@news
def notification_tell_job_released(*, job_id: UUID, technician_id: UUID, reason: str) -> None:
    """Tell the customer, unless somebody else has it already; and the technician, unless it was his own doing."""
    job, subject = job_get(job_id), _turn(job_id, technician_id)
    if reason != CancelReason.TRANSFERRED:
        tell_customer(job, Kind.JOB_RELEASED, subject)
    if reason in _WHY_GONE:
        user_id = technician_get(technician_id).user_id
        tell_technician(user_id, job, Kind.JOB_GONE, subject, why=_WHY_GONE[reason])


@news
def notification_tell_visit_near(*, job_id: UUID, technician_id: UUID) -> None:
    """Tell both, once per assignment; if he has lost the job meanwhile, nobody."""
    job = job_get(job_id)
    if job.technician_id != technician_id or job.booked_from is None:
        return
    technician, subject = technician_get(technician_id), _turn(job_id, technician_id)
    visit_at = job.booked_from.astimezone(ZoneInfo(technician.time_zone))
    facts = {"technician": technician.user.first_name, "visit_at": visit_at.strftime("%H:%M")}
    tell_customer(job, Kind.VISIT_REMINDER, subject, **facts)
    tell_technician(technician.user_id, job, Kind.VISIT_REMINDER, subject, **facts)


@news
def notification_tell_job_unmatched(*, job_id: UUID, search_number: int) -> None:
    """Tell the customer, once per search; while a search runs again it is no news, and that one has its own end."""
    job = job_get(job_id)
    if job.status == JobStatus.UNMATCHED:
        tell_customer(job, Kind.JOB_UNMATCHED, f"{job_id}:{search_number}")


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


def _turn(job_id: UUID, technician_id: UUID) -> str:
    """Name the technician's present turn at the job: he may lose it and have it again."""
    return f"{job_id}:{technician_id}:{job_count_assigned(job_id=job_id, technician_id=technician_id)}"
