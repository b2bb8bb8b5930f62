from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import user_hold_working
from catalog.models import Service
from catalog.selectors import fee_rate_for, service_get
from fixmate.core import clock, events
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.files import uploads_take
from fixmate.core.models import Upload
from jobs.enums import JobEventKind, PhotoKind
from jobs.events import JobRequested
from jobs.lines import quoted_line
from jobs.models import Job, JobPhoto
from jobs.rules import dispatch_at, rules_now
from jobs.services.history import job_event_add
from jobs.services.prices import price_add_quote


@transaction.atomic
def job_request(
    *,
    actor: User,
    service_id: UUID,
    description: str,
    address: str,
    latitude: float,
    longitude: float,
    scheduled_for: datetime | None = None,
    photo_ids: Sequence[UUID] = (),
) -> Job:
    """Order a job, for now or for later, at the price quoted here. Matching begins after the commit.

    :raises AccountRestricted: if the customer may only finish what he has
    :raises AccountSuspended: if the customer's account does not work any more
    :raises Invalid: if the service is not offered or the time cannot be booked
    :raises UploadNotUsable: if a photo is not an unused upload of the customer's
    """
    user_hold_working(actor)
    service = _service_offered(service_id)
    at = clock.now()
    _check_schedule(scheduled_for, at)
    photos = uploads_take(owner=actor, purpose=UploadPurpose.JOB_PHOTO, upload_ids=list(photo_ids))
    job = Job(
        customer=actor,
        service=service,
        description=description,
        address=address,
        latitude=latitude,
        longitude=longitude,
        scheduled_for=scheduled_for,
        duration_minutes=service.duration_minutes,
        created_at=at,
    )
    # The event starts a job for now at once; the timer is for the event that got lost, and for jobs for later.
    job.next_pass_at = max(dispatch_at(job), at + timedelta(seconds=settings.PASS_LOST_S))
    job.save(force_insert=True)
    _quote(job, service, at)
    job_photos_add(job, photos, PhotoKind.PROBLEM)
    job_event_add(job, kind=JobEventKind.REQUESTED, actor=actor, at=at, rules=rules_now())
    events.publish(JobRequested(job_id=job.pk))
    return job


def _service_offered(service_id: UUID) -> Service:
    try:
        return service_get(service_id)
    except NotFound:
        raise Invalid(service_id=["This service cannot be ordered."]) from None


def _check_schedule(scheduled_for: datetime | None, at: datetime) -> None:
    if scheduled_for is None:
        return
    if scheduled_for <= at:
        raise Invalid(scheduled_for=["Give a time in the future, or none for as soon as possible."])
    if scheduled_for > at + timedelta(days=settings.MAX_SCHEDULE_DAYS):
        raise Invalid(scheduled_for=[f"Jobs can be booked at most {settings.MAX_SCHEDULE_DAYS} days ahead."])


def _quote(job: Job, service: Service, at: datetime) -> None:
    terms = fee_rate_for(service=service, at=at)
    price_add_quote(job, lines=[quoted_line(service)], terms=terms, at=at)


def job_photos_add(job: Job, uploads: Sequence[Upload], kind: PhotoKind) -> None:
    """Attach uploads that the caller has taken."""
    JobPhoto.objects.bulk_create([JobPhoto(job=job, upload=upload, kind=kind) for upload in uploads])
