"""Tasks with an effect that can be counted, and tasks that go wrong."""

import os
import signal
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db import connection
from django.db.models import F

from fixmate.core import clock, outbox
from fixmate.core.models import OutboxMessage, RateCounter

FAR = datetime(2999, 1, 1, tzinfo=UTC)
seen_in_transaction: list[bool] = []


def count_of(number: int) -> int:
    """Return how often the effect with this number took place."""
    return RateCounter.objects.filter(key=f"effect:{number}").values_list("value", flat=True).first() or 0


def _count(number: int) -> None:
    RateCounter.objects.get_or_create(key=f"effect:{number}", defaults={"value": 0, "expires_at": FAR})
    RateCounter.objects.filter(key=f"effect:{number}").update(value=F("value") + 1)


@shared_task(name="core.tests.effect")
def effect(*, number: int, **_: object) -> None:
    seen_in_transaction.append(connection.in_atomic_block)
    _count(number)


@shared_task(name="core.tests.effect_outside", reaches_outside=True)
def effect_outside(*, number: int) -> None:
    seen_in_transaction.append(connection.in_atomic_block)
    _count(number)


@shared_task(name="core.tests.effect_then_error")
def effect_then_error(*, number: int, text: str = "the kettle is off") -> None:
    _count(number)
    raise RuntimeError(text)


def enqueued(task: str = "core.tests.effect", **payload) -> OutboxMessage:
    outbox.enqueue(task, **(payload or {"number": 1}))
    return OutboxMessage.objects.latest("id")


def reread(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def make_due(message: OutboxMessage) -> None:
    past = clock.now() - timedelta(seconds=1)
    OutboxMessage.objects.filter(pk=message.pk, lease_until__isnull=False).update(lease_until=past)
    OutboxMessage.objects.filter(pk=message.pk).update(run_at=past)


def enqueue(count: int, task: str = "core.tests.effect", **payload: object) -> None:
    for number in range(count):
        outbox.enqueue(task, number=number, **payload)


class NoWait:
    """A waiter that does not wait, and knows for how long it was asked to."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
