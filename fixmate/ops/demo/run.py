"""One run: people join, the day's requests come in, everybody does his part, the books are read."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accounts.enums import Role
from fixmate.ops.demo.bank import CardDesk
from fixmate.ops.demo.board import Board, Doing, TechnicianCard
from fixmate.ops.demo.client import Account, Api, Surprises
from fixmate.ops.demo.customer import Customer
from fixmate.ops.demo.demand import Need
from fixmate.ops.demo.joining import DOMAIN, Door, JoinFailed, apply, approve
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.options import SEARCH_BUDGET_S, STUCK_AFTER_S, DemoError, chance, customers_for
from fixmate.ops.demo.people import name_of
from fixmate.ops.demo.processes import Checked
from fixmate.ops.demo.settle import jobs_settled, money_settled, offers_settled
from fixmate.ops.demo.summary import Figures
from fixmate.ops.demo.supply import TechnicianPlan
from fixmate.ops.demo.technician import Technician
from jobs.enums import BOOKED, WAITING, CancelReason, JobStatus, QuoteStatus

LOOKS_EVERY_S = 0.1
HOME_WITHIN_S, HURRIED_HOME_WITHIN_S, REVIEWS_WITHIN_S = 20.0, 4.0, 15.0
# What an answer of another shape than the contract's raises; it is reported, and the others go on.
MISUNDERSTOOD = (KeyError, TypeError, ValueError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Everything about a run that is known before it starts."""

    base_url: str
    mail_folder: Path
    run: str
    seed: int
    staff_email: str
    staff_password: str
    password: str
    cards: CardDesk | None
    needs: list[Need]
    arrivals_s: list[float]
    technicians: list[TechnicianPlan]


