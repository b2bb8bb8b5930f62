"""A customer: asks, waits and looks, tells the code at the door, sometimes calls it off, reviews what was done."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from fixmate.ops.demo.board import Board, JobCard, Tone
from fixmate.ops.demo.client import CONFLICT, Account
from fixmate.ops.demo.demand import Need
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.people import BLAME, PRAISE, Name, address, trouble
from fixmate.ops.demo.places import as_json
from jobs.enums import CancelReason, JobStatus

LOOKS_EVERY_S = 4.0  # or when there is mail
ORDERS_BY_MISTAKE, LOSES_PATIENCE, CHANGES_MIND = 0.005, 0.08, 0.02
PATIENCE_S = (15.0, 40.0)
WANTS_IT_LATER, LATER_S = 0.03, (12.0, 24.0)
REVIEWS = 0.85
STARS, HAPPY_FROM, USUAL_QUALITY, QUALITY_SPREAD = (1, 5), 4, 4.5, 0.7


@dataclass(frozen=True, slots=True)
class Mood:
    """How a customer feels about one job: drawn when it is asked for."""

    is_mistake: bool
    patience_s: float | None
    changes_mind: bool
    later_s: float | None
    reviews: bool

    @classmethod
    def drawn(cls, dice: Random) -> "Mood":
        return cls(
            is_mistake=dice.random() < ORDERS_BY_MISTAKE,
            patience_s=dice.uniform(*PATIENCE_S) if dice.random() < LOSES_PATIENCE else None,
            changes_mind=dice.random() < CHANGES_MIND,
            later_s=dice.uniform(*LATER_S) if dice.random() < WANTS_IT_LATER else None,
            reviews=dice.random() < REVIEWS,
        )

    def wants_out(self, card: JobCard, waited_s: float) -> CancelReason | None:
        """Return why the job would be called off now, or None."""
        if card.status == JobStatus.ASSIGNED:
            return CancelReason.NOT_NEEDED if self.changes_mind else None
        if card.status not in (JobStatus.REQUESTED, JobStatus.MATCHING):
            return None
        if self.is_mistake:
            return CancelReason.MISTAKE
        is_out_of_patience = self.patience_s is not None and waited_s > self.patience_s
        return CancelReason.TOO_SLOW if is_out_of_patience else None


@dataclass(slots=True)
class Customer:
    account: Account
    name: Name
    board: Board
    mailbox: Mailbox

    async def have_fixed(self, need: Need, number: int, service_id: str, dice: Random) -> None:
        """See one job through, from the request to the review."""
        mood = Mood.drawn(dice)
        try:
            card = await self._request(need, number, service_id, mood, dice)
        finally:
            self.board.asked += 1
        if card is None:
            return
        await self._follow(card, mood, dice)
        if card.status == JobStatus.COMPLETED and mood.reviews:
            await self._review(card, dice)

    async def tell_code(self, job_id: str) -> str | None:
        """Answer the door: read the start code off the phone."""
        answer = await self.account.get(f"/jobs/{job_id}")
        return answer.body["start_code"] if answer.is_ok else None

    async def _request(self, need: Need, number: int, service_id: str, mood: Mood, dice: Random) -> JobCard | None:
        body = {
            "service_id": service_id,
            "description": trouble(need.trade, dice),
            "address": address(dice),
            **as_json(need.place),
        }
        if mood.later_s is not None:
            body["scheduled_for"] = (datetime.now(UTC) + timedelta(seconds=mood.later_s)).isoformat()
        answer = await self.account.post("/jobs", body)
        if not answer.is_ok:
            return None
        job = answer.body
        card = JobCard(
            job_id=job["id"],
            number=number,
            what=job["service"]["name"],
            place=need.place,
            status=job["status"],
            created_at=datetime.fromisoformat(job["created_at"]),
            host=self,
            is_for_later=mood.later_s is not None,
        )
        self.board.jobs[card.job_id] = card
        when = ", for later" if card.is_for_later else ""
        self.board.happened(f"{self.name} asks for: {card.what}{when}")
        return card

    async def _follow(self, card: JobCard, mood: Mood, dice: Random) -> None:
        asked_at_s = self.board.elapsed_s
        while not card.is_ended:
            await self.mailbox.ring(self.account.email, within_s=LOOKS_EVERY_S * dice.uniform(0.8, 1.2))
            answer = await self.account.get(f"/jobs/{card.job_id}")
            if answer.is_ok:
                self.board.saw_job(answer.body)
            reason = mood.wants_out(card, self.board.elapsed_s - asked_at_s - (mood.later_s or 0.0))
            if reason is not None:
                await self._call_off(card, reason)
        if card.status == JobStatus.UNMATCHED:
            self.board.happened(f"nobody found for {self.name}: {card.what}", Tone.BAD)

    async def _call_off(self, card: JobCard, reason: CancelReason) -> None:
        await self.account.get(f"/jobs/{card.job_id}/cancel-preview", expect=(CONFLICT,))
        answer = await self.account.post(f"/jobs/{card.job_id}/cancel", {"reason": reason.value}, expect=(CONFLICT,))
        if answer.is_ok:
            self.board.saw_job(answer.body)
            self.board.happened(f"{self.name} calls it off ({reason.label.lower()}): {card.what}", Tone.BAD)

    async def _review(self, card: JobCard, dice: Random) -> None:
        deserved = dice.gauss(card.quality or USUAL_QUALITY, QUALITY_SPREAD)
        least, most = STARS
        rating = max(least, min(most, round(deserved)))
        comment = dice.choice(PRAISE if rating >= HAPPY_FROM else BLAME)
        body = {"rating": rating, "comment": comment}
        answer = await self.account.post(f"/jobs/{card.job_id}/review", body)
        if answer.is_ok:
            self.board.reviews.append(rating)
            self.board.happened(f'{self.name} {"★" * rating} "{comment}"', Tone.GOOD)
