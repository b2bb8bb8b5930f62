"""A customer: asks, waits and looks, tells the code at the door, sometimes calls it off, reviews what was done."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from fixmate.ops.demo.bank import BAD_CARD, GOOD_CARD, CardDesk
from fixmate.ops.demo.board import Board, JobCard, Tone
from fixmate.ops.demo.client import CONFLICT, Account
from fixmate.ops.demo.demand import Need
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.people import BLAME, PRAISE, Name, address, trouble
from fixmate.ops.demo.places import as_json
from jobs.enums import CancelReason, DeclineReason, JobStatus, QuoteStatus
from payments.enums import HoldStatus, PaymentStatus

LOOKS_EVERY_S = 4.0  # or when there is mail
ORDERS_BY_MISTAKE, LOSES_PATIENCE, CHANGES_MIND = 0.005, 0.08, 0.02
PATIENCE_S = (15.0, 40.0)
WANTS_IT_LATER, LATER_S = 0.03, (12.0, 24.0)
DECLINES_EXTRA, READS_EXTRA_S = 0.3, 0.5
REVIEWS = 0.85
CARD_FAILS = 0.1
PAYS_IN = (JobStatus.ASSIGNED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.CANCELLED)
PAYS_WITHIN_S = 20.0
STARS, HAPPY_FROM, USUAL_QUALITY, QUALITY_SPREAD = (1, 5), 4, 4.5, 0.7


@dataclass(frozen=True, slots=True)
class Mood:
    """How a customer feels about one job: drawn when it is asked for."""

    is_mistake: bool
    patience_s: float | None
    changes_mind: bool
    later_s: float | None
    reviews: bool
    declines_extra: DeclineReason | None
    card_fails: bool

    @classmethod
    def drawn(cls, dice: Random) -> "Mood":
        return cls(
            is_mistake=dice.random() < ORDERS_BY_MISTAKE,
            patience_s=dice.uniform(*PATIENCE_S) if dice.random() < LOSES_PATIENCE else None,
            changes_mind=dice.random() < CHANGES_MIND,
            later_s=dice.uniform(*LATER_S) if dice.random() < WANTS_IT_LATER else None,
            reviews=dice.random() < REVIEWS,
            declines_extra=dice.choice(list(DeclineReason)) if dice.random() < DECLINES_EXTRA else None,
            card_fails=dice.random() < CARD_FAILS,
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
    cards: CardDesk | None = None  # without one he pays in cash

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
        await self._settle(card, mood)
        if card.status == JobStatus.COMPLETED and mood.reviews:
            await self._review(card, dice)

    async def tell_code(self, job_id: str) -> str | None:
        """Answer the door: read the start code off the phone."""
        answer = await self.account.get(f"/jobs/{job_id}")
        return answer.body["start_code"] if answer.is_ok else None

    async def answer_extra(self, job_id: str) -> None:
        """Read on the phone what is proposed; approve it with the code that stands there, or decline it."""
        answer = await self.account.get(f"/jobs/{job_id}/price")
        quotes = answer.body["quotes"] if answer.is_ok else []
        for quote in quotes:
            if quote["status"] == QuoteStatus.PROPOSED:
                await asyncio.sleep(READS_EXTRA_S)
                await self._answer(self.board.jobs[job_id], quote)

    async def _answer(self, card: JobCard, quote: dict[str, Any]) -> None:
        where, more = f"/jobs/{card.job_id}/quotes/{quote['number']}", f"{_money(quote['amount'])} more: {card.what}"
        if card.declines_extra is None:
            answer = await self.account.post(f"{where}/approve", {"code": quote["code"]})
            told, tone = f"{self.name} approves {more}", Tone.GOOD
        else:
            answer = await self.account.post(f"{where}/decline", {"reason": card.declines_extra.value})
            told, tone = f"{self.name} declines {more}", Tone.BAD
        if answer.is_ok:
            self.board.happened(told, tone)

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
            declines_extra=mood.declines_extra,
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
                await self._pay(card, mood)
            reason = mood.wants_out(card, self.board.elapsed_s - asked_at_s - (mood.later_s or 0.0))
            if reason is not None:
                await self._call_off(card, reason)
        if card.status == JobStatus.UNMATCHED:
            self.board.happened(f"nobody found for {self.name}: {card.what}", Tone.BAD)

    async def _pay(self, card: JobCard, mood: Mood) -> None:
        """Give a card, if one is wanted; now and then the first is declined, and another is given."""
        if self.cards is None or card.status not in PAYS_IN:
            return
        payment = await self._payment(card)
        if payment is None or not _has_to_act(card, payment):
            return
        fails = mood.card_fails and not card.cards_given
        card.cards_given += 1
        body = {"payment_method": await self.cards.card(BAD_CARD if fails else GOOD_CARD)}
        await self.account.post(f"/payments/{payment['id']}/authorize", body, expect=(CONFLICT,))
        self.board.happened(f"{self.name} gives {'a card that is declined' if fails else 'a card'}: {card.what}")

    async def _settle(self, card: JobCard, mood: Mood) -> None:
        """Pay what a job that has ended costs after all: a fee, or a price no card has held yet."""
        until = self.board.elapsed_s + PAYS_WITHIN_S
        while self.cards and self.board.elapsed_s < until and await self._payment(card):
            await self._pay(card, mood)
            await asyncio.sleep(1.0)

    async def _payment(self, card: JobCard) -> dict[str, Any] | None:
        waiting = "&".join(f"status={status.value}" for status in (PaymentStatus.PENDING, PaymentStatus.FAILED))
        async for row in self.account.listed(f"/payments?{waiting}"):
            if row["job_id"] == card.job_id:
                answer = await self.account.get(f"/payments/{row['id']}")
                return answer.body if answer.is_ok else None
        return None

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


def _money(shown: dict[str, str]) -> str:
    return f"{shown['amount']} {shown['currency']}"


def _has_to_act(card: JobCard, payment: dict[str, Any]) -> bool:
    """Tell whether nothing is under way: he gave no card yet, or the last was declined."""
    hold = payment["hold"]
    return hold["status"] == HoldStatus.FAILED if hold else not card.cards_given
