from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import append_only, frozen_columns
from jobs.models import Job, JobPrice
from payments.enums import OPEN, PAID, PaymentEventKind, PaymentPurpose, PaymentStatus, Provider
from technicians.models import Technician

_SPLIT = (
    "amount_minor",
    "platform_fee_minor",
    "technician_earnings_minor",
    "fee_rate",
    "fee_source",
    "technician_id",
    "captured_at",
)


@frozen_columns(*_SPLIT, once="captured_at")
class Payment(StateModel):
    """The money of one job. Its amounts are null until capture, written once, then frozen by trigger."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=20, choices=PaymentPurpose.choices, default=PaymentPurpose.JOB)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="payments")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, null=True, related_name="payments")
    provider = models.CharField(max_length=20, choices=Provider.choices, default=Provider.OFFLINE)
    status = StateField(choices=PaymentStatus.choices, default=PaymentStatus.PENDING)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField(null=True)
    platform_fee_minor = models.PositiveBigIntegerField(null=True)
    technician_earnings_minor = models.PositiveBigIntegerField(null=True)
    fee_rate = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    fee_source = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    payout_frozen_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True, help_text="when the technician's share left the hold")
    refunded_minor = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="of refunds asked for and neither refused nor failed"
    )
    charged_back_minor = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="with the customer's bank, for now or for good"
    )

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("payment_status_known", PaymentStatus),
            models.UniqueConstraint(
                fields=["job"], condition=Q(purpose=PaymentPurpose.JOB), name="payment_one_per_job"
            ),
            models.CheckConstraint(condition=Q(purpose__in=PaymentPurpose.values), name="payment_purpose_known"),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="payment_provider_known"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__isnull=True, platform_fee_minor__isnull=True, technician_earnings_minor__isnull=True
                )
                | Q(
                    amount_minor__isnull=False,
                    platform_fee_minor__isnull=False,
                    technician_earnings_minor__isnull=False,
                    amount_minor=F("platform_fee_minor") + F("technician_earnings_minor"),
                ),
                name="payment_split_adds_up",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=PAID)
                | Q(amount_minor__isnull=False, captured_at__isnull=False, fee_rate__isnull=False),
                name="payment_captured_has_amounts",
            ),
            models.CheckConstraint(
                condition=Q(status__in=PAID) | Q(captured_at__isnull=True, amount_minor__isnull=True),
                name="payment_not_captured_has_no_amounts",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor=0) | Q(amount_minor__isnull=False, refunded_minor__lte=F("amount_minor")),
                name="payment_refunded_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(charged_back_minor=0) | Q(amount_minor__isnull=False),
                name="payment_charged_back_was_taken",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(captured_at__isnull=False),
                name="payment_released_was_captured",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-created_at", "-id"], name="payment_of_customer"),
            models.Index(fields=["technician", "-created_at", "-id"], name="payment_of_technician"),
            models.Index(fields=["-created_at", "-id"], name="payment_newest"),
            models.Index(fields=["captured_at"], condition=Q(captured_at__isnull=False), name="payment_captured"),
            models.Index(
                fields=["captured_at"],
                condition=Q(captured_at__isnull=False, released_at__isnull=True) & ~Q(provider=Provider.OFFLINE),
                name="payment_to_release",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money | None:
        return self._money(self.amount_minor)

    @property
    def platform_fee(self) -> Money | None:
        return self._money(self.platform_fee_minor)

    @property
    def technician_earnings(self) -> Money | None:
        return self._money(self.technician_earnings_minor)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def left_minor(self) -> int:
        """Return what could still be given back: of what was taken, less what went back and what the bank has."""
        return max((self.amount_minor or 0) - self.refunded_minor - self.charged_back_minor, 0)

    @property
    def is_offline(self) -> bool:
        """Tell whether the technician took the money, and owes us the fee."""
        return self.provider == Provider.OFFLINE

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.currency)

    # Transitions
    @transition(status, source=[PaymentStatus.PENDING, PaymentStatus.FAILED], target=PaymentStatus.AUTHORIZED)
    def authorize(self) -> None:
        """Everything agreed so far is held."""

    @transition(status, source=[PaymentStatus.PENDING, PaymentStatus.AUTHORIZED], target=PaymentStatus.FAILED)
    def fail(self) -> None:
        """What is agreed is not held: the customer has to pay another way."""

    @transition(status, source=[PaymentStatus.PENDING, PaymentStatus.AUTHORIZED], target=PaymentStatus.CAPTURED)
    def capture(self, *, price: JobPrice, technician_id: UUID | None, at: datetime) -> None:
        """Copy the stored split of the price: nothing is computed here."""
        self.amount_minor = price.amount_minor
        self.platform_fee_minor = price.platform_fee_minor
        self.technician_earnings_minor = price.technician_earnings_minor
        self.fee_rate = Decimal(price.fee_rate)
        self.fee_source = price.fee_source
        self.technician_id = technician_id
        self.captured_at = at

    @transition(status, source=list(OPEN), target=PaymentStatus.VOIDED)
    def void(self, *, at: datetime) -> None:
        self.voided_at = at

    @transition(
        status,
        source=[PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED],
        target=PaymentStatus.PARTIALLY_REFUNDED,
    )
    def refund_in_part(self) -> None:
        """Some of it went back to the customer."""

    @transition(
        status, source=[PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED], target=PaymentStatus.REFUNDED
    )
    def refund_in_full(self) -> None:
        """All of it went back to the customer."""


@append_only
class PaymentEvent(models.Model):
    """What happened to a payment."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=PaymentEventKind.choices)
    status = models.CharField(max_length=20, choices=PaymentStatus.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=PaymentEventKind.values), name="payment_event_kind_known")
        ]
        indexes: ClassVar = [models.Index(fields=["payment", "id"], name="payment_event_of_payment")]

    def __str__(self) -> str:
        return f"{self.kind} {self.payment_id}"
