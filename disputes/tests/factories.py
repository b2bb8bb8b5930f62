import factory
from django.utils import timezone

from disputes.enums import DisputeCategory, DisputeOutcome
from disputes.models import Dispute
from jobs.tests.factories import job_completed


class DisputeFactory(factory.django.DjangoModelFactory):
    """OPEN, by the customer of a completed job; the payout is not touched."""

    class Meta:
        model = Dispute

    job = factory.LazyFunction(job_completed)
    technician = factory.SelfAttribute("job.technician")
    opened_by = factory.SelfAttribute("job.customer")
    category = DisputeCategory.QUALITY
    description = "It drips again."
    created_at = factory.LazyFunction(timezone.now)


def dispute_under_review(**kwargs):
    dispute = DisputeFactory(**kwargs)
    dispute.begin_review()
    dispute.save()
    return dispute


def dispute_resolved(**kwargs):
    dispute = dispute_under_review(**kwargs)
    dispute.resolve(outcome=DisputeOutcome.SHARED, note="Half each.", at=dispute.created_at)
    dispute.save()
    return dispute


def dispute_dismissed(**kwargs):
    dispute = DisputeFactory(**kwargs)
    dispute.dismiss(note="Nothing to it.", at=dispute.created_at)
    dispute.save()
    return dispute


def dispute_withdrawn(**kwargs):
    dispute = DisputeFactory(**kwargs)
    dispute.withdraw(at=dispute.created_at)
    dispute.save()
    return dispute
