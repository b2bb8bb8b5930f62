"""How the demo's customers pay by card: the real localstripe, and what each does when the card is declined."""

import asyncio
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from fixmate.ops.demo import bank
from fixmate.ops.demo.bank import GOOD_CARD, CardDesk, Localstripe, bank_environment, localstripe_made
from fixmate.ops.demo.board import Board, JobCard
from fixmate.ops.demo.client import Account, Api, Surprises
from fixmate.ops.demo.customer import Customer, Mood
from fixmate.ops.demo.options import DemoError
from fixmate.ops.demo.people import Name

JOB_ID, PAYMENT_ID = "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11", "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b12"


@pytest.fixture
def localstripe(tmp_path) -> Iterator[Localstripe]:
    if not bank.PROGRAM.exists():
        pytest.skip("localstripe is not installed; `make test` does")
    made = localstripe_made(tmp_path / "localstripe.log")
    made.start()
    try:
        made.wait_until_ready()
        yield made
    finally:
        made.stop()


def test_localstripe_keeps_cards_and_tells_the_server(localstripe):
    ref = asyncio.run(CardDesk(localstripe.url).card(GOOD_CARD))
    localstripe.tell("http://127.0.0.1:1")

    kept = httpx.get(f"{localstripe.url}/v1/payment_methods/{ref}", auth=("sk_test_demo", ""), trust_env=False)
    assert kept.json()["card"]["last4"] == "4242"
    with pytest.raises(DemoError, match="does not take the card"):
        asyncio.run(CardDesk(localstripe.url).card("1"))


@pytest.mark.parametrize("other", ["127.0.0.2", "::1"])
def test_localstripe_listens_where_the_demo_does_alone(localstripe, other):
    port = urlsplit(localstripe.url).port

    with socket.socket(socket.AF_INET6 if ":" in other else socket.AF_INET) as line:
        line.settimeout(5)
        assert line.connect_ex((other, port)) != 0


def test_localstripe_that_is_not_there_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(bank, "PROGRAM", tmp_path / "nothing")

    with pytest.raises(DemoError, match="not installed"):
        localstripe_made(tmp_path / "localstripe.log")


def test_localstripe_that_stops_by_itself_is_noticed(tmp_path, monkeypatch):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no such module; exit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(bank, "PROGRAM", program)
    made = localstripe_made(tmp_path / "localstripe.log")
    made.start()

    with pytest.raises(DemoError, match=r"localstripe stopped with exit code 3; .*no such module"):
        made.wait_until_ready()
    made.stop()


def test_environment_never_leads_to_stripe_itself():
    environment = bank_environment("http://127.0.0.1:8420")

    assert environment["STRIPE_API_URL"] == "http://127.0.0.1:8420"
    assert environment["STRIPE_SECRET_KEY"].startswith("sk_test_")


# Customers


class Desk:
    """Keep which cards were shown."""

    def __init__(self):
        self.numbers = []

    async def card(self, number):
        self.numbers.append(number)
        return f"pm_{len(self.numbers)}"


class FixMate:
    """Answer as FixMate does for one payment that stands so."""

    def __init__(self, status, hold):
        self.payment = {"id": PAYMENT_ID, "job_id": JOB_ID, "status": status, "hold": hold}
        self.cards = []

    def __call__(self, request):
        if request.method == "POST":
            self.cards.append(request.read().decode())
            return httpx.Response(202, json=self.payment)
        if request.url.path.endswith(PAYMENT_ID):
            return httpx.Response(200, json=self.payment)
        rows = [self.payment] if self.payment["status"] in request.url.params.get_list("status") else []
        return httpx.Response(200, json={"results": rows, "next": None})


def looks(fixmate, *, card_fails=False, cards_given=0, status="ASSIGNED"):
    """Have a customer look once; return the cards he showed."""
    board, desk = Board(planned=1), Desk()
    card = JobCard(JOB_ID, 1, "a tap", None, status, None, None, cards_given=cards_given)
    mood = Mood(False, None, False, None, reviews=False, declines_extra=None, card_fails=card_fails)

    async def play():
        async with Api("http://demo", Surprises(), transport=httpx.MockTransport(fixmate)) as api:
            customer = Customer(Account(api, "ada@demo.example", "x"), Name("Ada", "Byron"), board, None, desk)
            await customer._pay(card, mood)

    asyncio.run(play())
    return desk.numbers


@pytest.mark.parametrize(
    ("status", "hold", "cards_given", "shows"),
    [
        ("PENDING", None, 0, [GOOD_CARD]),
        ("PENDING", None, 1, []),  # it is under way
        ("PENDING", {"status": "ASKED"}, 0, []),  # with the card he gave for an earlier job
        ("FAILED", {"status": "FAILED"}, 1, [GOOD_CARD]),
        ("AUTHORIZED", {"status": "HELD"}, 1, []),
        ("CAPTURED", {"status": "CAPTURED"}, 1, []),
    ],
)
def test_customer_gives_a_card_when_one_is_wanted(status, hold, cards_given, shows):
    assert looks(FixMate(status, hold), cards_given=cards_given) == shows


def test_customer_whose_first_card_is_bad_gives_a_good_one_then():
    fixmate = FixMate("PENDING", None)

    assert looks(fixmate, card_fails=True) == [bank.BAD_CARD]
    assert '"pm_1"' in fixmate.cards[0]
    assert looks(FixMate("FAILED", {"status": "FAILED"}), card_fails=True, cards_given=1) == [GOOD_CARD]


def test_customer_pays_nothing_before_there_is_somebody_to_pay():
    assert looks(FixMate("PENDING", None), status="MATCHING") == []
