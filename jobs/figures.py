"""The figures of a technician's reputation that follow from jobs, counted from the rows: read to check and to rebuild.

Services keep them one by one; a row here and its count there are written in one transaction.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform

from jobs.enums import CancelReason, JobEventFact, JobEventKind, JobStatus
from jobs.models import Job, JobEvent

Figures = Iterable[Mapping[str, Any]]


def completed_count(technician_ids: Collection[UUID]) -> Figures:
    """Return how many jobs each has finished."""
    done = Job.objects.filter(technician__in=technician_ids, status=JobStatus.COMPLETED)
    return done.values("technician_id").annotate(jobs_completed=Count("pk")).order_by()


def released_count(technician_ids: Collection[UUID]) -> Figures:
    """Return how many jobs each has given back or been taken for not coming; not what staff gave to another."""
    released = JobEvent.objects.filter(kind=JobEventKind.RELEASED).annotate(
        reason=_text(JobEventFact.REASON), holder=Subquery(_assigned_before().values("holder")[:1])
    )
    rows = released.values_list("reason", "holder").iterator()
    released_by = Counter(holder for reason, holder in rows if reason != CancelReason.TRANSFERRED)
    return [
        {"technician_id": technician_id, "jobs_released": released_by[str(technician_id)]}
        for technician_id in technician_ids
    ]


def visits_count(technician_ids: Collection[UUID]) -> Figures:
    """Return how many visits booked ahead each has begun, and how many of them in time, as was judged then."""
    fact = JobEventFact.WAS_PUNCTUAL.value
    started = JobEvent.objects.filter(kind=JobEventKind.STARTED, job__technician__in=technician_ids)
    visits = started.filter(data__has_key=fact).values(technician_id=F("job__technician_id"))
    in_time = Count("pk", filter=Q(**{f"data__{fact}": True}))
    return visits.annotate(visits_begun=Count("pk"), visits_punctual=in_time).order_by()


def _assigned_before() -> Any:
    """Return, for a RELEASED event outside, the assignments before it with their `holder`, the last one first."""
    assigned = JobEvent.objects.filter(job=OuterRef("job"), id__lt=OuterRef("id"), kind=JobEventKind.ASSIGNED)
    return assigned.annotate(holder=_text(JobEventFact.TECHNICIAN)).order_by("-id")


def _text(fact: JobEventFact) -> KeyTextTransform:
    return KeyTextTransform(fact.value, "data")
