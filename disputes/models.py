from datetime import UTC, datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from disputes.enums import (
    LIVE,
    DeadlineKind,
    DisputeCategory,
    DisputeEventKind,
    DisputeOutcome,
    DisputeSide,
    DisputeStatus,
)
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.models import Upload
from fixmate.core.triggers import append_only, append_only_but_for, frozen_columns
from jobs.models import Job
from payments.models import Chargeback
from technicians.models import Technician

NEVER = datetime(3000, 1, 1, tzinfo=UTC)
_DECISION = ("status", "outcome", "closing_note", "closed_at")


@frozen_columns(*_DECISION, once="closed_at")
class Dispute(StateModel):
    """A quarrel about one job. It freezes the payout while it is live, and never moves money by itself.

    What it decided is final: once closed its decision is frozen by trigger.
    """

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="disputes")
    technician = models.ForeignKey(
        Technician, on_delete=models.PROTECT, related_name="disputes", help_text="who had the job when it was opened"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="nobody, where the customer's bank took the payment back",
    )
    status = StateField(choices=DisputeStatus.choices, default=DisputeStatus.OPEN)
    category = models.CharField(max_length=20, choices=DisputeCategory.choices)
    description = models.TextField()
    outcome = models.CharField(max_length=20, choices=DisputeOutcome.choices, default="", blank=True)
    closing_note = models.TextField(default="", blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="who took it up",
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(
        default=NEVER,
        db_default=NEVER,
        help_text="when the first of its open deadlines runs out: lists begin with it",
    )
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("dispute_status_known", DisputeStatus),
            models.UniqueConstraint(fields=["job"], condition=Q(status__in=LIVE), name="dispute_one_live_per_job"),
            models.CheckConstraint(condition=Q(category__in=DisputeCategory.values), name="dispute_category_known"),
            models.CheckConstraint(
                condition=Q(category=DisputeCategory.CHARGEBACK) ^ Q(opened_by__isnull=False),
                name="dispute_opened_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(outcome__in=DisputeOutcome.values), name="dispute_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.RESOLVED) ^ Q(outcome=""), name="dispute_resolved_has_outcome"
            ),
            models.CheckConstraint(
                condition=Q(status__in=LIVE) ^ Q(closed_at__isnull=False), name="dispute_closed_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="dispute_newest"),
            models.Index(fields=["due_at", "id"], name="dispute_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def next_due_at(self) -> datetime | None:
        return None if self.due_at == NEVER else self.due_at

    # Transitions
    @transition(status, source=DisputeStatus.OPEN, target=DisputeStatus.UNDER_REVIEW)
    def begin_review(self, *, by: User) -> None:
        """The event row holds when."""
        self.reviewer = by

    @transition(status, source=DisputeStatus.UNDER_REVIEW, target=DisputeStatus.RESOLVED)
    def resolve(self, *, outcome: str, note: str, at: datetime) -> None:
        self.outcome, self.closing_note, self.closed_at = outcome, note, at

    @transition(status, source=list(LIVE), target=DisputeStatus.DISMISSED)
    def dismiss(self, *, note: str, at: datetime) -> None:
        self.closing_note, self.closed_at = note, at

    @transition(status, source=list(LIVE), target=DisputeStatus.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at


class DisputeDeadline(models.Model):
    """Who owes a dispute something, and until when. It ends when he has done it, or with the dispute."""

    # Fields
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="deadlines")
    kind = models.CharField(max_length=20, choices=DeadlineKind.choices)
    side = models.CharField(max_length=20, choices=DisputeSide.choices, default="", blank=True)
    remind_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DeadlineKind.values), name="dispute_deadline_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=DeadlineKind.SIDE_ANSWER, side__in=DisputeSide.values)
                | (~Q(kind=DeadlineKind.SIDE_ANSWER) & Q(side="")),
                name="dispute_deadline_has_its_side",
            ),
            models.CheckConstraint(condition=Q(remind_at__lte=F("due_at")), name="dispute_deadline_reminds_before"),
            models.UniqueConstraint(
                fields=["dispute", "kind", "side"], condition=Q(ended_at__isnull=True), name="dispute_deadline_one_open"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["remind_at"],
                condition=Q(reminded_at__isnull=True, ended_at__isnull=True),
                name="dispute_deadline_to_remind",
            ),
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="dispute_deadline_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.dispute_id}"


@append_only_but_for("text")
class DisputeEvent(models.Model):
    """One row of a dispute's thread: what was said and what was done."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=DisputeEventKind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_role = models.CharField(max_length=20, default="", blank=True)
    at = models.DateTimeField()
    text = models.TextField(default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DisputeEventKind.values), name="dispute_event_kind_known"),
            models.CheckConstraint(
                condition=Q(actor__isnull=False) ^ Q(actor_role=""), name="dispute_event_actor_has_role"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["dispute", "id"], name="dispute_event_of_dispute")]

    def __str__(self) -> str:
        return f"{self.kind} {self.dispute_id}"


@frozen_columns("dispute_id", "chargeback_id", "joined_at")
class DisputeChargeback(models.Model):
    """A chargeback that a dispute has heard of, in one dispute alone, and whether it has heard of its end."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="chargebacks")
    chargeback = models.OneToOneField(Chargeback, on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.chargeback_id} in {self.dispute_id}"


@append_only
class DisputeEvidence(models.Model):
    """A file that was handed in, and what it was like then: the row outlives the file, which may be erased."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(DisputeEvent, on_delete=models.PROTECT, related_name="evidence")
    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="+")
    content_type = models.CharField(max_length=50)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"{self.content_type} {self.sha256[:12]}"

    # Facts
    @property
    def is_kept(self) -> bool:
        """Tell whether the file itself is still there."""
        return bool(self.upload.file)
