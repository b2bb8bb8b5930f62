from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class JobRequested(Event):
    """A new job, for now or for later; matching starts when it is due."""

    name: ClassVar[str] = "jobs.job.requested"
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobRematchRequested(Event):
    name: ClassVar[str] = "jobs.job.rematch_requested"
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobUnmatched(Event):
    """Nobody was found in the job's so manieth search."""

    name: ClassVar[str] = "jobs.job.unmatched"
    job_id: UUID
    search_number: int


@dataclass(frozen=True, kw_only=True)
class JobAssigned(Event):
    name: ClassVar[str] = "jobs.job.assigned"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobReleased(Event):
    """The technician lost the job and is not asked again. `reason` is a CancelReason.

    The job is in MATCHING, or UNMATCHED after too many; where the reason is TRANSFERRED another technician has it.
    """

    name: ClassVar[str] = "jobs.job.released"
    job_id: UUID
    technician_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class JobReminderDue(Event):
    """A visit booked ahead is near; once per assignment."""

    name: ClassVar[str] = "jobs.job.reminder_due"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobStarted(Event):
    name: ClassVar[str] = "jobs.job.started"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class QuoteProposed(Event):
    """The technician has found more to do, and asks the customer on site."""

    name: ClassVar[str] = "jobs.quote.proposed"
    job_id: UUID
    quote_id: UUID


@dataclass(frozen=True, kw_only=True)
class QuoteApproved(Event):
    """What the job costs has risen: `price_revision` is the new price, whose rise has to be covered."""

    name: ClassVar[str] = "jobs.quote.approved"
    job_id: UUID
    quote_id: UUID
    price_revision: int


@dataclass(frozen=True, kw_only=True)
class QuoteClosed(Event):
    """A proposal ended without an approval: the price is what it was. `status` is a QuoteStatus."""

    name: ClassVar[str] = "jobs.quote.closed"
    job_id: UUID
    quote_id: UUID
    status: str


@dataclass(frozen=True, kw_only=True)
class JobCompleted(Event):
    name: ClassVar[str] = "jobs.job.completed"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobCancelled(Event):
    """`technician_id` is who had it then, if anybody; `has_fee` tells whether a fee revision was written."""

    name: ClassVar[str] = "jobs.job.cancelled"
    job_id: UUID
    technician_id: UUID | None
    has_fee: bool
    cancelled_by: str


@dataclass(frozen=True, kw_only=True)
class BlockSet(Event):
    """One of the two does not want to meet the other again."""

    name: ClassVar[str] = "jobs.block.set"
    customer_id: UUID
    technician_id: UUID
