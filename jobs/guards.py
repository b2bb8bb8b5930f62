"""What the database refuses on the jobs' tables, and what jobs add to an account's life."""

from django.db.models import Q

from accounts.hooks import ExportPart, acquainted_by, deletion_guarded_by, erased_by, exported_as
from fixmate.core.casefiles import case_told_by
from fixmate.core.db_errors import refuse
from fixmate.core.triggers import SQLITE, Trigger, declare
from jobs.case import PARTS
from jobs.enums import BlockSide, PriceKind
from jobs.errors import AlreadyWorking, BookingOverlap
from jobs.figures import completed_count, released_count, visits_count
from jobs.models import Block, Job, JobEvent, JobPriceLine, QuoteLine, QuoteRevision
from jobs.selectors import job_is_shared_now, technician_ids_at_work
from jobs.services.erasure import job_erase_customer, job_guard_deletion
from technicians.hooks import at_work_told_by, figures_told_by

_OVERLAP = "job_no_overlapping_bookings"
_OTHER_BOOKING = """NEW.status IN ('ASSIGNED', 'IN_PROGRESS') AND EXISTS (
    SELECT 1 FROM jobs_job AS other WHERE other.technician_id = NEW.technician_id AND other.id <> NEW.id
    AND other.status IN ('ASSIGNED', 'IN_PROGRESS')
    AND other.booked_from < NEW.booked_until AND other.booked_until > NEW.booked_from)"""

# PostgreSQL has an exclusion constraint of the same name; SQLite has one writer, so a trigger sees every other row.
for operation in ("INSERT", "UPDATE"):
    name = f"{_OVERLAP}_{operation.lower()}"
    declare(Trigger("jobs_job", name, operation, _OVERLAP, _OTHER_BOOKING, vendors=(SQLITE,)))

refuse(BookingOverlap, _OVERLAP)
refuse(AlreadyWorking, "job_one_in_progress_per_technician", "UNIQUE constraint failed: jobs_job.technician_id")

at_work_told_by(technician_ids_at_work)
figures_told_by(completed_count, "jobs_completed")
figures_told_by(released_count, "jobs_released")
figures_told_by(visits_count, "visits_begun", "visits_punctual")

erased_by(job_erase_customer)
deletion_guarded_by(job_guard_deletion)
acquainted_by(job_is_shared_now)
_JOB = (
    "id",
    "service__name",
    "status",
    "scheduled_for",
    "assigned_at",
    "started_at",
    "completed_at",
    "work_summary",
    "cancelled_at",
    "cancel_reason",
    "cancelled_by",
)
_QUOTE = ("job_id", "number", "status", "note", "amount_minor", "currency", "proposed_at", "expires_at", "closed_at")
_LINE = ("position", "kind", "description", "quantity", "unit_minor", "amount_minor")
exported_as(
    ExportPart(
        "jobs",
        "Jobs you ordered.",
        (
            *_JOB,
            "technician_id",
            "description",
            "address",
            "latitude",
            "longitude",
            "created_at",
            "cancel_note",
        ),
        lambda user: Job.objects.filter(customer=user),
    ),
    ExportPart(
        "jobs_done",
        "Jobs you had as a technician; whose they were and where is that customer's own.",
        _JOB,
        lambda user: Job.objects.filter(technician__user=user),
    ),
    ExportPart(
        "job_events",
        "What you did to jobs.",
        ("job_id", "kind", "status", "at", "note", "data"),
        lambda user: JobEvent.objects.filter(actor=user),
    ),
    ExportPart(
        "quotes_answered",
        "Extra work proposed to you, and what you said to it.",
        (*_QUOTE, "decline_reason", "decline_note"),
        lambda user: QuoteRevision.objects.filter(job__customer=user),
    ),
    ExportPart(
        "quotes_proposed",
        "Extra work you proposed.",
        _QUOTE,
        lambda user: QuoteRevision.objects.filter(technician__user=user),
    ),
    ExportPart(
        "price_lines",
        "What your jobs cost, line by line, in minor units of the currency.",
        ("price__job_id", "price__revision", "price__kind", "price__currency", *_LINE),
        lambda user: JobPriceLine.objects.filter(price__job__customer=user).exclude(price__kind=PriceKind.SPLIT),
    ),
    ExportPart(
        "quote_lines",
        "The lines of extra work proposed to you or by you, in minor units of the currency.",
        ("quote__job_id", "quote__number", *_LINE),
        lambda user: QuoteLine.objects.filter(Q(quote__job__customer=user) | Q(quote__technician__user=user)),
    ),
    ExportPart(
        "blocks",
        "Whom you do not want to meet again.",
        ("id", "job_id", "note", "created_at", "lifted_at"),
        lambda user: Block.objects.filter(
            Q(customer=user, set_by=BlockSide.CUSTOMER) | Q(technician__user=user, set_by=BlockSide.TECHNICIAN)
        ),
    ),
)
case_told_by(*PARTS)
