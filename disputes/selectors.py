from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, Model, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.enums import Role, UserStatus
from accounts.models import User
from disputes.enums import ERASED, LIVE, DeadlineKind, DisputeCategory, DisputeOutcome, DisputeStatus
from disputes.models import Dispute, DisputeChargeback, DisputeDeadline, DisputeEvent, DisputeEvidence
from fixmate.core import audit
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry, Upload
from jobs.enums import JobStatus
from jobs.models import Job, JobPhoto
from jobs.selectors import job_get_locked

T = TypeVar("T")


def dispute_list_visible_to(user: User) -> QuerySet[Dispute]:
    """Return every dispute this user may know exists; anything else must look like a 404.

    The sides are the customer and the technician who had the job when it was opened, whoever has it now.
    """
    disputes = Dispute.objects.select_related("opened_by", "reviewer")
    if user.role == Role.ADMIN:
        return disputes
    return disputes.filter(Q(job__customer=user) | Q(technician__user=user))


def dispute_get_visible_to(*, user: User, dispute_id: UUID) -> Dispute:
    """Return the dispute with its thread, what was handed in, and what is owed.

    :raises NotFound: if there is none this user may know of
    """
    evidence = Prefetch("evidence", queryset=DisputeEvidence.objects.select_related("upload").order_by("id"))
    events = DisputeEvent.objects.select_related("actor").prefetch_related(evidence).order_by("id")
    owed = DisputeDeadline.objects.filter(ended_at__isnull=True).order_by("due_at", "id")
    dispute = (
        dispute_list_visible_to(user)
        .filter(pk=dispute_id)
        .prefetch_related(
            Prefetch("events", queryset=events, to_attr="thread"), Prefetch("deadlines", queryset=owed, to_attr="owed")
        )
        .first()
    )
    if dispute is None:
        raise NotFound
    return dispute


def dispute_get_locked(dispute_id: UUID) -> Dispute:
    """Return the dispute with its job's row and then its own locked: the job is the first lock of all.

    :raises NotFound: if there is none
    """
    job_id = Dispute.objects.filter(pk=dispute_id).values_list("job_id", flat=True).first()
    if job_id is None:
        raise NotFound
    job_get_locked(job_id)
    return Dispute.objects.select_for_update().get(pk=dispute_id)


def dispute_check_job(dispute_id: UUID, job_id: UUID) -> None:
    """:raises Invalid: unless there is such a dispute about the job"""
    if not Dispute.objects.filter(pk=dispute_id, job_id=job_id).exists():
        raise Invalid("No such dispute about this job.", dispute_id=["There is no such dispute about this job."])


def dispute_open_until(job: Job) -> datetime | None:
    """Return until when a dispute about the job can be opened; None while the job is open."""
    return job.closed_at and job.closed_at + timedelta(days=settings.DISPUTE_WINDOW_DAYS)


def dispute_live_exists(job_id: UUID) -> bool:
    return Dispute.objects.filter(job_id=job_id, status__in=LIVE).exists()


def dispute_live_of(job_id: UUID) -> Dispute | None:
    """Return the dispute about the job that is live, with its row locked. Lock the job first."""
    return Dispute.objects.select_for_update().filter(job_id=job_id, status__in=LIVE).first()


def dispute_chargeback_get(chargeback_id: UUID) -> DisputeChargeback | None:
    """Return what a dispute has of the chargeback, if one has heard of it. Lock the job first."""
    return DisputeChargeback.objects.select_related("dispute").filter(chargeback=chargeback_id).first()


def dispute_list_rework() -> QuerySet[Dispute]:
    """Return the disputes by which a finished job counts as badly done: this is what rework means.

    They are about the quality of the work, against the technician who finished the job, after he did, and decided for
    the customer: what staff judged, not what somebody asked for. A shared outcome is not one, nor is a second order of
    the same service, which may be a second leak.
    """
    decided = Dispute.objects.filter(
        status=DisputeStatus.RESOLVED, outcome=DisputeOutcome.FOR_CUSTOMER, category=DisputeCategory.QUALITY
    )
    return decided.filter(
        job__status=JobStatus.COMPLETED, job__technician=F("technician"), closed_at__gte=F("job__completed_at")
    )


