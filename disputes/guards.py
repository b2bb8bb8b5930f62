"""What the database refuses on the disputes' tables, and what disputes add to an account's life."""

from django.db.models import Q

from accounts.hooks import ExportPart, deletion_guarded_by, erased_by, exported_as
from disputes.errors import DisputeExists
from disputes.models import Dispute, DisputeEvent, DisputeEvidence
from disputes.selectors import dispute_check_job, rework_count
from disputes.services import dispute_erase, dispute_guard_deletion
from fixmate.core.db_errors import refuse
from payments.hooks import refund_disputes_checked_by
from technicians.hooks import figures_told_by

refuse(DisputeExists, "dispute_one_live_per_job", "UNIQUE constraint failed: disputes_dispute.job_id")

refund_disputes_checked_by(dispute_check_job)
erased_by(dispute_erase)
deletion_guarded_by(dispute_guard_deletion)
figures_told_by(rework_count, "jobs_reworked")
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
    ExportPart(
        "dispute_evidence",
        "Files you handed in in disputes, and what they were like.",
        ("event__dispute_id", "event__at", "upload_id", "content_type", "size_bytes", "sha256"),
        lambda user: DisputeEvidence.objects.filter(event__actor=user),
    ),
)
