"""What matching wants staff to look at. One alert is open at a time for the same thing."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from catalog.models import Service
from fixmate.core import audit, clock
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.selectors import job_get_locked
from matching.enums import AlertKind
from matching.errors import AlertClosed
from matching.models import Alert
from matching.selectors import alert_get_locked

_OF_A_JOB = (AlertKind.UNMATCHED, AlertKind.MANY_REFUSALS)


@transaction.atomic
def alert_open(
    kind: AlertKind, subject: str, job: Job | None = None, service: Service | None = None, **data: Any
) -> Alert:
    """Show staff what is wrong with the subject. Idempotent: one that is open already stays as it is.

    Two callers at once make one alert, by the partial unique constraint. `data` has to be JSON.
    """
    about = {"job": job, "service": service, "data": data, "opened_at": clock.now()}
    return Alert.objects.get_or_create(kind=kind, subject=subject, closed_at=None, defaults=about)[0]


@transaction.atomic
def alert_close(kind: AlertKind, subject: str) -> bool:
    """End the alert because its cause is gone; return whether one was open. Idempotent."""
    is_open = Alert.objects.filter(kind=kind, subject=subject, closed_at__isnull=True)
    return bool(is_open.update(closed_at=clock.now()))


@transaction.atomic
def alert_follow_job(*, job_id: UUID) -> None:
    """Open or close what staff see of a job, by the state it is in now. Idempotent, in any order of events.

    Locks the job. While it is looked for, what is open stays open: it has not been found a technician yet.
    """
    job = job_get_locked(job_id)
    if job.status == JobStatus.UNMATCHED:
        alert_open(AlertKind.UNMATCHED, str(job.pk), job=job, service=job.service, search_number=job.search_number)
    elif job.status != JobStatus.MATCHING:
        for kind in _OF_A_JOB:
            alert_close(kind, str(job.pk))


@transaction.atomic
def alert_close_by_staff(*, alert_id: int, actor: User, reason: str) -> Alert:
    """Put an alert away, audited. The same cause opens a new one.

    :raises NotFound: if there is none
    :raises AlertClosed: if it is closed
    :raises Invalid: without a reason
    """
    alert = alert_get_locked(alert_id)
    if alert.closed_at is not None:
        raise AlertClosed(closed_at=alert.closed_at.isoformat())
    alert.closed_at = clock.now()
    alert.save(update_fields=["closed_at"])
    audit.record(
        actor=actor,
        action="matching.alert.close",
        target=alert,
        reason=reason,
        before={"closed_at": None},
        after={"closed_at": alert.closed_at},
    )
    return alert
