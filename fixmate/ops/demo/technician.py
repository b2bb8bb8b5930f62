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
from fixmate.ops.demo.people import SUMMARIES
from fixmate.ops.demo.places import as_json, between
from fixmate.ops.demo.supply import TechnicianPlan
from jobs.enums import CancelReason, JobStatus
from matching.enums import OfferStatus, RejectReason

LOOKS_EVERY_S = 2.0  # or when there is mail
FAR_M = 6_000
STEPS = (1, 3)  # on the way, each with a ping
STEP_S = 0.7
WORK_S = (2.0, 6.0)
CANNOT_COME, MISHEARS = 0.02, 0.02
BILLS_LESS, LEAST_SHARE = 0.25, 80  # in percent of the price
OTHER_REASONS = (RejectReason.BUSY, RejectReason.PRICE, RejectReason.NO_PARTS, RejectReason.OTHER)
CODE_SPACE = 10_000


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
        if answer.is_ok:
            self.board.saw_job(answer.body)
        return answer.is_ok

    async def _try_code(self, job_id: str, code: str) -> Answer:
        body = {"start_code": code, **as_json(self.card.place)}
        return await self.account.post(f"/jobs/{job_id}/start", body, expect=(CONFLICT, NOT_FOUND))

    async def _leave(self, job_id: str) -> None:
        if await self._job(job_id):
            await self._give_back(job_id)

    async def _work(self, job: dict[str, Any]) -> None:
        self.card.doing = Doing.WORKING
        await asyncio.sleep(self.dice.uniform(*WORK_S))
        answer = await self.account.post(f"/jobs/{job['id']}/complete", self._report(job["price"]))
        if answer.is_ok:
            self.board.saw_completion(answer.body, self.plan.temper.quality)
            self.board.bill(answer.body["price"])
            paid = f"{answer.body['price']['amount']} {answer.body['price']['currency']}"
            self.board.happened(f"{self.plan.name} is done: {job['service']['name']}, {paid}", Tone.DONE)

    def _report(self, price: dict[str, str]) -> dict[str, Any]:
        report: dict[str, Any] = {"work_summary": self.dice.choice(SUMMARIES)}
        if self.dice.random() < BILLS_LESS:
            quoted = Money.parse(price["amount"], price["currency"])
            less = Money(quoted.minor * self.dice.randint(LEAST_SHARE, 99) // 100, quoted.currency)
            report["final_amount"] = {"amount": less.amount, "currency": less.currency}
        return report
