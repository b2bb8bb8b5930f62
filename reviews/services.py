"""Reviews: what a customer says, what the technician answers, and what staff take out of sight.

Locks the job where one is written, else the review; then the technician, whose figures follow in the same transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Forbidden, NotFound
from fixmate.core.files import uploads_erase, uploads_take
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.selectors import job_get_locked
from reviews.errors import (
    AlreadyReplied,
    AlreadyReviewed,
    JobNotCompleted,
    ReviewHidden,
    ReviewNotHidden,
    ReviewTooLate,
)
from reviews.events import ReviewCreated, ReviewReplied
from reviews.models import Review, ReviewHiding, ReviewPhoto, ReviewReply
from reviews.selectors import reply_exists, review_exists, review_get_locked, review_is_hidden
from technicians.models import Technician
from technicians.services import technician_rating_add, technician_rating_remove

_NO_ASPECTS: Mapping[str, int] = {}

# The customer


@transaction.atomic
def review_create(
    *,
    job_id: UUID,
    actor: User,
    rating: int,
    aspects: Mapping[str, int] = _NO_ASPECTS,
    comment: str = "",
    photo_ids: Sequence[UUID] = (),
) -> Review:
    """Say once and for all what one's finished job was like; the technician's rating moves with it.

    :raises NotFound: unless the actor ordered the job
    :raises JobNotCompleted: before the work is done, or if it never was
    :raises ReviewTooLate: later than `REVIEW_WINDOW_DAYS` after it was
    :raises AlreadyReviewed: the second time
    :raises UploadNotUsable: if a photo is not an unused upload of the actor's
    """
    job = job_get_locked(job_id)
    if job.customer_id != actor.pk:
        raise NotFound
    at = clock.now()
    technician = _technician_reviewed(job, at)
    if review_exists(job.pk):
        raise AlreadyReviewed
    review = Review(
        job=job, customer=actor, technician=technician, rating=rating, comment=comment, created_at=at, **aspects
    )
    review.save(force_insert=True)
    photos = uploads_take(owner=actor, purpose=UploadPurpose.REVIEW_PHOTO, upload_ids=list(photo_ids))
    ReviewPhoto.objects.bulk_create([ReviewPhoto(review=review, upload=upload) for upload in photos])
    technician_rating_add(technician_id=technician.pk, stars=review.stars)
    events.publish(ReviewCreated(review_id=review.pk, job_id=job.pk, technician_id=technician.pk, rating=rating))
    return review


def _technician_reviewed(job: Job, at: datetime) -> Technician:
    if job.technician is None or job.completed_at is None or job.status != JobStatus.COMPLETED:
        raise JobNotCompleted
    limit_days = settings.REVIEW_WINDOW_DAYS
    if at > job.completed_at + timedelta(days=limit_days):
        raise ReviewTooLate(limit_days=limit_days)
    return job.technician


# The technician


@transaction.atomic
def review_reply(*, review_id: UUID, actor: User, text: str) -> ReviewReply:
    """Answer a review of oneself, once and for all.

    :raises NotFound: if there is none, or staff have hidden it
    :raises Forbidden: if it is of somebody else
    :raises AlreadyReplied: the second time
    """
    review = review_get_locked(review_id)
    if review_is_hidden(review.pk):
        raise NotFound
    review_check_reviewed(review, actor)
    if reply_exists(review.pk):
        raise AlreadyReplied
    reply = ReviewReply(review=review, text=text, created_at=clock.now())
    reply.save(force_insert=True)
    events.publish(ReviewReplied(review_id=review.pk, job_id=review.job_id))
    return reply


def review_check_reviewed(review: Review, actor: User) -> None:
    """:raises Forbidden: unless the actor is whom the review is about"""
    if review.technician.user_id != actor.pk:
        raise Forbidden("Only the technician who is reviewed may answer.")


# Staff


@transaction.atomic
def review_hide(*, review_id: UUID, actor: User, reason: str) -> Review:
    """Take a review out of everybody's sight but that of staff, and out of the rating. Audited.

    :raises NotFound: if there is none
    :raises ReviewHidden: if it is hidden already
    :raises Invalid: without a reason
    """
    review = review_get_locked(review_id)
    if review_is_hidden(review.pk):
        raise ReviewHidden
    _hiding_add(review, actor=actor, reason=reason, is_hidden=True)
    technician_rating_remove(technician_id=review.technician_id, stars=review.stars)
    _audit(review, "review.hide", actor=actor, reason=reason, is_hidden=True)
    return review


@transaction.atomic
def review_show(*, review_id: UUID, actor: User, reason: str) -> Review:
    """Show a hidden review again, and count it again. Audited.

    :raises NotFound: if there is none
    :raises ReviewNotHidden: unless it is hidden
    :raises Invalid: without a reason
    """
    review = review_get_locked(review_id)
    if not review_is_hidden(review.pk):
        raise ReviewNotHidden
    _hiding_add(review, actor=actor, reason=reason, is_hidden=False)
    technician_rating_add(technician_id=review.technician_id, stars=review.stars)
    _audit(review, "review.show", actor=actor, reason=reason, is_hidden=False)
    return review


def _hiding_add(review: Review, *, actor: User, reason: str, is_hidden: bool) -> None:
    ReviewHiding.objects.create(review=review, is_hidden=is_hidden, actor=actor, reason=reason, at=clock.now())


def _audit(review: Review, action: str, *, actor: User, reason: str, is_hidden: bool) -> None:
    before, after = {"is_hidden": not is_hidden}, {"is_hidden": is_hidden}
    audit.record(actor=actor, action=action, target=review, reason=reason, before=before, after=after)


# Erasure


@transaction.atomic
def review_erase(user: User) -> None:
    """Take out of reviews what the user wrote and showed; the stars stay, and that he answered."""
    Review.objects.filter(customer=user).exclude(comment="").update(comment="")
    ReviewReply.objects.filter(review__technician__user=user).exclude(text="").update(text="")
    photos = ReviewPhoto.objects.filter(review__customer=user)
    upload_ids = list(photos.values_list("upload_id", flat=True))
    photos.delete()
    uploads_erase(upload_ids)
