"""Stripe's place in the demo: localstripe, a program of its own that is run beside FixMate and never imported."""

import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from fixmate.ops.demo.options import DemoError
from fixmate.ops.demo.processes import Background

HOST = "127.0.0.1"
SECRET_KEY, PUBLISHABLE_KEY = "sk_test_demo", "pk_test_demo"
WEBHOOK_SECRET = "whsec_demo"  # noqa: S105 - of a server that holds made-up cards
WEBHOOK_PATH = "/api/v1/payments/webhooks/stripe"
PROGRAM = Path(sys.prefix) / "localstripe" / "bin" / "python"
READY_WITHIN_S, ASKS_EVERY_S = 20.0, 0.1
# localstripe listens on every interface and has no option for one: run like this, it binds this machine alone.
# The address is IPv4's as IPv6 writes it, because its socket is of that kind.
RUN_HERE_ALONE = """
import runpy, socket
bind = socket.socket.bind
socket.socket.bind = lambda self, address: bind(self, ("::ffff:127.0.0.1", address[1]))
runpy.run_module("localstripe", run_name="__main__", alter_sys=True)
"""
GOOD_CARD, BAD_CARD = "4242424242424242", "4000000000000341"  # the second is declined when it is to pay


class Localstripe(Background):
    NAME = "localstripe"

    def __init__(self, port: int, log: Path) -> None:
        super().__init__([str(PROGRAM), "-c", RUN_HERE_ALONE, "--port", str(port), "--from-scratch"], {}, log)
        self.url = f"http://{HOST}:{port}"

    def wait_until_ready(self) -> None:
        """:raises DemoError: if it stops, or does not answer in time"""
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            self.check()
            try:
                httpx.get(f"{self.url}/v1/customers", auth=(SECRET_KEY, ""), trust_env=False)
            except httpx.TransportError:
                time.sleep(ASKS_EVERY_S)
            else:
                return
        raise DemoError(f"localstripe was not ready within {READY_WITHIN_S:.0f} s; see {self.log_path}")

    def tell(self, base_url: str) -> None:
        """Have it send what happens to the server."""
        hook = {"url": f"{base_url}{WEBHOOK_PATH}", "secret": WEBHOOK_SECRET}
        httpx.post(f"{self.url}/_config/webhooks/demo", json=hook, trust_env=False).raise_for_status()


def localstripe_made(log: Path) -> Localstripe:
    """Return a server that is not started yet, on a port that is free.

    :raises DemoError: if it is not installed
    """
    if not PROGRAM.exists():
        raise DemoError('localstripe is not installed: make demo ARGS="--payments stripe" does it')
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    return Localstripe(port, log)


def bank_environment(url: str) -> dict[str, str]:
    """Return what has the server, its worker and every check ask this one."""
    return {
        "STRIPE_API_URL": url,
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "NO_PROXY": HOST,
        "no_proxy": HOST,
    }


@dataclass(frozen=True, slots=True)
class CardDesk:
    """Where a customer's app has his card kept: with the provider, so that FixMate never sees its number."""

    url: str

    async def card(self, number: str) -> str:
        """Return the provider's id of a card.

        :raises DemoError: if it is not taken
        """
        card = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        form = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        async with httpx.AsyncClient(base_url=self.url, auth=(SECRET_KEY, ""), trust_env=False) as http:
            answer = await http.post("/v1/payment_methods", data=form)
        if not answer.is_success:
            raise DemoError(f"localstripe does not take the card: {answer.text[:200]}")
        return str(answer.json()["id"])
