from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PassDue(Event):
    """A job waits for a matching pass: a timer has come, or an offer ended without an assignment."""

    name: ClassVar[str] = "matching.pass.due"
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferCreated(Event):
    name: ClassVar[str] = "matching.offer.created"
    offer_id: UUID
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferUnseen(Event):
    """A live offer has not been shown by any app for `OFFER_ACK_S`; it is to be sent once more."""

    name: ClassVar[str] = "matching.offer.unseen"
    offer_id: UUID
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferExpired(Event):
    name: ClassVar[str] = "matching.offer.expired"
    offer_id: UUID
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(Event):
    """A live offer was taken back: the job was cancelled, or the technician may not work."""

    name: ClassVar[str] = "matching.offer.withdrawn"
    offer_id: UUID
    job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class RankKeysDue(Event):
    """The rank keys of technicians after `after` have to follow a default policy that began or ended."""

    name: ClassVar[str] = "matching.rank_keys.due"
    rollout_id: int
    was_ended: bool
    after: UUID | None = None
