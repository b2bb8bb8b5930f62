from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import frozen_columns, refused_where
from payments.enums import PAYOUT_ON_ITS_WAY, PayoutStatus, Provider
from payments.models.payments import Payment
from technicians.models import Technician

_IS_BACK = Q(returned_at__isnull=False)
_HELD_BACK = """
    SELECT 1 FROM payments_payment p WHERE p.id {payments}
    AND (p.payout_frozen_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM payments_refund r WHERE r.payment_id = p.id AND r.status IN ('REQUESTED', 'APPROVED', 'SENT'))
        OR EXISTS (SELECT 1 FROM payments_chargeback c WHERE c.payment_id = p.id AND c.closed_at IS NULL))
"""
_IN_IT = "IN (SELECT i.payment_id FROM payments_payoutitem i WHERE i.payout_id = NEW.id AND i.returned_at IS NULL)"


@refused_where(
    "UPDATE",
    "sent_held_back",
    f"NEW.status = 'SENT' AND OLD.status <> 'SENT' AND EXISTS ({_HELD_BACK.format(payments=_IN_IT)})",
    "nothing is paid out while a dispute, a refund or a chargeback is open",
)
@frozen_columns("technician_id", "currency", "provider", "ordered_at")
class Payout(StateModel):
    """What a technician is paid in one go."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="payouts")
    status = StateField(choices=PayoutStatus.choices, default=PayoutStatus.ORDERED)
    provider = models.CharField(max_length=20, choices=Provider.choices, help_text="who holds the money")
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField(help_text="of the items that were not held back")
    failure = models.CharField(max_length=1000, default="", blank=True)
    ordered_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reversed_minor = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="what the provider took back after it had arrived, for staff to look into"
    )

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("payout_status_known", PayoutStatus),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(status=PayoutStatus.FAILED), name="payout_of_something"
            ),
            models.CheckConstraint(
                condition=Q(reversed_minor=0) | Q(status=PayoutStatus.PAID, reversed_minor__lte=F("amount_minor")),
                name="payout_reversed_was_paid",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-ordered_at", "-id"], name="payout_newest"),
            models.Index(fields=["technician", "-ordered_at", "-id"], name="payout_of_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def reversed(self) -> Money:
        return Money(self.reversed_minor, self.currency)

    # Transitions
    @transition(status, source=PayoutStatus.ORDERED, target=PayoutStatus.SENT)
    def send(self, *, at: datetime) -> None:
        self.sent_at = at

    @transition(status, source=PayoutStatus.SENT, target=PayoutStatus.PAID)
    def pay(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=list(PAYOUT_ON_ITS_WAY), target=PayoutStatus.FAILED)
    def fail(self, *, reason: str, at: datetime) -> None:
        self.failure, self.closed_at = reason, at


@refused_where(
    "INSERT",
    "held_back",
    f"EXISTS ({_HELD_BACK.format(payments='= NEW.payment_id')})",
    "nothing is paid out while a dispute, a refund or a chargeback is open",
)
@frozen_columns("payout_id", "payment_id", "amount_minor")
@frozen_columns("returned_at", once="returned_at", name="returned_once")
class PayoutItem(models.Model):
    """What one payment brings to a payout. It is in one payout at a time, and comes back from it once."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="items")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="payout_items")
    amount_minor = models.PositiveBigIntegerField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment"], condition=~_IS_BACK, name="payout_item_paid_once"),
            models.UniqueConstraint(fields=["payout", "payment"], name="payout_item_once_in_a_payout"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_item_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.payment_id}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payout.currency)
