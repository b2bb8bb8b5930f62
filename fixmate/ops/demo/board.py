"""What everybody in the demo has seen so far: read by the display, and at the end by the summary."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from fixmate.core.geo import Point
from fixmate.core.money import Money
from jobs.enums import CLOSED, DeclineReason, JobStatus

ENDED = (*CLOSED, JobStatus.UNMATCHED)
EVENTS_KEPT = 40


class Doing(StrEnum):
    AWAY = "away"
    IDLE = "idle"
    DECIDING = "deciding"
    TRAVELLING = "travelling"
    WORKING = "working"


class Outcome(StrEnum):
    """What came of an offer, as its technician saw it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    LATE = "too late"


class Tone(StrEnum):
    """How an event feels; the display picks the colour."""

    PLAIN = "plain"
    GOOD = "good"
    DONE = "done"
    BAD = "bad"


class Host(Protocol):
    """Who opens the door."""

    async def tell_code(self, job_id: str) -> str | None: ...

    async def answer_extra(self, job_id: str) -> None: ...


@dataclass(slots=True)
class JobCard:
    """One job as its customer follows it."""

    job_id: str
    number: int
    what: str
    place: Point
    status: str
    created_at: datetime
    host: Host
    is_for_later: bool = False
    declines_extra: DeclineReason | None = None  # what is proposed on site; None approves it
    assigned_at: datetime | None = None  # the first time, by the server's clock
    quality: float | None = None  # of the work, which its customer will judge
    cards_given: int = 0

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def waited_s(self) -> float | None:
        """Return the seconds from the request to the first acceptance; None if there was none."""
        return (self.assigned_at - self.created_at).total_seconds() if self.assigned_at else None


@dataclass(slots=True)
class TechnicianCard:
    name: str
    place: Point
    doing: Doing = Doing.AWAY


@dataclass(frozen=True, slots=True)
class Happening:
    at_s: float
    tone: Tone
    text: str


@dataclass(slots=True)
class Board:
    planned: int
    stage: str = ""
    jobs: dict[str, JobCard] = field(default_factory=dict)
    technicians: list[TechnicianCard] = field(default_factory=list)
    offers: Counter[Outcome] = field(default_factory=Counter)
    events: deque[Happening] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    reviews: list[int] = field(default_factory=list)
    billed: Counter[str] = field(default_factory=Counter)  # minor units by currency
    quotes: Counter[str] = field(default_factory=Counter)  # what was proposed on site, by what became of it
    asked: int = 0  # requests sent off, answered or not
    started_at: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started_at

    def start_clock(self) -> None:
        self.started_at = time.monotonic()

    def happened(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self.events.append(Happening(self.elapsed_s, tone, text))

    # Jobs

    def saw_job(self, body: dict[str, Any]) -> None:
        """Take over what an answer says of a job of this run."""
        card = self.jobs.get(body["id"])
        if card is None:
            return
        card.status = body["status"]
        if body.get("assigned_at") and card.assigned_at is None:
            card.assigned_at = datetime.fromisoformat(body["assigned_at"])

    def saw_acceptance(self, offer: dict[str, Any]) -> None:
        card = self.jobs.get(offer["job_id"])
        if card is not None and card.assigned_at is None:
            card.status = JobStatus.ASSIGNED
            card.assigned_at = datetime.fromisoformat(offer["closed_at"])

    def saw_completion(self, body: dict[str, Any], quality: float) -> None:
        self.saw_job(body)
        if body["id"] in self.jobs:
            self.jobs[body["id"]].quality = quality

    def bill(self, price: dict[str, str]) -> None:
        money = Money.parse(price["amount"], price["currency"])
        self.billed[money.currency] += money.minor

    # Figures

    def by_status(self) -> Counter[str]:
        return Counter(card.status for card in self.jobs.values())

    def waits_s(self) -> list[float]:
        """Return the waits of all jobs that were wanted at once."""
        found = [card.waited_s for card in self.jobs.values() if not card.is_for_later]
        return [wait for wait in found if wait is not None]

    def by_doing(self) -> Counter[Doing]:
        return Counter(card.doing for card in self.technicians)

    @property
    def is_finished(self) -> bool:
        return self.asked >= self.planned and all(card.is_ended for card in self.jobs.values())
