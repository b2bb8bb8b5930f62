"""Extra work in the demo: proposed on site, approved with the code or declined."""

import asyncio
import json
from random import Random

import httpx
import pytest

from fixmate.core.geo import Point
from fixmate.ops.demo import customer as demo_customer
from fixmate.ops.demo import technician as demo_technician
from fixmate.ops.demo.board import Board, JobCard, TechnicianCard
from fixmate.ops.demo.client import Account, Api, Surprises
from fixmate.ops.demo.customer import Customer, Mood
from fixmate.ops.demo.mailbox import Mailbox
from fixmate.ops.demo.people import Name
from fixmate.ops.demo.supply import TEMPERS, TechnicianPlan
from fixmate.ops.demo.technician import Technician
from jobs.enums import DeclineReason, JobStatus

HERE, USD = Point(40.0, -75.0), {"currency": "USD"}
JOB = {"id": "j1", "price": {"amount": "100.00", **USD}, "service": {"name": "Heating repair visit"}}


class Server:
    """One job with one proposal, as the API answers of it."""

    def __init__(self, refuses=()):
        self.status, self.refuses, self.asked = None, refuses, []

    def __call__(self, request):
        path = request.url.path.removeprefix("/api/v1/jobs/j1")
        self.asked.append((request.method, path, json.loads(request.content or b"null")))
        if path in self.refuses:
            return httpx.Response(409, json={"error": {"code": "ILLEGAL_TRANSITION"}})
        if request.method == "POST":
            self.status = {"/quotes": "PROPOSED", "/quotes/1/approve": "APPROVED", "/quotes/1/decline": "DECLINED"}[
                path
            ]
            return httpx.Response(200, json=self._quote())
        approved = "120.00" if self.status == "APPROVED" else "100.00"
        quotes = [self._quote()] if self.status else []
        return httpx.Response(200, json={"approved": {"amount": approved, **USD}, "quotes": quotes})

    def _quote(self):
        return {"number": 1, "status": self.status, "amount": {"amount": "20.00", **USD}, "code": "123456"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(demo_customer, "READS_EXTRA_S", 0.0)


def propose(server, tmp_path, declines=None):
    board, surprises = Board(planned=1), Surprises()

    async def play():
        async with Api("http://demo", surprises, transport=httpx.MockTransport(server)) as api:
            account, box, name = (
                Account(api, "a@demo.example", "secret", token="t"),
                Mailbox(tmp_path),
                Name("Ada", "B"),
            )
            host = Customer(account, name, board, box)
            facts = {"number": 1, "what": "Heating repair visit", "place": HERE, "created_at": None, "host": host}
            board.jobs["j1"] = JobCard(job_id="j1", status=JobStatus.IN_PROGRESS, declines_extra=declines, **facts)
            plan = TechnicianPlan(name, HERE, 20, ("heating",), TEMPERS[0])
            one = Technician(account, plan, TechnicianCard("Ada", HERE), board, box, Random(1))
            return await one._propose(JOB)

    return asyncio.run(play()), board, surprises


def test_the_customer_approves_with_the_code_and_the_price_is_the_new_one(tmp_path):
    server = Server()

    price, board, surprises = propose(server, tmp_path)

    assert price == {"amount": "120.00", "currency": "USD"}
    assert board.quotes == {"APPROVED": 1}
    assert ("POST", "/quotes/1/approve", {"code": "123456"}) in server.asked
    assert [event.text.split(": ")[0] for event in board.events] == [
        "Ada B. proposes 20.00 USD more",
        "Ada B. approves 20.00 USD more",
    ]
    assert surprises.lines() == []


def test_the_customer_declines_and_the_price_stays(tmp_path):
    server = Server()

    price, board, _ = propose(server, tmp_path, declines=DeclineReason.LATER)

    assert (price["amount"], board.quotes) == ("100.00", {"DECLINED": 1})
    assert ("POST", "/quotes/1/decline", {"reason": "LATER"}) in server.asked


def test_what_is_refused_leaves_the_price_and_is_a_surprise(tmp_path):
    price, board, surprises = propose(Server(refuses=["/quotes"]), tmp_path)

    assert (price["amount"], board.quotes) == ("100.00", {})
    assert surprises.counts.total() == 1


def test_what_the_server_says_no_more_of_counts_as_unanswered(tmp_path):
    price, board, _ = propose(Server(refuses=["/price"]), tmp_path)

    assert (price["amount"], board.quotes) == ("100.00", {"PROPOSED": 1})


def test_what_is_proposed_is_worth_something():
    one = Technician(*[None] * 5, Random(3))

    extras = [one._extra({"amount": "0.05", "currency": "USD"}) for _ in range(50)]

    assert {len(extra["lines"]) for extra in extras} == {1, 2}
    assert {line["unit_amount"]["amount"] for extra in extras for line in extra["lines"]} == {"0.01"}


def test_some_customers_decline():
    moods = [Mood.drawn(Random(seed)) for seed in range(200)]

    assert {mood.declines_extra for mood in moods} == {None, *DeclineReason}
    assert demo_technician.FINDS_MORE > 0
