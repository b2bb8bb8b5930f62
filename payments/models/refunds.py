from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import frozen_columns
from payments.enums import REFUND_ON_ITS_WAY, RefundStatus
from payments.models.payments import Payment

_SPLIT = ("payment_id", "amount_minor", "platform_fee_minor", "tax_minor", "technician_earnings_minor")


@frozen_columns(*_SPLIT, "requested_by_id", "needs_second_person", "dispute_id", "reason", "created_at")
class Refund(StateModel):
    """Money that goes back to the customer because a person of staff said so, and who bears how much of it."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    status = StateField(choices=RefundStatus.choices, default=RefundStatus.REQUESTED)
    amount_minor = models.PositiveBigIntegerField()
    platform_fee_minor = models.PositiveBigIntegerField(help_text="what the platform bears, tax included")
    tax_minor = models.PositiveBigIntegerField(help_text="the tax contained in that")
    technician_earnings_minor = models.PositiveBigIntegerField(help_text="what the technician bears")
    reason = models.CharField(max_length=1000)
    dispute_id = models.UUIDField(null=True, help_text="the dispute that led to it")
    needs_second_person = models.BooleanField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    failure = models.CharField(max_length=1000, default="", blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("refund_status_known", RefundStatus),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor=F("platform_fee_minor") + F("technician_earnings_minor"))
                & Q(tax_minor__lte=F("platform_fee_minor")),
                name="refund_split_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[RefundStatus.REQUESTED, RefundStatus.REJECTED])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="refund_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(needs_second_person=False)
                | Q(decided_by__isnull=True)
                | Q(status=RefundStatus.REJECTED)
                | ~Q(decided_by=F("requested_by")),
                name="refund_approved_by_another",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="refund_newest"),
            models.Index(fields=["payment", "created_at"], name="refund_of_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return self._money(self.amount_minor)

    @property
    def platform_fee(self) -> Money:
        return self._money(self.platform_fee_minor)

    @property
    def technician_earnings(self) -> Money:
        return self._money(self.technician_earnings_minor)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.payment.currency)

    # Transitions
    @transition(status, source=RefundStatus.REQUESTED, target=RefundStatus.APPROVED)
    def approve(self, *, by: models.Model, at: datetime) -> None:
        self.decided_by_id, self.decided_at = by.pk, at

    @transition(status, source=RefundStatus.REQUESTED, target=RefundStatus.REJECTED)
    def reject(self, *, by: models.Model, at: datetime) -> None:
        self.decided_by_id, self.decided_at, self.closed_at = by.pk, at, at

    @transition(status, source=RefundStatus.APPROVED, target=RefundStatus.SENT)
    def send(self, *, at: datetime) -> None:
        self.sent_at = at

    @transition(status, source=RefundStatus.SENT, target=RefundStatus.DONE)
    def finish(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=list(REFUND_ON_ITS_WAY), target=RefundStatus.FAILED)
    def fail(self, *, reason: str, at: datetime) -> None:
        self.failure, self.closed_at = reason, at
