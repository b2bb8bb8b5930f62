"""C12: apps on a bad network. Requests come twice or late, answers get lost, and the app is closed in the middle."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import Random
from threading import Event, Thread
from typing import Any
from uuid import UUID

import httpx
from django.db import connection

from fixmate.core import clock
from fixmate.core.idempotency import DEAD_AFTER
from fixmate.core.models import IdempotencyClaim
from fixmate.tests.chaos.aftermath import rows_doubled, seconds_to_drain
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.people import NO_ANSWER, PLACE, TIMEOUT_S, Party, party, token_of
from fixmate.tests.chaos.schedule import dice_for
from jobs.enums import JobStatus
from jobs.models import Job, JobEvent
from payments.models import Payment
from reviews.models import Review

TWICE, LOST, LATE, CLOSED = 0.10, 0.20, 0.10, 0.05
LATE_S = 2.0
PAUSE_S = 0.2
FLOWS_AT_ONCE = 48  # they wait most of the time: for a late request, a lost answer, a key that a dead process held
FLOW_WITHIN_S = 300.0  # a request that died with its process holds its key for 90, and an offer may end meanwhile
# One for all, because each would load the certificates of this machine anew; every request has a line of its own.
CLIENT = httpx.Client(
    timeout=TIMEOUT_S,
    headers={"Connection": "close"},
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
)


class AppClosed(Exception):
    """The app was closed: what it did not write down is forgotten."""


@dataclass(slots=True)
class Network:
    """What lies between an app and the servers."""

    urls: list[str]
    dice: Random
    seen: Counter[str] = field(default_factory=Counter)

    def send(self, method: str, path: str, token: str, body: dict[str, Any] | None, key: str) -> tuple[int, Any]:
        """Return status and body as the app gets them.

        :raises AppClosed: now and then, before the request or after it
        """
        ask = partial(self._ask, method, path, token, body, key)
        self._close_app()
        if self._strikes("late", LATE):
            time.sleep(LATE_S)
        if self._strikes("twice", TWICE):
            second = Thread(target=ask)
            second.start()
            answer = ask()
            second.join()
        else:
            answer = ask()
        self._close_app()
        return (NO_ANSWER, None) if self._strikes("lost", LOST) else answer

    def _ask(self, method: str, path: str, token: str, body: dict[str, Any] | None, key: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        if key:
            headers["Idempotency-Key"] = key
        url = f"{self.dice.choice(self.urls)}/api/v1/{path}"
        try:
            response = CLIENT.request(method, url, json=body, headers=headers)
        except httpx.TransportError:
            self.seen["no connection"] += 1
            return NO_ANSWER, None
        self.seen[f"{response.status_code}"] += 1
        self.seen["replayed"] += "Idempotent-Replayed" in response.headers
        return response.status_code, response.json() if response.content else None

    def _close_app(self) -> None:
        if self._strikes("closed", CLOSED):
            raise AppClosed

    def _strikes(self, what: str, share: float) -> bool:
        has_struck = self.dice.random() < share
        self.seen[what] += has_struck
        return has_struck


@dataclass(slots=True)
class Flow:
    """One job from the request to the review, and what its two apps have on disk: a key is written before its use."""

    name: str
    who: Party
    network: Network
    broken_off: Event
    tokens: tuple[str, str] = ("", "")
    job_id: str = ""
    is_over: bool = False

    def run(self) -> None:
        try:  # good for less than the run of all
            self.tokens = (token_of(self.who.customer), token_of(self.who.technician.user))
        finally:
            connection.close()
        until = time.monotonic() + FLOW_WITHIN_S
        while not self.is_over and not self.broken_off.is_set() and time.monotonic() < until:
            try:
                self._step()
            except AppClosed:
                continue  # opened again: it knows its keys, and looks where things stand
            time.sleep(PAUSE_S)

    def _step(self) -> None:
        if not self.job_id:
            self._order()
            return
        status, job = self._as_customer("GET", f"jobs/{self.job_id}")
        if status != httpx.codes.OK:
            return
        if job["status"] == JobStatus.MATCHING:
            self._accept()
        elif job["status"] == JobStatus.ASSIGNED:
            self._as_technician(f"jobs/{self.job_id}/start", {"start_code": job["start_code"], **PLACE}, "start")
        elif job["status"] == JobStatus.IN_PROGRESS:
            self._as_technician(f"jobs/{self.job_id}/complete", {"work_summary": "New washer."}, "complete")
        elif job["status"] == JobStatus.COMPLETED:
            self._review()

    def _order(self) -> None:
        """Order until it is answered: the key makes it one order, so nothing else has to be looked for."""
        body = {"service_id": str(self.who.service.pk), "description": "The tap drips.", "address": "12 Beacon Street"}
        status, job = self._as_customer("POST", "jobs", {**body, **PLACE}, "order")
        if status == httpx.codes.CREATED:
            self.job_id = job["id"]

    def _accept(self) -> None:
        status, page = self._technician("GET", f"offers?status=PENDING&job={self.job_id}", None, "")
        for offer in page["results"] if status == httpx.codes.OK else []:
            self._as_technician(f"offers/{offer['id']}/accept", {}, f"accept {offer['id']}")

    def _review(self) -> None:
        status, _ = self._as_customer("POST", f"jobs/{self.job_id}/review", {"rating": 5, "comment": "Dry."}, "review")
        self.is_over = status == httpx.codes.CREATED

    def _as_customer(self, method: str, path: str, body: Any = None, act: str = "") -> tuple[int, Any]:
        return self.network.send(method, path, self.tokens[0], body, self._key(act))

    def _as_technician(self, path: str, body: Any, act: str) -> tuple[int, Any]:
        return self._technician("POST", path, body, self._key(act))

    def _technician(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        return self.network.send(method, path, self.tokens[1], body, key)

    def _key(self, act: str) -> str:
        return f"{self.name}:{act}".replace(" ", ":") if act else ""


def flaky_mobile(run: Run) -> None:
    """Every flow ends, and nothing is doubled; a web process is killed under it, and the keys it held come free."""
    count = run.count(24, 1000)
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_background()
        fleet.add_web()
        fleet.add_web()
        broken_off = Event()
        flows = [_flow(run, fleet.web_urls, number, broken_off) for number in range(count)]
        _run_all(fleet, flows, broken_off)
        seconds_to_drain(run.report, within_s=60)
    _judge(run, flows)


def _run_all(fleet: Fleet, flows: list[Flow], broken_off: Event) -> None:
    killer = Thread(target=_kill_now_and_then, args=[fleet, flows, broken_off], daemon=True)
    killer.start()
    pool = ThreadPoolExecutor(FLOWS_AT_ONCE)
    futures = [pool.submit(flow.run) for flow in flows]
    try:
        for future in futures:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        broken_off.set()  # whoever is told to stop does not wait for what has begun
    killer.join()


def _flow(run: Run, urls: list[str], number: int, broken_off: Event) -> Flow:
    who = party()
    network = Network(urls, dice_for(run.seed, f"C12 {number}"))
    return Flow(f"flow-{number}", who, network, broken_off)


def _kill_now_and_then(fleet: Fleet, flows: list[Flow], broken_off: Event) -> None:
    """Kill one web process at each tenth of the flows: what it had begun is undone, and its keys come free."""
    for tenth in range(1, 10):
        while sum(flow.is_over for flow in flows) < tenth * len(flows) // 10:
            if broken_off.is_set():
                return
            time.sleep(PAUSE_S)
        fleet.kill("web1")
        fleet.start("web1")
        fleet.await_web("web1")
        if tenth == 1 and len(flows) < FLOWS_AT_ONCE * 10:
            return  # few flows, one kill


def _judge(run: Run, flows: list[Flow]) -> None:
    seen = sum((flow.network.seen for flow in flows), Counter())
    done = {UUID(flow.job_id) for flow in flows if flow.is_over}
    held = IdempotencyClaim.objects.filter(status__isnull=True, locked_at__lte=clock.now() - DEAD_AFTER)
    started = JobEvent.objects.filter(status=JobStatus.IN_PROGRESS)
    run.report.gates += [
        exactly("flows that ended", len(done), len(flows)),
        exactly("jobs", Job.objects.count(), len(flows)),
        exactly("jobs completed", Job.objects.filter(status=JobStatus.COMPLETED).count(), len(flows)),
        exactly("payments", Payment.objects.count(), len(flows)),
        exactly("jobs paid twice", rows_doubled(Payment.objects.all(), "job_id"), 0),
        exactly("reviews", Review.objects.count(), len(flows)),
        exactly("jobs started twice", rows_doubled(started, "job_id"), 0),
        exactly("5xx", sum(times for status, times in seen.items() if status.startswith("5")), 0),
        at_least("answers replayed", seen["replayed"], len(flows) / 4),
    ]
    run.report.notes["keys left by the dead"] = held.count()  # whose offer ended before anybody came back with them
    run.report.notes |= {name: seen[name] for name in ("twice", "lost", "late", "closed", "replayed", "409")}
    run.report.samples += [f"not over: {flow.name} {flow.job_id or 'no job'}" for flow in flows if not flow.is_over]
