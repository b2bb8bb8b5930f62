import factory
from django.utils import timezone

from jobs.tests.factories import job_completed
from reviews.models import Review


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
