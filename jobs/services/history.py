from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.enums import Role
from accounts.models import User
from fixmate.core import audit, clock
from jobs.enums import JobEventKind
from jobs.models import Job, JobEvent
from jobs.selectors import job_get_locked
from jobs.services.access import job_check_party


def job_event_add(
    job: Job, *, kind: JobEventKind, at: datetime, actor: User | None = None, note: str = "", **data: Any
) -> JobEvent:
    """Append a row to the timeline of a job that the caller has locked and saved."""
    return JobEvent.objects.create(
        job=job,
        kind=kind,
        status=job.status,
        actor=actor,
        actor_role=actor.role if actor else "",
        at=at,
        note=note,
        data=data,
    )


@transaction.atomic
def job_note_add(*, job_id: UUID, actor: User, note: str) -> JobEvent:
    """Put a remark on the record. What staff say is audited.

    :raises NotFound: unless the actor is part of the job
    """
    job = job_get_locked(job_id)
    job_check_party(job, actor)
    event = job_event_add(job, kind=JobEventKind.NOTE, actor=actor, note=note, at=clock.now())
    if actor.role == Role.ADMIN:
        audit.record(actor=actor, action="job.note", target=job, reason=note)
    return event
