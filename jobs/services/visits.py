"""Visits ahead: reminding both of them, and not waiting for a technician who cannot be reached."""

from uuid import UUID

from django.db import transaction

from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from jobs.enums import CancelReason, JobEventKind
from jobs.events import JobReminderDue
from jobs.rules import is_dark, is_reminder_due
from jobs.selectors import job_get_locked, job_ids_dark, job_ids_to_remind
from jobs.services.closing import job_release
from jobs.services.history import job_event_add
from technicians.selectors import position_get

REMIND_BATCH = 200
DARK_BATCH = 200


def job_remind_due() -> int:
    """Remind both parties of every visit that is near, each in a transaction of its own; return of how many.

    Safe to run twice at once: each job is looked at again under its lock.
    """
    return each_alone(job_ids_to_remind(at=clock.now(), limit=REMIND_BATCH), _remind)


@transaction.atomic
def _remind(job_id: UUID) -> bool:
    job = job_get_locked(job_id)
    at = clock.now()
    if job.technician_id is None or not is_reminder_due(job, at):
        return False
    job.reminded_at = at
    job.save(update_fields=["reminded_at"])
    job_event_add(job, kind=JobEventKind.REMINDED, at=at)
    events.publish(JobReminderDue(job_id=job.pk, technician_id=job.technician_id))
    return True


def job_release_dark() -> int:
    """Take every job whose visit is near or due from a technician who cannot be reached; return how many.

    He counts as having released it, and it is matched again like after his own cancellation. Each job is a transaction
    of its own and is looked at again under its lock: a start that was faster keeps it.
    """
    return each_alone(job_ids_dark(at=clock.now(), limit=DARK_BATCH), _release_dark)


@transaction.atomic
def _release_dark(job_id: UUID) -> bool:
    job = job_get_locked(job_id)
    position = position_get(job.technician_id) if job.technician_id else None
    at = clock.now()
    if job.technician_id is None or not is_dark(job, position.location_at if position else None, at):
        return False
    job_release(job, job.technician_id, reason=CancelReason.WENT_DARK, at=at)
    return True
