"""The work a technician held at moments gone by: from the jobs that are his, and the timelines of those he lost."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from uuid import UUID

from django.db.models import Q

from jobs.enums import JobEventKind
from jobs.models import Job, JobEvent
from jobs.rules import booking_of

_CHANGES_HANDS = (JobEventKind.ASSIGNED, JobEventKind.RELEASED)


@dataclass(frozen=True, slots=True)
class Engagement:
    """One job, from when it was given to him until it was finished, called off or taken by another."""

    job: Job
    assigned_at: datetime
    booked_from: datetime
    booked_until: datetime
    started_at: datetime | None
    ended_at: datetime | None

    def was_held_at(self, at: datetime) -> bool:
        return self.assigned_at <= at and (self.ended_at is None or self.ended_at > at)

    def was_in_progress_at(self, at: datetime) -> bool:
        return self.started_at is not None and self.started_at <= at and self.was_held_at(at)


def engagements_of(
    *, technician_id: UUID, lost_job_ids: Collection[UUID], since: datetime, until: datetime
) -> list[Engagement]:
    """Return what he held at any moment of the stretch, in two queries.

    `lost_job_ids` are jobs he once had and gave back, or that were given to another: the job itself forgets him.
    """
    held = [*_kept(technician_id, since, until), *_lost(technician_id, lost_job_ids)]
    return [one for one in held if one.assigned_at <= until and (one.ended_at is None or one.ended_at > since)]


def _kept(technician_id: UUID, since: datetime, until: datetime) -> Iterator[Engagement]:
    is_open = Q(completed_at__isnull=True, cancelled_at__isnull=True)
    touches = is_open | Q(completed_at__gt=since) | Q(cancelled_at__gt=since)
    for job in Job.objects.filter(touches, technician=technician_id, assigned_at__lte=until):
        if job.assigned_at and job.booked_from and job.booked_until:
            yield Engagement(job, job.assigned_at, job.booked_from, job.booked_until, job.started_at, job.closed_at)


def _lost(technician_id: UUID, job_ids: Collection[UUID]) -> Iterator[Engagement]:
    """Read from the timelines who held the job from when to when. What is given back has never been started."""
    rows = JobEvent.objects.filter(job__in=job_ids, kind__in=_CHANGES_HANDS).order_by("job_id", "id")
    for _, of_job in groupby(rows.select_related("job"), key=lambda event: event.job_id):
        events = list(of_job)
        for given, ended in pairwise(events):
            if given.data.get("technician_id") == str(technician_id):
                start, end = booking_of(given.job, given.at)
                yield Engagement(given.job, given.at, start, end, None, ended.at)
