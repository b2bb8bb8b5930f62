from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from disputes.enums import LIVE, DisputeCategory, DisputeEventKind, DisputeOutcome, DisputeStatus
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.triggers import append_only, frozen_columns
from jobs.models import Job
from technicians.models import Technician

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
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = StateField(choices=DisputeStatus.choices, default=DisputeStatus.OPEN)
    category = models.CharField(max_length=20, choices=DisputeCategory.choices)
    description = models.TextField()
    outcome = models.CharField(max_length=20, choices=DisputeOutcome.choices, default="", blank=True)
    closing_note = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("dispute_status_known", DisputeStatus),
            models.UniqueConstraint(fields=["job"], condition=Q(status__in=LIVE), name="dispute_one_live_per_job"),
            models.CheckConstraint(condition=Q(category__in=DisputeCategory.values), name="dispute_category_known"),
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
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="dispute_newest")]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    # Transitions
    @transition(status, source=DisputeStatus.OPEN, target=DisputeStatus.UNDER_REVIEW)
    def begin_review(self) -> None:
        """The event row holds who and when."""

    @transition(status, source=DisputeStatus.UNDER_REVIEW, target=DisputeStatus.RESOLVED)
    def resolve(self, *, outcome: str, note: str, at: datetime) -> None:
        self.outcome, self.closing_note, self.closed_at = outcome, note, at

    @transition(status, source=list(LIVE), target=DisputeStatus.DISMISSED)
    def dismiss(self, *, note: str, at: datetime) -> None:
        self.closing_note, self.closed_at = note, at

    @transition(status, source=list(LIVE), target=DisputeStatus.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at


@append_only
class DisputeEvent(models.Model):
    """One row of a dispute's thread: what was said and what was done."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=DisputeEventKind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    actor_role = models.CharField(max_length=20)
    at = models.DateTimeField()
    text = models.TextField(default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DisputeEventKind.values), name="dispute_event_kind_known")
        ]
        indexes: ClassVar = [models.Index(fields=["dispute", "id"], name="dispute_event_of_dispute")]

    def __str__(self) -> str:
        return f"{self.kind} {self.dispute_id}"
