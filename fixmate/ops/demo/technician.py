"""A technician: goes online, answers offers or lets them lapse, travels, knocks, works, now and then cancels."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from fixmate.core.geo import Point
from fixmate.core.money import Money
from fixmate.ops.demo.board import Board, Doing, Outcome, TechnicianCard, Tone
from fixmate.ops.demo.client import CONFLICT, NOT_FOUND, Account, Answer
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.options import PING_EVERY_S
from fixmate.ops.demo.people import FINDINGS, SUMMARIES
from fixmate.ops.demo.places import as_json, between
from fixmate.ops.demo.supply import TechnicianPlan
from jobs.enums import CancelReason, JobStatus, LineKind, QuoteStatus
from jobs.errors import PaymentRequired
from matching.enums import OfferStatus, RejectReason

LOOKS_EVERY_S = 2.0  # or when there is mail
FAR_M = 6_000
STEPS = (1, 3)  # on the way, each with a ping
STEP_S = 0.7
WORK_S = (2.0, 6.0)
CANNOT_COME, MISHEARS = 0.02, 0.02
BILLS_LESS, LEAST_SHARE = 0.25, 80  # in percent of the price
FINDS_MORE, PART_SHARE, HOUR_SHARE = 0.3, (5, 25), (5, 15)  # shares in percent of the price
MOSTLY, FITTING_HOURS = 0.7, ("0.5", "1", "1.5")
OTHER_REASONS = (RejectReason.BUSY, RejectReason.PRICE, RejectReason.NO_PARTS, RejectReason.OTHER)
CODE_SPACE = 10_000
WAITS_FOR_MONEY, MONEY_PAUSE_S = 20, 1.0  # at the door, until the customer's card is good


@dataclass(slots=True)
class Technician:
    account: Account
    plan: TechnicianPlan
    card: TechnicianCard
    board: Board
    mailbox: Mailbox
    dice: Random
    _pinged_at_s: float = field(default=float("-inf"))

    # Coming and going

    async def go_online(self) -> bool:
        answer = await self.account.post("/technicians/me/online")
        if answer.is_ok:
            self.card.doing = Doing.IDLE
            await self._ping(self.plan.base)
        return answer.is_ok

    async def go_offline(self) -> None:
        await self.account.post("/technicians/me/offline")
        self.card.doing = Doing.AWAY

    async def work_until(self, over: asyncio.Event) -> None:
        await asyncio.sleep(self.dice.uniform(0, LOOKS_EVERY_S))
        while not over.is_set():
            offer = await self._look()
            if offer is None:
                await self._idle()
            elif await self._take(offer):
                await self._do(offer["job_id"])
            self.card.doing = Doing.IDLE

    async def _idle(self) -> None:
        if self.board.elapsed_s - self._pinged_at_s > PING_EVERY_S:
            await self._ping(self.card.place)
        await self.mailbox.ring(self.account.email, within_s=LOOKS_EVERY_S * self.dice.uniform(0.8, 1.2))

    async def _ping(self, place: Point) -> None:
        self.card.place = place
        self._pinged_at_s = self.board.elapsed_s
        await self.account.call("PUT", "/technicians/me/location", json={**as_json(place), "accuracy_m": 10})

    # Offers

    async def _look(self) -> dict[str, Any] | None:
        answer = await self.account.get(f"/offers?status={OfferStatus.PENDING}")
        offers = answer.body["results"] if answer.is_ok else []
        return offers[0] if offers else None

    async def _take(self, offer: dict[str, Any]) -> bool:
        """Look at an offer and answer it or not; tell whether the job is ours."""
        self.card.doing = Doing.DECIDING
        self.board.offers[Outcome.OPEN] += 1
        seen = self.account.post(f"/offers/{offer['id']}/seen", expect=(CONFLICT,))  # by the app, while he thinks
        outcome, _ = await asyncio.gather(self._decide(offer), seen)
        self.board.offers[Outcome.OPEN] -= 1
        self.board.offers[outcome] += 1
        return outcome == Outcome.ACCEPTED

    async def _decide(self, offer: dict[str, Any]) -> Outcome:
        if self.dice.random() < self.plan.temper.lets_lapse:
            return await self._let_lapse(offer)
        await asyncio.sleep(self.dice.uniform(*self.plan.temper.thinks_s))
        if self.plan.temper.would_accept(offer["distance_m"], self.dice):
            return await self._accept(offer)
        return await self._refuse(offer)

    async def _let_lapse(self, offer: dict[str, Any]) -> Outcome:
        expires_at, server_now = (datetime.fromisoformat(offer[name]) for name in ("expires_at", "server_now"))
        self.board.happened(f"{self.plan.name} does not hear the phone")
        await asyncio.sleep(max(0.0, (expires_at - server_now).total_seconds()))
        return Outcome.LAPSED

    async def _accept(self, offer: dict[str, Any]) -> Outcome:
        answer = await self.account.post(f"/offers/{offer['id']}/accept", expect=(CONFLICT,))
        if not answer.is_ok:
            return Outcome.LATE
        self.board.saw_acceptance(answer.body)
        way = f"{offer['distance_m'] / 1000:.1f} km away"
        self.board.happened(f"{self.plan.name} takes it, {way}: {offer['service']['name']}", Tone.GOOD)
        return Outcome.ACCEPTED

    async def _refuse(self, offer: dict[str, Any]) -> Outcome:
        is_far = offer["distance_m"] > FAR_M
        reason = RejectReason.TOO_FAR if is_far else self.dice.choice(OTHER_REASONS)
        body = {"reason": reason.value}
        answer = await self.account.post(f"/offers/{offer['id']}/reject", body, expect=(CONFLICT,))
        if not answer.is_ok:
            return Outcome.LATE
        self.board.happened(f"{self.plan.name} refuses ({reason.label.lower()})")
        return Outcome.REFUSED

    # The work

    async def _do(self, job_id: str) -> None:
        """Do an accepted job, as far as its customer and the day let us."""
        if self.dice.random() < CANNOT_COME:
            await self._give_back(job_id)
            return
        job = await self._job(job_id)
        if job is None:
            return
        await self._wait_for(job)
        await self._travel(Point(job["latitude"], job["longitude"]))
        if await self._start(job):
            await self._work(job)

    async def _job(self, job_id: str) -> dict[str, Any] | None:
        answer = await self.account.get(f"/jobs/{job_id}", expect=(NOT_FOUND,))
        is_ours = answer.is_ok and answer.body["status"] == JobStatus.ASSIGNED
        return answer.body if is_ours else None

    async def _give_back(self, job_id: str) -> None:
        await asyncio.sleep(self.dice.uniform(*self.plan.temper.thinks_s))
        body = {"reason": CancelReason.CANNOT_COME.value}
        answer = await self.account.post(f"/jobs/{job_id}/cancel", body, expect=(CONFLICT, NOT_FOUND))
        if answer.is_ok:
            self.board.happened(f"{self.plan.name} cannot come after all; somebody else is looked for", Tone.BAD)

    async def _wait_for(self, job: dict[str, Any]) -> None:
        """A visit for later begins at its hour; the way is begun a little before."""
        if job["scheduled_for"]:
            at = datetime.fromisoformat(job["scheduled_for"])
            left_s = (at - datetime.now(at.tzinfo)).total_seconds() - STEPS[0] * STEP_S
            await asyncio.sleep(max(0.0, left_s))

    async def _travel(self, to: Point) -> None:
        self.card.doing = Doing.TRAVELLING
        start, steps = self.card.place, self.dice.randint(*STEPS)
        for step in range(1, steps + 1):
            await asyncio.sleep(STEP_S)
            await self._ping(between(start, to, step / steps))

    async def _start(self, job: dict[str, Any]) -> bool:
        card = self.board.jobs.get(job["id"])
        code = await card.host.tell_code(job["id"]) if card else None
        if code is None:  # called off while we were on the way, or nobody of this run lives here
            await self._leave(job["id"])
            return False
        if self.dice.random() < MISHEARS:
            await self._try_code(job["id"], f"{(int(code) + 1) % CODE_SPACE:04d}")
        answer = await self._try_code(job["id"], code)
        for _ in range(WAITS_FOR_MONEY):
            if answer.code != PaymentRequired.code:
                break
            await asyncio.sleep(MONEY_PAUSE_S)
            answer = await self._try_code(job["id"], code)
        if answer.is_ok:
            self.board.saw_job(answer.body)
        elif answer.code == PaymentRequired.code:
            await self._leave(job["id"])
        return answer.is_ok

    async def _try_code(self, job_id: str, code: str) -> Answer:
        body = {"start_code": code, **as_json(self.card.place)}
        return await self.account.post(f"/jobs/{job_id}/start", body, expect=(CONFLICT, NOT_FOUND))

    async def _leave(self, job_id: str) -> None:
        if await self._job(job_id):
            await self._give_back(job_id)

    async def _work(self, job: dict[str, Any]) -> None:
        self.card.doing = Doing.WORKING
        price = await self._propose(job) if self.dice.random() < FINDS_MORE else job["price"]
        await asyncio.sleep(self.dice.uniform(*WORK_S))
        answer = await self.account.post(f"/jobs/{job['id']}/complete", self._report(price))
        if answer.is_ok:
            self.board.saw_completion(answer.body, self.plan.temper.quality)
            self.board.bill(answer.body["price"])
            paid = f"{answer.body['price']['amount']} {answer.body['price']['currency']}"
            self.board.happened(f"{self.plan.name} is done: {job['service']['name']}, {paid}", Tone.DONE)

    def _report(self, price: dict[str, str]) -> dict[str, Any]:
        report: dict[str, Any] = {"work_summary": self.dice.choice(SUMMARIES)}
        if self.dice.random() < BILLS_LESS:
            report["final_amount"] = self._share(price, LEAST_SHARE, 99)
        return report

    # More to do than was ordered

    async def _propose(self, job: dict[str, Any]) -> dict[str, str]:
        """Propose extra work to the customer, who stands beside us; return what is agreed after his answer."""
        answer = await self.account.post(f"/jobs/{job['id']}/quotes", self._extra(job["price"]))
        if not answer.is_ok:
            return dict(job["price"])
        quote = answer.body
        more = f"{quote['amount']['amount']} {quote['amount']['currency']} more"
        self.board.happened(f"{self.plan.name} proposes {more}: {job['service']['name']}")
        await self.board.jobs[job["id"]].host.answer_extra(job["id"])
        return await self._agreed(job, quote)

    def _extra(self, price: dict[str, str]) -> dict[str, Any]:
        """Make up a part that is needed as well, and most times the hours to fit it."""
        note, part = self.dice.choice(FINDINGS)
        lines = [_line(LineKind.PARTS, part, "1", self._share(price, *PART_SHARE))]
        if self.dice.random() < MOSTLY:
            hours = self.dice.choice(FITTING_HOURS)
            lines.append(_line(LineKind.HOURS, "Fitting it", hours, self._share(price, *HOUR_SHARE)))
        return {"note": note, "lines": lines}

    async def _agreed(self, job: dict[str, Any], quote: dict[str, Any]) -> dict[str, str]:
        answer = await self.account.get(f"/jobs/{job['id']}/price")
        page = answer.body if answer.is_ok else {"quotes": [], "approved": job["price"]}
        became = {one["number"]: one["status"] for one in page["quotes"]}
        self.board.quotes[became.get(quote["number"], QuoteStatus.PROPOSED)] += 1
        return dict(page["approved"])

    def _share(self, price: dict[str, str], least: int, most: int) -> dict[str, str]:
        whole = Money.parse(price["amount"], price["currency"])
        part = Money(max(1, whole.minor * self.dice.randint(least, most) // 100), whole.currency)
        return {"amount": part.amount, "currency": part.currency}


def _line(kind: LineKind, description: str, quantity: str, unit: dict[str, str]) -> dict[str, Any]:
    return {"kind": kind.value, "description": description, "quantity": quantity, "unit_amount": unit}
