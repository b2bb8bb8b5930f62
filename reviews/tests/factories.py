import factory
from django.utils import timezone

from accounts.tests.factories import UserFactory
from fixmate.core.enums import UploadPurpose
from jobs.tests.factories import job_completed
from jobs.tests.helpers import upload_of
from reviews.models import Review, ReviewHiding, ReviewPhoto, ReviewReply


class ReviewFactory(factory.django.DjangoModelFactory):
    """Four stars for a completed job; the technician's sums stay as they were."""

    class Meta:
        model = Review

    job = factory.LazyFunction(job_completed)
    customer = factory.SelfAttribute("job.customer")
    technician = factory.SelfAttribute("job.technician")
    rating = 4
    comment = "Quick and tidy."
    created_at = factory.LazyFunction(timezone.now)


class ReplyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewReply

    review = factory.SubFactory(ReviewFactory)
    text = "Thank you."
    created_at = factory.LazyFunction(timezone.now)


class HidingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewHiding

    review = factory.SubFactory(ReviewFactory)
    is_hidden = True
    actor = factory.SubFactory(UserFactory, admin=True)
    reason = "It names a neighbour."
    at = factory.LazyFunction(timezone.now)


def photo_of(review, **kwargs):
    upload = upload_of(review.customer, UploadPurpose.REVIEW_PHOTO, used_at=timezone.now(), **kwargs)
    return ReviewPhoto.objects.create(review=review, upload=upload)
