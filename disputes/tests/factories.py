import factory
from django.utils import timezone

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory, DisputeEventKind, DisputeOutcome
from disputes.models import Dispute, DisputeEvent, DisputeEvidence
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


def dispute_under_review(reviewer=None, **kwargs):
    dispute = DisputeFactory(**kwargs)
    dispute.begin_review(by=reviewer or UserFactory(admin=True))
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


def evidence_of(dispute, upload):
    """The upload, handed in by whoever sent it in."""
    actor, at = upload.owner, dispute.created_at
    event = DisputeEvent.objects.create(
        dispute=dispute, kind=DisputeEventKind.EVIDENCE, actor=actor, actor_role=actor.role, at=at, text="The tap."
    )
    facts = {"content_type": upload.content_type, "size_bytes": upload.size_bytes, "sha256": upload.sha256}
    return DisputeEvidence.objects.create(event=event, upload=upload, **facts)
