"""What every online provider can be asked, and how it answers.

Nothing here is called in a transaction. Each call that makes something takes a key: asked again with it, or after an
answer that was lost, the provider does it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fixmate.core.money import Money


class ProviderAway(Exception):
    """It is down, too slow, or answers nonsense; whether it did what it was asked is not known. Ask again, later."""


class ProviderRefused(Exception):
    """It will never do what it was asked. The text is fit for staff; `code` is the provider's."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class WebhookRefused(Exception):
    """A message that the provider did not sign, or signed too long ago."""


class HoldIs(StrEnum):
    """How a hold stands with the provider."""

    ACTION_NEEDED = "action_needed"
    UNDER_WAY = "under_way"
    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HoldAsk:
    """An amount to be held on a card the customer gave us, while he is not there if he is not.

    `asked_at` is when it was asked for first, by our clock: the provider made nothing of it before.
    """

    payment_id: UUID
    hold_id: UUID
    amount: Money
    customer_ref: str
    method: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class HoldState:
    ref: str
    status: HoldIs
    amount_minor: int
    captured_minor: int = 0
    client_secret: str = field(default="", repr=False)
    failure: str = ""
    lapses_at: datetime | None = None


class RefundIs(StrEnum):
    UNDER_WAY = "under_way"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundState:
    ref: str
    status: RefundIs
    amount_minor: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class TransferState:
    ref: str
    amount_minor: int
    reversed_minor: int = 0


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account of a technician with the provider, to which it can transfer once he has told it who he is."""

    ref: str
    is_ready: bool


class ChargebackIs(StrEnum):
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class ChargebackState:
    """A payment the customer's bank took back. `fee_minor` is what the provider charges for it, as of now."""

    ref: str
    hold_ref: str
    status: ChargebackIs
    amount_minor: int
    currency: str
    fee_minor: int
    reason: str
    evidence_due_at: datetime | None


class ObjectKind(StrEnum):
    HOLD = "hold"
    REFUND = "refund"
    TRANSFER = "transfer"
    ACCOUNT = "account"
    CHARGEBACK = "chargeback"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a webhook says has changed: the object is read anew, what the message says of it is not believed."""

    id: str
    type: str
    kind: ObjectKind | None
    ref: str


@dataclass(frozen=True, slots=True)
class Record:
    """One thing in the provider's own books. `ours` is the id of ours that it was made for, as its metadata say."""

    kind: ObjectKind
    ref: str
    ours: str
    amount_minor: int
    currency: str
    status: str
    at: datetime


class OnlineProvider(Protocol):
    """Every method but `event` reaches outside.

    :raises ProviderAway: from all of them but `event`
    :raises ProviderRefused: from those that make or change something, and of a ref it does not know
    """

    # The customer's money
    def customer(self, *, user_id: UUID, key: str) -> str: ...
    def hold(self, *, ask: HoldAsk, key: str) -> HoldState: ...
    def hold_state(self, ref: str) -> HoldState: ...
    def capture(self, *, ref: str, amount: Money, key: str) -> HoldState: ...
    def release(self, *, ref: str, key: str) -> HoldState: ...
    def refund(self, *, hold_ref: str, call_id: UUID, refund_id: UUID, amount: Money, key: str) -> RefundState: ...
    def refund_state(self, ref: str) -> RefundState: ...

    # The technician's
    def account(self, *, technician_id: UUID, key: str) -> AccountState: ...
    def account_state(self, ref: str) -> AccountState: ...
    def account_link(self, *, ref: str, refresh_url: str, return_url: str) -> str: ...
    def transfer(self, *, account_ref: str, payout_id: UUID, amount: Money, key: str) -> TransferState: ...
    def transfer_state(self, ref: str) -> TransferState: ...

    # What it tells us
    def event(self, *, body: bytes, signature: str) -> ProviderEvent:
        """:raises WebhookRefused: unless it is signed by the provider, and lately"""
        ...

    def chargeback_state(self, ref: str) -> ChargebackState: ...
    def records(self, *, since: datetime) -> Iterator[Record]: ...
