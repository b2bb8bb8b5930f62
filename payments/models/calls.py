"""What an online provider holds for a payment, and everything it is asked, as rows: a message lost loses nothing."""

from datetime import datetime
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import frozen_columns
from payments.enums import HOLD_ON_ITS_WAY, HOLD_OPEN, CallKind, CallStatus, HoldStatus, Provider
from payments.models.payments import Payment

_HAS_REF = ~Q(ref="")
CARD_DECLINED: Final = "card_declined"
SUSPICIONS: Final = frozenset({"fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card"})


class ProviderCustomer(models.Model):
    """A customer as a provider knows him, and how he pays unless he says otherwise."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20, choices=Provider.choices)
    ref = models.CharField(
        max_length=255, default="", blank=True, help_text="the provider's id of him; blank until it is asked"
    )
    method = models.CharField(max_length=255, default="", blank=True, help_text="the provider's id of his card")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "provider"], name="provider_customer_once"),
            models.UniqueConstraint(fields=["provider", "ref"], condition=_HAS_REF, name="provider_customer_of_one"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.ref}"


@frozen_columns("payment_id", "number", "amount_minor", "method", "created_at")
class Hold(StateModel):
    """One try to have an amount held. What a later price rises by is held by another one."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="holds")
    number = models.PositiveSmallIntegerField()
    status = StateField(choices=HoldStatus.choices, default=HoldStatus.ASKED)
    amount_minor = models.PositiveBigIntegerField()
    captured_minor = models.PositiveBigIntegerField(default=0)
    method = models.CharField(max_length=255, help_text="the provider's id of the card")
    ref = models.CharField(max_length=255, default="", blank=True, help_text="the provider's id of the hold")
    client_secret = models.CharField(
        max_length=255, default="", blank=True, help_text="with it the customer's app confirms; blank once settled"
    )
    failure = models.CharField(max_length=100, default="", blank=True, help_text="the provider's code")
    created_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True, help_text="when the provider lets go of it by itself")
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("hold_status_known", HoldStatus),
            models.UniqueConstraint(fields=["payment", "number"], name="hold_number_once"),
            models.UniqueConstraint(fields=["ref"], condition=_HAS_REF, name="hold_ref_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, captured_minor__lte=F("amount_minor")), name="hold_takes_what_it_holds"
            ),
            models.CheckConstraint(
                condition=Q(status=HoldStatus.CAPTURED) ^ Q(captured_minor=0), name="hold_captured_took_something"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[HoldStatus.HELD, HoldStatus.CAPTURED]) | (_HAS_REF & Q(held_at__isnull=False)),
                name="hold_held_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status__in=HOLD_OPEN) ^ Q(closed_at__isnull=False), name="hold_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.amount_minor} of {self.payment_id}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payment.currency)

    @property
    def failure_told(self) -> str:
        """What the customer is told: whoever tries a stolen card does not hear that it is known to be one."""
        return CARD_DECLINED if self.failure in SUSPICIONS else self.failure

    # Transitions
    @transition(status, source=HoldStatus.ASKED, target=HoldStatus.ACTION_NEEDED)
    def need_action(self, *, ref: str, client_secret: str) -> None:
        self.ref, self.client_secret = ref, client_secret

    @transition(status, source=list(HOLD_ON_ITS_WAY), target=HoldStatus.HELD)
    def hold(self, *, ref: str, lapses_at: datetime | None, at: datetime) -> None:
        self.ref, self.lapses_at, self.held_at, self.client_secret = ref, lapses_at, at, ""

    @transition(status, source=HoldStatus.HELD, target=HoldStatus.CAPTURED)
    def capture(self, *, amount_minor: int, at: datetime) -> None:
        self.captured_minor, self.closed_at = amount_minor, at

    @transition(status, source=list(HOLD_OPEN), target=HoldStatus.RELEASED)
    def release(self, *, at: datetime) -> None:
        self.closed_at, self.client_secret = at, ""

    @transition(status, source=list(HOLD_OPEN), target=HoldStatus.FAILED)
    def fail(self, *, ref: str, failure: str, at: datetime) -> None:
        """Refused, or let go of by the provider before anything was taken."""
        self.ref, self.failure, self.closed_at, self.client_secret = ref, failure, at, ""


@frozen_columns(
    "provider", "kind", "payment_id", "hold_id", "refund_id", "payout_id", "account_id", "amount_minor", "created_at"
)
class ProviderCall(StateModel):
    """One thing a provider is asked, until it has answered. Its id is the idempotency key: asked twice, done once."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20, choices=Provider.choices)
    kind = models.CharField(max_length=20, choices=CallKind.choices)
    status = StateField(choices=CallStatus.choices, default=CallStatus.WAITING)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="calls")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="calls")
    refund = models.ForeignKey("payments.Refund", on_delete=models.PROTECT, null=True, related_name="calls")
    payout = models.ForeignKey("payments.Payout", on_delete=models.PROTECT, null=True, related_name="calls")
    account = models.ForeignKey("payments.PayoutAccount", on_delete=models.PROTECT, null=True, related_name="calls")
    amount_minor = models.PositiveBigIntegerField(default=0)
    ref = models.CharField(max_length=255, default="", blank=True, help_text="the provider's id of what it made")
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="or, while it is under way, when it counts as lost")
    last_error = models.CharField(max_length=1000, default="", blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("provider_call_status_known", CallStatus),
            models.CheckConstraint(condition=Q(kind__in=CallKind.values), name="provider_call_kind_known"),
            models.CheckConstraint(
                condition=~Q(provider=Provider.OFFLINE) & Q(provider__in=Provider.values),
                name="provider_call_of_one_online",
            ),
            models.CheckConstraint(
                condition=Q(status=CallStatus.WAITING) ^ Q(closed_at__isnull=False),
                name="provider_call_closed_has_time",
            ),
            models.UniqueConstraint(
                fields=["hold", "kind"],
                condition=Q(kind__in=[CallKind.HOLD, CallKind.CAPTURE, CallKind.RELEASE])
                & ~Q(status=CallStatus.REFUSED),
                name="provider_call_once_for_a_hold",
            ),
            models.UniqueConstraint(
                fields=["refund", "hold"],
                condition=Q(kind=CallKind.REFUND) & ~Q(status=CallStatus.REFUSED),
                name="provider_call_once_for_a_refund",
            ),
            models.UniqueConstraint(
                fields=["payout"], condition=Q(kind=CallKind.TRANSFER), name="provider_call_once_for_a_payout"
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(kind=CallKind.ACCOUNT, status=CallStatus.WAITING),
                name="provider_call_one_for_an_account",
            ),
            models.UniqueConstraint(
                fields=["provider", "kind", "ref"],
                condition=_HAS_REF & Q(kind__in=[CallKind.REFUND, CallKind.TRANSFER]),
                name="provider_call_ref_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at", "id"], condition=Q(status=CallStatus.WAITING), name="provider_call_due"
            ),
            models.Index(fields=["-created_at", "-id"], name="provider_call_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.kind} {self.pk}"

    # Transitions
    @transition(status, source=CallStatus.WAITING, target=CallStatus.DONE)
    def finish(self, *, ref: str, at: datetime) -> None:
        self.ref, self.last_error, self.closed_at = ref, "", at

    @transition(status, source=CallStatus.WAITING, target=CallStatus.REFUSED)
    def refuse(self, *, error: str, at: datetime) -> None:
        self.last_error, self.closed_at = error[:1000], at
