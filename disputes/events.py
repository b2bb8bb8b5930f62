from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    name: ClassVar[str] = "disputes.dispute.opened"
    dispute_id: UUID
    job_id: UUID
    opened_by_id: UUID


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(Event):
    """`status` is RESOLVED, DISMISSED or WITHDRAWN."""

    name: ClassVar[str] = "disputes.dispute.closed"
    dispute_id: UUID
    job_id: UUID
    status: str
