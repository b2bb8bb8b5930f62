from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import adds_up, append_only, frozen_columns
from jobs.enums import DeclineReason, QuoteStatus
from jobs.models.jobs import Job
from jobs.models.prices import JobPrice, PriceLine, line_constraints
from technicians.models import Technician


@frozen_columns("job_id", "number", "technician_id", "amount_minor", "currency", "note", "proposed_at", "expires_at")
class QuoteRevision(StateModel):
    """What the technician proposes on site beside what is agreed: nothing of it is owed until the customer approves."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="quotes", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="of the job's, from 1 on")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+")
    status = StateField(choices=QuoteStatus.choices, default=QuoteStatus.PROPOSED)
    note = models.CharField(max_length=1000)
    amount_minor = models.PositiveBigIntegerField(help_text="what comes on top of the price agreed before")
    currency = models.CharField(max_length=3)
    code_failures = models.PositiveSmallIntegerField(default=0)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=20, choices=DeclineReason.choices, default="", blank=True)
    decline_note = models.CharField(max_length=1000, default="", blank=True)
    price = models.OneToOneField(JobPrice, on_delete=models.PROTECT, null=True, related_name="quote")

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("quote_status_known", QuoteStatus),
            models.UniqueConstraint(fields=["job", "number"], name="quote_number_once"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(status=QuoteStatus.PROPOSED), name="quote_one_open_per_job"
            ),
            models.CheckConstraint(condition=Q(number__gte=1, amount_minor__gt=0), name="quote_of_something"),
            models.CheckConstraint(
                condition=Q(status=QuoteStatus.PROPOSED) ^ Q(closed_at__isnull=False), name="quote_closed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status=QuoteStatus.APPROVED) ^ Q(price__isnull=True), name="quote_approved_has_price"
            ),
            models.CheckConstraint(
                condition=Q(status=QuoteStatus.DECLINED, decline_reason__in=DeclineReason.values)
                | ~Q(status=QuoteStatus.DECLINED) & Q(decline_reason="", decline_note=""),
                name="quote_declined_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status=QuoteStatus.PROPOSED), name="quote_expiring")
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_locked(self) -> bool:
        return self.code_failures >= settings.QUOTE_CODE_TRIES

    # Transitions
    @transition(status, source=QuoteStatus.PROPOSED, target=QuoteStatus.APPROVED)
    def approve(self, *, price: JobPrice, at: datetime) -> None:
        self.price = price
        self.closed_at = at

    @transition(status, source=QuoteStatus.PROPOSED, target=QuoteStatus.DECLINED)
    def decline(self, *, reason: str, note: str, at: datetime) -> None:
        self.decline_reason, self.decline_note = reason, note
        self.closed_at = at

    @transition(status, source=QuoteStatus.PROPOSED, target=QuoteStatus.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=QuoteStatus.PROPOSED, target=QuoteStatus.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        self.closed_at = at


@append_only
@adds_up("quote", "amount_minor")
class QuoteLine(PriceLine):
    """A line of what is proposed; an approval copies it to the price."""

    OWNER = "quote"

    quote = models.ForeignKey(QuoteRevision, on_delete=models.PROTECT, related_name="lines", db_index=False)

    class Meta:
        constraints: ClassVar = line_constraints("quote")
