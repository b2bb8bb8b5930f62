"""The town of `make bench-api`: who asks, and jobs enough that passes never run out."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from uuid import UUID

import httpx
from django.db import connection, transaction

from accounts.models import User
from accounts.tests.factories import UserFactory
from benchmarks.asking import Caller, Crowd, headers_of
from benchmarks.metro import Metro
from fixmate.core import clock, outbox
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.tests.chaos.ground import wait_until
from fixmate.tests.chaos.people import token_of
from jobs.models import Job
from jobs.services import job_cancel_by_customer, job_request
from matching.enums import OfferStatus
from matching.models import MatchingPass, Offer

CUSTOMERS, TECHNICIANS = 20, 20
TASK = "matching.run_pass"
AHEAD = 24  # orders of a pass that lie ready: more than all Celery processes hold at once
LOOK_EVERY_S = 0.1
SETTLED_WITHIN_S = 300.0
OFFERED_WITHIN_S = 30.0
POLL_S = 0.002


# Who there is


def crowd_of(metro: Metro, urls: list[str], customers: list[User], waiting: list[UUID]) -> Crowd:
    """Return everybody who asks: the customers with the jobs that wait, and technicians who have had an offer."""
    of_customer: dict[UUID, list[str]] = {customer.pk: [] for customer in customers}
    for pk, customer_id in Job.objects.filter(pk__in=waiting[: 20 * len(customers)]).values_list("pk", "customer_id"):
        of_customer[customer_id].append(str(pk))
    asked = User.objects.filter(technician__offers__isnull=False).distinct().order_by("pk")[:TECHNICIANS]
    return Crowd(
        tuple(urls),
        tuple(Caller(token_of(customer), tuple(of_customer[customer.pk])) for customer in customers),
        tuple(Caller(token_of(user)) for user in asked),
        body_in(metro, random.Random(5)),
    )


def body_in(metro: Metro, lots: random.Random) -> dict[str, object]:
    latitude, longitude = metro.place(lots)
    service = lots.choice(metro.services)
    where = {"address": "1 Street", "latitude": latitude, "longitude": longitude}
    return {"service_id": str(service.pk), "description": "It drips.", **where}


def customers_made() -> list[User]:
    return [UserFactory(email=f"customer{number}@example.com") for number in range(CUSTOMERS)]


def jobs_waiting(metro: Metro, customers: list[User], count: int) -> list[UUID]:
    """Order jobs that nobody looks for until told: without their events, and with the timer an hour away."""
    lots, ids = random.Random(7), []
    for number in range(count):
        body = body_in(metro, lots)
        ids.append(job_request(actor=customers[number % len(customers)], **body).pk)
    Job.objects.filter(pk__in=ids).update(next_pass_at=clock.now() + timedelta(hours=1))
    OutboxMessage.objects.all().delete()
    return ids


def call_off_offers() -> None:
    """Cancel every job that is offered to somebody."""
    for job in Job.objects.filter(offers__status=OfferStatus.PENDING).select_related("customer"):
        job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason="OTHER", note="")


# Passes one after the other


@dataclass(slots=True)
class Rush:
    """How it went while passes were kept coming."""

    seconds: float = 0.0
    passes: int = 0
    fewest_ready: int = AHEAD
    waiting: list[UUID] = field(default_factory=list)


@contextmanager
def rush(waiting: list[UUID]) -> Iterator[Rush]:
    """Keep `AHEAD` passes ordered for as long as the block lasts; takes the jobs from `waiting`."""
    going, over = Rush(waiting=waiting), Event()
    began, before = time.monotonic(), MatchingPass.objects.count()
    _top_up(going)
    with ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(_feed, going, over)
        try:
            yield going
            going.seconds = time.monotonic() - began
            going.passes = MatchingPass.objects.count() - before
        finally:
            over.set()
            feeding.result()


def _feed(going: Rush, over: Event) -> None:
    try:
        while not over.wait(LOOK_EVERY_S):
            going.fewest_ready = min(going.fewest_ready, _top_up(going))
    finally:
        connection.close()


def _top_up(going: Rush) -> int:
    """Order passes until `AHEAD` are ready; return how many were."""
    ready = OutboxMessage.objects.filter(status=OutboxStatus.READY, task=TASK).count()
    take = [going.waiting.pop() for _ in range(AHEAD - ready)]
    with transaction.atomic():
        outbox.enqueue_many([(TASK, {"job_id": str(job_id)}) for job_id in take])
    return ready


def settle() -> None:
    """Wait until all background work is done."""
    ready = OutboxMessage.objects.filter(status=OutboxStatus.READY)
    if not wait_until(lambda: not ready.exists(), within_s=SETTLED_WITHIN_S):
        raise RuntimeError("the background work does not come to an end")


# From the answer to the offer


def offers_after(metro: Metro, crowd: Crowd, count: int) -> list[float]:
    """Order jobs for now, each when all is quiet; return the milliseconds from each answer to its offer, committed."""
    lots, waits_ms = random.Random(13), []
    with httpx.Client(base_url=crowd.urls[0]) as client:
        for _ in range(count):
            settle()
            waits_ms.append(_offer_after(client, crowd.customers[0], body_in(metro, lots)))
    return waits_ms


def _offer_after(client: httpx.Client, customer: Caller, body: dict[str, object]) -> float:
    response = client.post("/api/v1/jobs", json=body, headers=headers_of(customer))
    answered = time.perf_counter()
    offers = Offer.objects.filter(job_id=response.raise_for_status().json()["id"])
    if not wait_until(offers.exists, within_s=OFFERED_WITHIN_S, every_s=POLL_S):
        raise RuntimeError("a job that was ordered found nobody")
    return (time.perf_counter() - answered) * 1000
