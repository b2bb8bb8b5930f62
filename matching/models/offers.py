from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import append_only, frozen_columns
from jobs.models import Job
from matching.enums import LIVE, OfferEventKind, OfferSource, OfferStatus, RejectReason
from matching.models.passes import MatchingPass
from technicians.models import Technician


@frozen_columns("job_id", "technician_id", "created_at", "expires_at", "amount_minor", "technician_earnings_minor")
class Offer(StateModel):
    """A job put to one technician, exclusively, until `expires_at`."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="offers")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="offers")
    matching_pass = models.ForeignKey(MatchingPass, on_delete=models.PROTECT, null=True, related_name="offers")
    status = StateField(choices=OfferStatus.choices, default=OfferStatus.PENDING)
    source = models.CharField(max_length=10, choices=OfferSource.choices, default=OfferSource.ENGINE)
    number = models.PositiveSmallIntegerField(help_text="the how manieth offer of the job")
    search_number = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    pushed_again_at = models.DateTimeField(null=True, help_text="when it was sent again, not having been shown")
    seen_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="when it was answered, ran out or was taken back")
    reject_reason = models.CharField(max_length=20, choices=RejectReason.choices, default="", blank=True)
    reject_note = models.CharField(max_length=1000, default="", blank=True)
    distance_m = models.PositiveIntegerField()
    eta_min = models.FloatField()
    # Copied from the job's price; nothing is computed here
    amount_minor = models.PositiveBigIntegerField()
    technician_earnings_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("offer_status_known", OfferStatus),
            models.UniqueConstraint(fields=["job"], condition=Q(status__in=LIVE), name="offer_one_live_per_job"),
            models.UniqueConstraint(
                fields=["technician"], condition=Q(status=OfferStatus.PENDING), name="offer_one_open_per_technician"
            ),
            models.UniqueConstraint(fields=["job", "number"], name="offer_number_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="offer_ends_after_start"),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.PENDING) ^ Q(closed_at__isnull=False), name="offer_closed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.REJECTED) ^ Q(reject_reason=""), name="offer_rejected_has_reason"
            ),
            models.CheckConstraint(condition=Q(source__in=OfferSource.values), name="offer_source_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status=OfferStatus.PENDING), name="offer_expiry_due"),
            models.Index(
                fields=["created_at"],
                condition=Q(status=OfferStatus.PENDING, seen_at__isnull=True, pushed_again_at__isnull=True),
                name="offer_push_due",
            ),
            models.Index(
                fields=["technician", "-closed_at"], condition=Q(status=OfferStatus.REJECTED), name="offer_declined"
            ),
            models.Index(fields=["technician", "-created_at", "-id"], name="offer_of_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def technician_earnings(self) -> Money:
        return Money(self.technician_earnings_minor, self.currency)

    @property
    def is_undelivered(self) -> bool:
        """Tell whether it ran out before the app had shown it: that does not count against anybody."""
        return self.status == OfferStatus.EXPIRED and self.seen_at is None

    # Transitions
    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.ACCEPTED)
    def accept(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.REJECTED)
    def reject(self, *, reason: str, note: str, at: datetime) -> None:
        self.reject_reason, self.reject_note = reason, note
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.ACCEPTED, target=OfferStatus.RELEASED)
    def release(self, *, at: datetime) -> None:
        self.closed_at = at


@append_only
class OfferEvent(models.Model):
    """What happened to an offer, and by whom."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=OfferEventKind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    note = models.CharField(max_length=1000, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=OfferEventKind.values), name="offer_event_kind_known")
        ]
        indexes: ClassVar = [models.Index(fields=["offer", "id"], name="offer_event_of_offer")]

    def __str__(self) -> str:
        return f"{self.kind} {self.offer_id}"
