"""What the tests of jobs ask of the database, and where they put people."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import degrees
from typing import Any, cast

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User
from catalog.models import Service
from fixmate.core.enums import UploadPurpose
from fixmate.core.events import Event, subscribers_of
from fixmate.core.geo import EARTH_RADIUS_M, Point
from fixmate.core.models import AuditEntry, OutboxMessage, Upload
from fixmate.core.tests.pictures import picture
from jobs.enums import JobStatus, PhotoKind
from jobs.models import (
    Block,
    Job,
    JobEvent,
    JobPhoto,
    JobPrice,
    JobPriceLine,
    QuoteLine,
    QuoteRevision,
)
from jobs.services import job_request
from technicians.models import Position, Technician

PICTURE = picture("PNG")
WATCHED = (
    Job,
    JobEvent,
    JobPrice,
    JobPriceLine,
    QuoteRevision,
    QuoteLine,
    JobPhoto,
    Block,
    OutboxMessage,
    AuditEntry,
    Upload,
    Position,
    Technician,
)


def outbox() -> list[tuple[str, dict[str, Any]]]:
    """Return what was ordered in the background, in a fixed order."""
    return _sorted(OutboxMessage.objects.values_list("task", "payload"))


def rows_of(*events: Event) -> list[tuple[str, dict[str, Any]]]:
    """Return the outbox rows that the events write. Each must have somebody who listens, or the test says nothing."""
    assert all(subscribers_of(type(event)) for event in events)
    return _sorted((task, event.payload()) for event in events for task in subscribers_of(type(event)))


def _sorted(rows):
    return sorted(rows, key=lambda row: (row[0], str(row[1])))


def kinds_of(job: Job) -> list[str]:
    return list(JobEvent.objects.filter(job=job).order_by("pk").values_list("kind", flat=True))


def last_event(job: Job) -> JobEvent:
    return JobEvent.objects.filter(job=job).order_by("pk").last()


def stored(job: Job) -> Job:
    """Return the job as the database has it."""
    return Job.objects.get(pk=job.pk)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Assert that the block leaves every row as it was, and adds none."""
    before = _snapshot()
    yield
    assert _snapshot() == before


def _snapshot() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in WATCHED}


def changed(before: Job, after: Job) -> set[str]:
    """Return the names of the columns in which two readings of a job differ."""
    old, new = facts_of(before), facts_of(after)
    return {name for name in old if old[name] != new[name]}


def facts_of(job: Job) -> dict[str, Any]:
    """Return the job as it is in memory, by column."""
    return {field.attname: getattr(job, field.attname) for field in Job._meta.fields}


def north_of(job: Job, metres: float) -> Point:
    """Return the point that many metres north of the job."""
    return Point(job.latitude + degrees(metres / EARTH_RADIUS_M), job.longitude)


def put(technician: Technician, where: Point, at) -> Position:
    """Put the technician there, as a ping accepted at `at` would."""
    facts = {"latitude": where.latitude, "longitude": where.longitude, "recorded_at": at, "location_at": at}
    position, _ = Position.objects.update_or_create(technician=technician, defaults=facts)
    return position


def upload_of(owner, purpose=UploadPurpose.JOB_PHOTO, **kwargs) -> Upload:
    facts = {"file": "uploads/x.png", "content_type": "image/png", "size_bytes": 1, "sha256": "0" * 64}
    return Upload.objects.create(owner=owner, purpose=purpose, **(facts | kwargs))


def photo_for(job: Job, kind: str = PhotoKind.PROBLEM) -> JobPhoto:
    """Return a photo of the job with its file, by whoever takes such ones."""
    owner = job.customer if kind == PhotoKind.PROBLEM else cast(Technician, job.technician).user
    path = default_storage.save("uploads/photo.png", ContentFile(PICTURE))
    return JobPhoto.objects.create(job=job, upload=upload_of(owner, file=path, used_at=job.created_at), kind=kind)


def job_ordered(customer: User, service: Service, **kwargs: Any) -> Job:
    """Return a job the customer has requested by the service, with all that comes of it."""
    place = {"address": "12 Beacon Street", "latitude": 42.36, "longitude": -71.06}
    facts = {"service_id": service.pk, "description": "The tap drips.", **place}
    return job_request(actor=customer, **{**facts, **kwargs})


def all_but(*statuses: JobStatus) -> list[JobStatus]:
    return [status for status in JobStatus if status not in statuses]
