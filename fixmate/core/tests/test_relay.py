from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from fixmate.core import relay, runner
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.core.runner import Worker
from fixmate.core.tests import effects
from fixmate.core.tests.effects import NoWait, enqueue

pytestmark = pytest.mark.django_db


def test_relay_sends_the_row_with_its_headers(monkeypatch):
    sent = []
    monkeypatch.setattr(effects.effect, "apply_async", lambda **call: sent.append(call))
    enqueue(1)

    assert runner.drain(relay.send) == 1

    row = OutboxMessage.objects.get()
    headers = {"outbox_message": str(row.pk), "outbox_token": str(row.lease_token)}
    assert sent == [{"kwargs": {"number": 0}, "headers": headers}]
    assert (row.status, row.crashes) == (OutboxStatus.READY, 0)


@pytest.mark.parametrize(("task", "queue"), [(effects.effect, "celery"), (effects.effect_outside, "outside")])
def test_what_waits_for_others_is_sent_to_a_queue_of_its_own(task, queue):
    with current_app.connection_for_write(transport="memory") as broker:
        task.apply_async(kwargs={"number": 1}, connection=broker)
        with broker.SimpleQueue(queue) as held:
            assert held.get(timeout=1).headers["task"] == task.name


@pytest.mark.parametrize("error", [OperationalError("no broker"), TimeoutError(), ConnectionResetError()])
def test_relay_with_the_broker_away_puts_the_row_back_and_counts_no_try(noon, monkeypatch, error):
    def away(**_):
        raise error

    monkeypatch.setattr(effects.effect, "apply_async", away)
    enqueue(1)

    runner.drain(relay.send)

    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts, row.lease_token) == (OutboxStatus.READY, 0, None)
    assert row.run_at == noon + timedelta(seconds=1)


def test_relay_tries_the_broker_once_a_batch_and_puts_the_rest_back(noon, monkeypatch):
    attempts = []

    def away(**call):
        attempts.append(call)
        raise OperationalError("no broker")

    monkeypatch.setattr(effects.effect, "apply_async", away)
    enqueue(3)

    assert runner.drain(relay.send) == 0
    assert len(attempts) == 1
    assert OutboxMessage.objects.filter(lease_token__isnull=True, run_at=noon + timedelta(seconds=1)).count() == 3


@pytest.mark.parametrize(
    ("task", "payload", "error"),
    [("core.tests.nobody_knows_it", {}, "NotRegistered"), ("core.tests.effect_outside", {"unknown": 1}, "TypeError")],
)
def test_relay_records_a_call_that_can_never_be_sent(task, payload, error):
    enqueue(1, task, **payload)

    runner.drain(relay.send)

    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts) == (OutboxStatus.READY, 1)
    assert error in row.last_error


def test_an_eager_celery_does_the_row(settings):
    enqueue(1)

    current_app.conf.task_always_eager = True
    try:
        runner.drain(relay.send)
    finally:
        current_app.conf.task_always_eager = False

    assert OutboxMessage.objects.get().status == OutboxStatus.DONE
    assert effects.count_of(0) == 1


def test_a_task_called_without_a_row_just_runs():
    effects.effect(number=3)
    effects.effect.apply(kwargs={"number": 3})

    assert effects.count_of(3) == 2


# The length of the queues


@pytest.fixture
def broker(monkeypatch):
    """A broker of kombu's own, in memory, in place of the configured one."""
    with current_app.connection_for_write(transport="memory") as connection:

        @contextmanager
        def acquire(*_):
            yield SimpleNamespace(channel=connection.default_channel)

        app = current_app
        parts = {"tasks": app.tasks, "amqp": app.amqp, "conf": app.conf, "producer_or_acquire": acquire}
        monkeypatch.setattr(relay, "current_app", SimpleNamespace(**parts))
        yield connection
        for queue in ("celery", "outside"):
            connection.default_channel.queue_purge(queue)


def queue_up(broker, task, count):
    for number in range(count):
        task.apply_async(kwargs={"number": number}, connection=broker)


def test_tasks_of_a_full_queue_are_told(broker, settings):
    settings.RELAY_QUEUE_MAX = 2
    queue_up(broker, effects.effect_outside, 2)
    queue_up(broker, effects.effect, 1)

    crowded = relay.crowded_tasks()

    assert effects.effect_outside.name in crowded
    assert effects.effect.name not in crowded


def test_nothing_is_crowded_while_the_queues_are_short(broker, settings):
    settings.RELAY_QUEUE_MAX = 2
    queue_up(broker, effects.effect, 1)

    assert relay.crowded_tasks() == []


def test_rows_of_a_full_queue_wait_and_the_others_go_on(broker, settings, monkeypatch, own_sweeps):
    settings.IS_PRODUCTION, settings.RELAY_QUEUE_MAX = True, 3
    queue_up(broker, effects.effect_outside, 3)
    enqueue(2, effects.effect_outside.name)
    enqueue(2)
    monkeypatch.setattr(effects.effect, "apply_async", lambda **_: None)

    Worker()._round(NoWait())

    claimed = OutboxMessage.objects.filter(lease_token__isnull=False)
    assert list(claimed.values_list("task", flat=True)) == [effects.effect.name] * 2


def test_a_dead_worker_s_queue_grows_no_further(broker, settings, monkeypatch, own_sweeps):
    """Each round sends what was claimed and never begun once more, until the queue is full."""
    settings.IS_PRODUCTION, settings.RELAY_QUEUE_MAX = True, 5
    settings.OUTBOX_CLAIM_S, settings.OUTBOX_BATCH = 0, 2
    send = effects.effect.apply_async
    monkeypatch.setattr(effects.effect, "apply_async", lambda **call: send(connection=broker, **call))
    enqueue(2)

    for _ in range(10):
        Worker()._round(NoWait())

    assert broker.default_channel.queue_declare(queue="celery").message_count == 6


def test_nothing_is_claimed_while_the_broker_is_away(settings, monkeypatch, own_sweeps):
    settings.IS_PRODUCTION = True

    def away(*_):
        raise OperationalError("no broker")

    monkeypatch.setattr(relay, "current_app", SimpleNamespace(producer_or_acquire=away))
    enqueue(1)
    waiter = NoWait()

    Worker()._round(waiter)

    assert waiter.waits == [settings.OUTBOX_POLL_MS / 1000]
    assert OutboxMessage.objects.get().lease_token is None
