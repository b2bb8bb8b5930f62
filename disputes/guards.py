"""What the database refuses on the disputes' tables, and what disputes add to an account's life."""

from django.db.models import Q

from accounts.hooks import ExportPart, deletion_guarded_by, exported_as
from disputes.errors import DisputeExists
from disputes.models import Dispute, DisputeEvent
from disputes.services import dispute_guard_deletion
from fixmate.core.db_errors import refuse

refuse(DisputeExists, "dispute_one_live_per_job", "UNIQUE constraint failed: disputes_dispute.job_id")

deletion_guarded_by(dispute_guard_deletion)
exported_as(
    ExportPart(
        "disputes",
        "Disputes about your jobs.",
        ("id", "job_id", "status", "category", "description", "outcome", "closing_note", "created_at", "closed_at"),
        lambda user: Dispute.objects.filter(Q(job__customer=user) | Q(technician__user=user)),
    ),
    ExportPart(
        "dispute_events",
        "What you said and did in disputes.",
        ("dispute_id", "kind", "at", "text"),
        lambda user: DisputeEvent.objects.filter(actor=user),
    ),
)
