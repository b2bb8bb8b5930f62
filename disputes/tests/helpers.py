"""What the tests of disputes open, and what they compare."""

from disputes.enums import DisputeCategory
from disputes.models import Dispute, DisputeDeadline, DisputeEvent, DisputeEvidence
from disputes.services import dispute_open
from disputes.tests.factories import dispute_dismissed, dispute_resolved, dispute_withdrawn
from fixmate.core.models import AuditEntry, OutboxMessage, Upload
from payments.models import Payment, PaymentEvent

CLOSED = [dispute_resolved, dispute_dismissed, dispute_withdrawn]


def opened(job, actor=None):
    return dispute_open(
        actor=actor or job.customer, job_id=job.pk, category=DisputeCategory.QUALITY, description="It drips again."
    )


def thread():
    return list(DisputeEvent.objects.order_by("id").values_list("kind", "actor_role", "text"))


def written():
    """Everything a dispute's service may write, to compare before and after."""
    return {
        "disputes": list(Dispute.objects.order_by("id").values()),
        "thread": thread(),
        "evidence": DisputeEvidence.objects.count(),
        "uploads": Upload.objects.filter(used_at__isnull=True).count(),
        "deadlines": list(DisputeDeadline.objects.order_by("id").values()),
        "payments": list(Payment.objects.order_by("id").values()),
        "payment events": PaymentEvent.objects.count(),
        "audit": AuditEntry.objects.count(),
        "outbox": OutboxMessage.objects.count(),
    }


def amounts():
    columns = ["status", "amount_minor", "platform_fee_minor", "technician_earnings_minor"]
    return list(Payment.objects.values_list(*columns))


def owed():
    """Return what is still owed in the one dispute there is."""
    rows = DisputeDeadline.objects.filter(ended_at__isnull=True).order_by("id")
    return list(rows.values_list("kind", "side", "due_at"))
