"""Stripe's servers for tests: ours and localstripe, each a process of its own on a port of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from django.conf import settings

from fixmate.tests.live import free_port

LOCALSTRIPE = Path(sys.prefix) / "localstripe" / "bin" / "python"
KEY = "sk_test_stand_in"
SECRET = "whsec_stand_in"
READY_WITHIN_S = 20.0


class Served:
    """A running server; `made` calls its API as an app would, `control` opens the door of the stand-in."""

    def __init__(self, url):
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10, auth=(KEY, ""))

    def made(self, path, **params):
        answer = self.http.post(f"/v1/{path}", data=params)
        answer.raise_for_status()
        return answer.json()

    def card(self, number="4242424242424242"):
        """Return the ref of a card, as the customer's app gives it to us."""
        card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        return self.made("payment_methods", type="card", **card)["id"]

    def control(self, act, **wanted):
        answer = self.http.post(f"/_control/{act}", json=wanted)
        answer.raise_for_status()
        return answer.json()

    def objects(self, kind):
        return self.control("state")["objects"].get(kind, [])


@contextmanager
def stand_in(*, webhook: str = "", secret: str = SECRET) -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "fixmate.tests.stripe_server", "--port", str(port), "--secret", secret]
    with _running([*command, "--webhook", webhook] if webhook else command, port) as served:
        yield served


@contextmanager
def localstripe() -> Iterator[Served]:
    port = free_port()
    with _running([str(LOCALSTRIPE), "-m", "localstripe", "--port", str(port), "--from-scratch"], port) as served:
        yield served


@contextmanager
def _running(command, port) -> Iterator[Served]:
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    served = Served(f"http://127.0.0.1:{port}")
    try:
        _wait(served, process)
        yield served
    finally:
        served.http.close()
        process.terminate()
        process.wait(10)


def _wait(served, process):
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            served.http.get("/v1/customers?limit=1")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start: exit code {process.poll()}")
