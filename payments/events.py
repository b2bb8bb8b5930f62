from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentCaptured(Event):
    name: ClassVar[str] = "payments.payment.captured"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentVoided(Event):
    name: ClassVar[str] = "payments.payment.voided"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundApproved(Event):
    name: ClassVar[str] = "payments.refund.approved"
    refund_id: UUID
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundDone(Event):
    name: ClassVar[str] = "payments.refund.done"
    refund_id: UUID
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundFailed(Event):
    name: ClassVar[str] = "payments.refund.failed"
    refund_id: UUID
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutSent(Event):
    name: ClassVar[str] = "payments.payout.sent"
    payout_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutPaid(Event):
    name: ClassVar[str] = "payments.payout.paid"
    payout_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutFailed(Event):
    name: ClassVar[str] = "payments.payout.failed"
    payout_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentAuthorized(Event):
    """Everything the customer agreed to is held: the work may start."""

    name: ClassVar[str] = "payments.payment.authorized"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentNeeded(Event):
    """The customer has to do something: give a card, or confirm what is asked of it."""

    name: ClassVar[str] = "payments.payment.needed"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(Event):
    """What is agreed is not held: the customer has to pay another way."""

    name: ClassVar[str] = "payments.payment.failed"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProviderCallDue(Event):
    """A provider is to be asked something; once, however often this is heard: `tries` is how often it was tried."""

    name: ClassVar[str] = "payments.call.due"
    call_id: UUID
    tries: int


@dataclass(frozen=True, kw_only=True)
class HoldLookedAt(Event):
    """The customer says he has confirmed a hold: the provider is asked how it stands."""

    name: ClassVar[str] = "payments.hold.looked_at"
    ref: str


@dataclass(frozen=True, kw_only=True)
class PayoutAccountReady(Event):
    """From now on the technician is paid through the provider, without staff."""

    name: ClassVar[str] = "payments.payout_account.ready"
    account_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutReversed(Event):
    """The provider took back some of what had arrived."""

    name: ClassVar[str] = "payments.payout.reversed"
    payout_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProviderObjectChanged(Event):
    """The provider says so of one of its objects: `webhook_id` is the row of the inbox that names it."""

    name: ClassVar[str] = "payments.provider_object.changed"
    webhook_id: int


@dataclass(frozen=True, kw_only=True)
class ChargebackOpened(Event):
    name: ClassVar[str] = "payments.chargeback.opened"
    chargeback_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChargebackChanged(Event):
    """It is still open; what changed may be until when evidence is wanted, or that it is not any more."""

    name: ClassVar[str] = "payments.chargeback.changed"
    chargeback_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChargebackClosed(Event):
    """`status` is WON or LOST."""

    name: ClassVar[str] = "payments.chargeback.closed"
    chargeback_id: UUID
    job_id: UUID
    status: str
