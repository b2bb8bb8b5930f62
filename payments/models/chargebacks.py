from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import frozen_columns
from payments.enums import CHARGEBACK_OPEN, ChargebackStatus, Provider
from payments.models.calls import Hold
from payments.models.payments import Payment


@frozen_columns("payment_id", "hold_id", "provider", "ref", "opened_at")
@frozen_columns("status", "amount_minor", "closed_at", once="closed_at", name="decided")
class Chargeback(StateModel):
    """Money that the customer's bank took back, as the provider tells it. While it is open nothing is paid out.

    Amount and fee are what is in the books of it; the fee may still come back once it is decided.
    """

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="chargebacks")
    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, related_name="chargebacks", help_text="what it was taken from, and back"
    )
    provider = models.CharField(max_length=20, choices=Provider.choices)
    ref = models.CharField(max_length=255, help_text="the provider's id of it")
    status = StateField(choices=ChargebackStatus.choices, default=ChargebackStatus.NEEDS_RESPONSE)
    amount_minor = models.PositiveBigIntegerField(default=0)
    fee_minor = models.PositiveBigIntegerField(default=0, help_text="what the provider charges for it")
    reason = models.CharField(max_length=100, default="", blank=True, help_text="the provider's code")
    evidence_due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    looked_at = models.DateTimeField(help_text="when we last asked how it stands without having been told anything")
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("chargeback_status_known", ChargebackStatus),
            models.UniqueConstraint(fields=["provider", "ref"], name="chargeback_ref_once"),
            models.CheckConstraint(
                condition=~Q(provider=Provider.OFFLINE) & Q(provider__in=Provider.values),
                name="chargeback_of_one_online",
            ),
            models.CheckConstraint(
                condition=Q(status__in=CHARGEBACK_OPEN) ^ Q(closed_at__isnull=False), name="chargeback_closed_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-opened_at", "-id"], name="chargeback_newest"),
            models.Index(fields=["payment"], condition=Q(closed_at__isnull=True), name="chargeback_open"),
            models.Index(fields=["looked_at", "id"], condition=Q(closed_at__isnull=True), name="chargeback_to_look_at"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payment.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.payment.currency)

    @property
    def is_open(self) -> bool:
        return self.status in CHARGEBACK_OPEN

    # Transitions
    @transition(status, source=ChargebackStatus.NEEDS_RESPONSE, target=ChargebackStatus.UNDER_REVIEW)
    def answer(self) -> None:
        """The evidence is in; the bank looks at it."""

    @transition(status, source=list(CHARGEBACK_OPEN), target=ChargebackStatus.WON)
    def win(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=list(CHARGEBACK_OPEN), target=ChargebackStatus.LOST)
    def lose(self, *, at: datetime) -> None:
        self.closed_at = at