def rework_count(technician_ids: Collection[UUID]) -> Iterable[Mapping[str, Any]]:
    """Return how many jobs of each were badly done; however many disputes say so of one."""
    rows = dispute_list_rework().filter(technician__in=technician_ids).values("technician_id").order_by()
    return rows.annotate(jobs_reworked=Count("job", distinct=True))


# Deadlines


def deadline_list_to_remind(*, at: datetime, limit: int) -> list[tuple[UUID, int]]:
    """Return (dispute, deadline) of what somebody is to be reminded of, the longest due first.

    What can still be done late is brought to mind late. Evidence is not: after its time the bank takes none.
    """
    due = DisputeDeadline.objects.filter(remind_at__lte=at, reminded_at__isnull=True, ended_at__isnull=True)
    due = due.exclude(kind=DeadlineKind.PROVIDER_EVIDENCE, due_at__lte=at)
    return list(due.order_by("remind_at").values_list("dispute_id", "pk")[:limit])


def deadline_list_overdue(at: datetime) -> QuerySet[DisputeDeadline]:
    return DisputeDeadline.objects.filter(due_at__lt=at, ended_at__isnull=True)


# Files


def evidence_get_visible_to(*, user: User, dispute_id: UUID, evidence_id: UUID) -> DisputeEvidence:
    """:raises NotFound: if there is none in a dispute this user may know of"""
    visible = dispute_list_visible_to(user).filter(pk=dispute_id)
    held = DisputeEvidence.objects.filter(pk=evidence_id, event__dispute__in=visible)
    return _or_not_found(held.select_related("upload").first())


def dispute_upload_get(*, dispute: Dispute, upload_id: UUID) -> Upload:
    """Return a file of the case: evidence of any dispute about the job, or a photo of the job.

    :raises NotFound: if it is none of these
    """
    handed_in = DisputeEvidence.objects.filter(event__dispute__job=dispute.job_id).values("upload")
    photos = JobPhoto.objects.filter(job=dispute.job_id).values("upload")
    return _or_not_found(Upload.objects.filter(Q(pk__in=handed_in) | Q(pk__in=photos), pk=upload_id).first())


def evidence_measure(*, dispute_id: UUID, role: str) -> tuple[int, int]:
    """Return how many files, and how many bytes in all, those of the role have handed in in the dispute."""
    held = DisputeEvidence.objects.filter(event__dispute=dispute_id, event__actor_role=role)
    sums = held.aggregate(files=Count("id"), size=Coalesce(Sum("size_bytes"), 0))
    return sums["files"], sums["size"]


def _or_not_found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row


# For the case file


def evidence_list_of(dispute: Dispute) -> QuerySet[DisputeEvidence]:
    return (
        DisputeEvidence.objects.filter(event__dispute=dispute).select_related("event__actor", "upload").order_by("id")
    )


def audit_list_about(rows: Sequence[Model]) -> QuerySet[AuditEntry]:
    """Return what staff did to these things, the oldest first."""
    return audit.entries().filter(target_id__in=[str(row.pk) for row in rows]).order_by("sequence")


# Erasure


def user_ids_to_erase(*, closed_before: datetime, limit: int) -> list[UUID]:
    """Return whose accounts are deleted, and whose words are still in disputes closed before then."""
    said = DisputeEvent.objects.filter(actor=OuterRef("pk"), dispute__closed_at__lt=closed_before)
    opened = Dispute.objects.filter(opened_by=OuterRef("pk"), closed_at__lt=closed_before)
    has_words = Exists(said.exclude(text="").exclude(actor_role=Role.ADMIN)) | Exists(
        opened.exclude(description=ERASED)
    )
    gone = User.objects.filter(has_words, status=UserStatus.DELETED).order_by("pk")
    return list(gone.values_list("pk", flat=True)[:limit])
