"""After the last job: what the API itself says of the run, read by those whom it concerns."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any

from django.conf import settings

from fixmate.core.money import Money
from fixmate.ops.demo.board import Board
from fixmate.ops.demo.client import Account
from fixmate.ops.demo.summary import OfferFigures
from jobs.enums import JobStatus
from matching.enums import OfferStatus
from payments.enums import OPEN, PaymentStatus

AT_ONCE = 6
PAID_WITHIN_S, LOOKS_EVERY_S = 15.0, 1.0
ANSWERED = (OfferStatus.ACCEPTED, OfferStatus.REJECTED, OfferStatus.RELEASED)
TAKEN = (OfferStatus.ACCEPTED, OfferStatus.RELEASED)


async def jobs_settled(staff: Account, board: Board) -> None:
    """Have staff read every job of the run once more: their states are the ones that count."""

    async def read(job_id: str) -> None:
        answer = await staff.get(f"/jobs/{job_id}")
        if answer.is_ok:
            board.saw_job(answer.body)

    await _few_at_once(read(job_id) for job_id in board.jobs)


async def offers_settled(technicians: list[Account]) -> OfferFigures:
    """Have every technician read all his offers."""
    counts: Counter[str] = Counter()

    async def read(account: Account) -> None:
        async for offer in account.listed("/offers"):
            counts["made"] += 1
            counts["delivered"] += offer["status"] in ANSWERED or offer["seen_at"] is not None
            counts["accepted"] += offer["status"] in TAKEN

    await _few_at_once(read(account) for account in technicians)
    return OfferFigures(made=counts["made"], delivered=counts["delivered"], accepted=counts["accepted"])


async def money_settled(customers: list[Account], board: Board) -> tuple[Money, Money]:
    """Have every customer read his payments; return what was captured and the platform's part.

    Money is captured in the background: wait a little for the last jobs.
    """
    completed = sum(card.status == JobStatus.COMPLETED for card in board.jobs.values())
    until = board.elapsed_s + PAID_WITHIN_S
    while True:
        payments = await _payments(customers)
        captured = [payment for payment in payments if payment["status"] == PaymentStatus.CAPTURED]
        is_settled = len(captured) >= completed and not any(payment["status"] in OPEN for payment in payments)
        if is_settled or board.elapsed_s > until:
            return _total(captured, "amount"), _total(captured, "platform_fee")
        await asyncio.sleep(LOOKS_EVERY_S)


async def _payments(customers: list[Account]) -> list[dict[str, Any]]:
    payments: list[dict[str, Any]] = []

    async def read(account: Account) -> None:
        payments.extend([payment async for payment in account.listed("/payments")])

    await _few_at_once(read(account) for account in customers)
    return payments


def _total(payments: list[dict[str, Any]], part: str) -> Money:
    parts = [Money.parse(payment[part]["amount"], payment[part]["currency"]) for payment in payments]
    return Money(sum(money.minor for money in parts), settings.CURRENCY)


async def _few_at_once(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(task: Coroutine[Any, Any, None]) -> None:
        async with places:
            await task

    async with asyncio.TaskGroup() as group:
        for task in work:
            group.create_task(one(task))
