from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.errors import NotFound
from jobs.enums import JobStatus
from jobs.selectors import job_get_locked
from reviews.errors import AlreadyReviewed, JobNotCompleted
from reviews.events import ReviewCreated
from reviews.models import Review
from reviews.selectors import review_exists
from technicians.services import technician_rating_add


@transaction.atomic
def review_create(*, job_id: UUID, actor: User, rating: int, comment: str = "") -> Review:
    """Say once and for all what one's finished job was like; the technician's rating moves with it.

    Locks the job, then the technician.

    :raises NotFound: unless the actor ordered the job
    :raises JobNotCompleted: before the work is done, or if it never was
    :raises AlreadyReviewed: the second time
    """
    job = job_get_locked(job_id)
    if job.customer_id != actor.pk:
        raise NotFound
    if job.status != JobStatus.COMPLETED or job.technician_id is None:
        raise JobNotCompleted
    if review_exists(job.pk):
        raise AlreadyReviewed
    review = Review(
        job=job,
        customer=actor,
        technician_id=job.technician_id,
        rating=rating,
        comment=comment,
        created_at=clock.now(),
    )
    review.save(force_insert=True)
    technician_rating_add(technician_id=job.technician_id, rating=rating)
    events.publish(ReviewCreated(review_id=review.pk, job_id=job.pk, technician_id=job.technician_id, rating=rating))
    return review
