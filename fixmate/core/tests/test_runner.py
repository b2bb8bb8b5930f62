import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from celery import current_app, shared_task
from django.db import connection

from fixmate.core import counters, files, outbox, relay, runner, sweeps, tasks
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.core.runner import Worker
from fixmate.core.tests.effects import NoWait, enqueue

pytestmark = pytest.mark.django_db
swept: list[str] = []


@pytest.fixture(autouse=True)
def nothing_swept():
    swept.clear()


@shared_task(name="core.tests.sweep")
def sweep_task() -> None:
    swept.append("swept")


@shared_task(name="core.tests.broken_sweep")
def broken_sweep_task() -> None:
    raise RuntimeError("the broom broke")


# Draining


def test_drain_works_off_batch_by_batch(settings):
    settings.OUTBOX_BATCH = 2
    enqueue(5)

    assert runner.drain() == 5
    assert OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 5


def test_drain_stops_at_its_limit(settings):
    settings.OUTBOX_BATCH = 2
    enqueue(5)

    assert runner.drain(limit=3) == 3
    assert OutboxMessage.objects.filter(lease_token__isnull=True, status=OutboxStatus.READY).count() == 2


def test_one_failing_row_does_not_hold_up_the_others():
    enqueue(1, "core.tests.effect_then_error")
    enqueue(3)

    assert runner.drain() == 4
    assert OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 3


# Sweeps


def test_a_sweep_is_due_at_once_and_again_after_its_time(own_sweeps, monkeypatch):
    at = [100.0]
    monkeypatch.setattr(sweeps.time, "monotonic", lambda: at[0])
    own_sweeps.update({"often": timedelta(seconds=1), "rarely": timedelta(seconds=60)})
    schedule = sweeps.Schedule()

    assert schedule.due() == ["often", "rarely"]
    assert schedule.due() == []
    at[0] += 1
    assert schedule.due() == ["often"]


def test_what_is_rare_waits_its_turn_behind_what_is_frequent(own_sweeps, monkeypatch):
    monkeypatch.setattr(sweeps.time, "monotonic", lambda: 100.0)
    often, rarely, daily = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
    own_sweeps.update({"purge": daily, "review": rarely, "push": 2 * often, "expire": often})
    schedule = sweeps.Schedule()

    rounds = [schedule.due() for _ in range(3)]

    assert rounds == [["expire", "push", "review"], ["purge"], []]


def test_sweep_registers_the_task_and_gives_it_back(own_sweeps, monkeypatch):
    monkeypatch.setattr(current_app, "add_periodic_task", lambda *_, **__: None)

    assert sweeps.sweep(every=timedelta(seconds=3))(sweep_task) is sweep_task

    assert sweeps.registered() == {"core.tests.sweep": timedelta(seconds=3)}


def test_a_sweep_that_fails_is_logged_and_does_not_come_out():
    runner.run_sweep("core.tests.broken_sweep")
    runner.run_sweep("core.tests.no_such_sweep")


def test_core_s_own_sweeps_are_registered_and_run(monkeypatch):
    called = []
    monkeypatch.setattr(outbox, "purge_done", lambda: called.append("outbox"))
    monkeypatch.setattr(counters, "purge_expired", lambda: called.append("counters"))
    monkeypatch.setattr(files, "upload_purge_unused", lambda: called.append("uploads"))
    ours = [tasks.purge_outbox, tasks.purge_counters, tasks.purge_uploads]

    for task in ours:
        runner.run_sweep(task.name)

    assert called == ["outbox", "counters", "uploads"]
    assert {task.name for task in ours} <= set(sweeps.registered())


# The loop


def test_a_round_sweeps_drains_and_then_waits(own_sweeps, settings):
    own_sweeps["core.tests.sweep"] = timedelta(minutes=1)
    enqueue(2)
    waiter = NoWait()

    Worker()._round(waiter)

    assert swept == ["swept"]
    assert OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 2
    assert waiter.waits == [settings.OUTBOX_POLL_MS / 1000]


def test_a_round_that_filled_its_batch_does_not_wait(own_sweeps, settings):
    settings.OUTBOX_BATCH = 2
    enqueue(3)
    waiter = NoWait()

    Worker()._round(waiter)

    assert waiter.waits == []


def test_a_worker_told_to_stop_leaves_the_rest_to_the_next_one(own_sweeps, monkeypatch):
    worker, waiter = Worker(), NoWait()

    def carry_the_last(claim):
        worker.is_stopping = True
        return True

    monkeypatch.setattr(worker, "_carry", carry_the_last)
    enqueue(3)

    worker._round(waiter)

    assert waiter.waits == []
    assert OutboxMessage.objects.filter(lease_token__isnull=True).count() == 2
    assert not OutboxMessage.objects.exclude(attempts=0, crashes=0).exists()


def test_a_round_with_the_database_away_is_waited_out(own_sweeps, monkeypatch, settings):
    settings.OUTBOX_POLL_MS = 1

    def away(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(runner, "drain", away)
    monkeypatch.setattr(runner, "close_old_connections", lambda: swept.append("closed"))

    Worker()._round(NoWait())

    assert swept == ["closed"]


@pytest.mark.parametrize(
    ("is_production", "is_sqlite", "carry"),
    [(True, False, relay.send), (False, False, runner.perform), (False, True, runner.perform_and_make_way)],
)
def test_production_relays_and_the_embedded_form_performs(settings, is_production, is_sqlite, carry):
    settings.IS_PRODUCTION, settings.IS_SQLITE = is_production, is_sqlite

    assert Worker()._carry is carry


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.004, 0.002), (5.0, runner.LONGEST_WAY_S)])
def test_after_each_row_others_may_write_for_a_while(monkeypatch, took_s, pause_s):
    moments, pauses, done = iter([100.0, 100.0 + took_s]), [], []
    monkeypatch.setattr(runner.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(runner.time, "sleep", pauses.append)
    monkeypatch.setattr(runner, "perform", done.append)

    assert runner.perform_and_make_way("a claim")

    assert done == ["a claim"]
    assert pauses == [pytest.approx(pause_s)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_runs_until_it_is_told_to_stop(own_sweeps, settings, number):
    settings.OUTBOX_POLL_MS = 20
    own_sweeps["core.tests.sweep"] = timedelta(milliseconds=1)
    held = {kind: signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)}

    def stop_later():
        time.sleep(0.2)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop_later)
    thread.start()
    try:
        Worker().run()
    finally:
        thread.join()
        for kind, handler in held.items():
            signal.signal(kind, handler)

    assert len(swept) > 1
    assert connection.in_atomic_block is False
