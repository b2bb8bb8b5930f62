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
    name: ClassVar[str] = "jobs.job.unmatched"
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobAssigned(Event):
    name: ClassVar[str] = "jobs.job.assigned"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobReleased(Event):
    """The technician cancelled and is not asked again. The job is in MATCHING, or UNMATCHED after too many."""

    name: ClassVar[str] = "jobs.job.released"
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class JobStarted(Event):
    name: ClassVar[str] = "jobs.job.started"
    job_id: UUID
    technician_id: UUID


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