@dataclass(slots=True)
class Run:
    plot: Plot
    board: Board
    surprises: Surprises = field(default_factory=Surprises)
    customers: list[Customer] = field(default_factory=list)
    technicians: list[Technician] = field(default_factory=list)
    _mailbox: Mailbox = field(init=False)
    _service_ids: dict[str, str] = field(default_factory=dict)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def play(self) -> Figures:
        """Play the whole run and return its figures, the invariants aside.

        :raises DemoError: if nobody can log in, join or order at all
        """
        async with Api(self.plot.base_url, self.surprises) as api:
            try:
                staff = await self._staff(api)
                await self._people(api, staff)
                await self._day()
                return await self._figures(staff)
            finally:
                await self._everybody_home(within_s=HURRIED_HOME_WITHIN_S)

    # Before the day

    async def _staff(self, api: Api) -> Account:
        self.board.stage = "Staff look after what an earlier run left open"
        staff = Account(api, self.plot.staff_email, self.plot.staff_password)
        if not await staff.log_in():
            hint = "set FIXMATE_STAFF_PASSWORD to its password"
            raise DemoError(f"{staff.email} cannot log in; if it was made by hand, {hint}")
        await self._tidy(staff)
        self._service_ids = {row["slug"]: row["id"] async for row in staff.listed("/services")}
        missing = {need.trade for need in self.plot.needs if f"{need.trade}-visit" not in self._service_ids}
        if missing:
            raise DemoError(f"the catalogue has no service for {', '.join(sorted(missing))}")
        return staff

    async def _tidy(self, staff: Account) -> None:
        """Close what a run that was cut off left open, or its jobs would be offered to this run's technicians."""
        statuses = "&".join(f"status={status}" for status in (*WAITING, *BOOKED))
        jobs = [job async for job in staff.listed(f"/jobs?{statuses}")]
        for job in jobs:
            if (job["customer"]["email"] or "").endswith(f"@{DOMAIN}"):
                body = {"reason": CancelReason.OTHER.value, "note": "Left open by an earlier run of the demo."}
                await staff.post(f"/jobs/{job['id']}/cancel", body)

    async def _people(self, api: Api, staff: Account) -> None:
        self.board.stage = "People register, read the code in their mail and log in; staff approve the technicians"
        self._mailbox = Mailbox(self.plot.mail_folder)
        self._begin("the post", self._mailbox.deliver())
        door = Door(api, self._mailbox, self.plot.run, self.plot.password)
        async with asyncio.TaskGroup() as group:
            for number in range(customers_for(len(self.plot.needs))):
                group.create_task(self._guarded("a customer joining", self._customer(door, number)))
            for number, plan in enumerate(self.plot.technicians):
                group.create_task(self._guarded("a technician joining", self._technician(door, staff, number, plan)))
        if not self.customers or not self.technicians:
            raise DemoError("; ".join(self.surprises.lines()[:3]) or "nobody could join")

    async def _customer(self, door: Door, number: int) -> None:
        name = name_of(number, chance(self.plot.seed, "customer", number))
        account = await door.join(Role.CUSTOMER, number, name)
        self.customers.append(Customer(account, name, self.board, self._mailbox, self.plot.cards))

    async def _technician(self, door: Door, staff: Account, number: int, plan: TechnicianPlan) -> None:
        account = await door.join(Role.TECHNICIAN, number, plan.name)
        service_ids = [self._service_ids[f"{trade}-visit"] for trade in plan.trades]
        await approve(staff, *await apply(account, plan, service_ids))
        card = TechnicianCard(str(plan.name), plan.base)
        dice = chance(self.plot.seed, "technician", number)
        technician = Technician(account, plan, card, self.board, self._mailbox, dice)
        if await technician.go_online():
            self.board.technicians.append(card)
            self.technicians.append(technician)

    # The day

    async def _day(self) -> None:
        self.board.stage = "Requests come in"
        self.board.start_clock()
        for technician in self.technicians:
            self._begin("a technician", technician.work_until(self._over))
        requests = await self._ask_all()
        self.board.stage = "All is asked; the last jobs find their end"
        until = self.plot.arrivals_s[-1] + SEARCH_BUDGET_S + STUCK_AFTER_S
        while not self.board.is_finished and self.board.elapsed_s < until:
            await asyncio.sleep(LOOKS_EVERY_S)
        self.board.stage = "The day is over; the books are read"
        await asyncio.wait(requests, timeout=REVIEWS_WITHIN_S if self.board.is_finished else LOOKS_EVERY_S)
        await self._everybody_home(within_s=HOME_WITHIN_S)

    async def _ask_all(self) -> list[asyncio.Task[None]]:
        requests = []
        for number, (need, at_s) in enumerate(zip(self.plot.needs, self.plot.arrivals_s, strict=True)):
            await asyncio.sleep(max(0.0, at_s - self.board.elapsed_s))
            customer = self.customers[number % len(self.customers)]
            service_id = self._service_ids[f"{need.trade}-visit"]
            dice = chance(self.plot.seed, "job", number)
            requests.append(self._begin("a customer", customer.have_fixed(need, number + 1, service_id, dice)))
        return requests

    def _begin(self, who: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(who, work))
        self._tasks.add(task)
        return task

    async def _guarded(self, who: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except JoinFailed as exc:
            self.surprises.note(f"{who} failed", str(exc))
        except MISUNDERSTOOD as exc:
            self.surprises.note(f"{who} met an answer that is not understood", repr(exc))

    # After the day

    async def _everybody_home(self, *, within_s: float) -> None:
        """Stop all that is going on, and take the technicians offline so that nobody is offered work in their name."""
        self._over.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        working = [technician for technician in self.technicians if technician.card.doing != Doing.AWAY]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(technician.go_offline() for technician in working))

    async def _figures(self, staff: Account) -> Figures:
        await jobs_settled(staff, self.board)
        offers = await offers_settled([technician.account for technician in self.technicians])
        captured, fee = await money_settled([customer.account for customer in self.customers], self.board)
        by_status, jobs = self.board.by_status(), list(self.board.jobs.values())
        return Figures(
            planned=len(self.plot.needs),
            requested=len(jobs),
            assigned=sum(card.assigned_at is not None for card in jobs),
            completed=by_status[JobStatus.COMPLETED],
            unmatched=by_status[JobStatus.UNMATCHED],
            cancelled=by_status[JobStatus.CANCELLED],
            waits_s=tuple(self.board.waits_s()),
            offers=offers,
            captured=captured,
            platform_fee=fee,
            quotes_proposed=self.board.quotes.total(),
            quotes_approved=self.board.quotes[QuoteStatus.APPROVED],
            ratings=tuple(self.board.reviews),
            checked=Checked(0, 0),
            surprises=tuple(self.surprises.lines()),
            server_errors=self.surprises.server_errors,
        )
