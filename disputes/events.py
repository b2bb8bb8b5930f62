from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """Nobody opened it where the customer's bank took the payment back."""

    name: ClassVar[str] = "disputes.dispute.opened"
    dispute_id: UUID
    job_id: UUID
    opened_by_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DisputeSpoken(Event):
    """Somebody said something, or handed in evidence: `event_id` is its row of the thread."""

    name: ClassVar[str] = "disputes.dispute.spoken"
    dispute_id: UUID
    event_id: int


@dataclass(frozen=True, kw_only=True)
class DisputeAnswerWanted(Event):
    """Staff asked a side for more; the deadline says which, and until when."""

    name: ClassVar[str] = "disputes.dispute.answer_wanted"
    dispute_id: UUID
    deadline_id: int


@dataclass(frozen=True, kw_only=True)
class DisputeReminderDue(Event):
    name: ClassVar[str] = "disputes.dispute.reminder_due"
    dispute_id: UUID
    deadline_id: int


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(Event):
    """`status` is RESOLVED, DISMISSED or WITHDRAWN."""

    name: ClassVar[str] = "disputes.dispute.closed"
    dispute_id: UUID
    job_id: UUID
    status: str
