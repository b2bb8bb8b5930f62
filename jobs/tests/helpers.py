"""What the tests of jobs ask of the database, and where they put people."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import degrees
from typing import Any

from fixmate.core.enums import UploadPurpose
from fixmate.core.events import Event, subscribers_of
from fixmate.core.geo import EARTH_RADIUS_M, Point
from fixmate.core.models import AuditEntry, OutboxMessage, Upload
from jobs.models import Block, Job, JobEvent, JobPhoto, JobPrice
from technicians.models import Position, Technician

WATCHED = (Job, JobEvent, JobPrice, JobPhoto, Block, OutboxMessage, AuditEntry, Upload, Position, Technician)


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
    old, new = ({field.attname: getattr(job, field.attname) for field in Job._meta.fields} for job in (before, after))
    return {name for name in old if old[name] != new[name]}


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
    return Upload.objects.create(owner=owner, purpose=purpose, **facts, **kwargs)
