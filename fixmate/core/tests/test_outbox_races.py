"""Two runners at once, and runners that die: on both databases, with real threads and processes."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import connection, transaction

from fixmate.core import clock, outbox, relay, runner
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.core.tests import effects
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PROJECT = Path(settings.BASE_DIR)


def enqueue_all(task: str, count: int) -> None:
    with transaction.atomic():
        outbox.enqueue_many((task, {"number": number}) for number in range(count))


def wait_until(is_so, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def start_process(code: str, **variables: str) -> subprocess.Popen:
    """Start a process of its own on the database of this test."""
    facts = connection.settings_dict
    url = f"sqlite:///{facts['NAME']}"
    if connection.vendor == "postgresql":
        login = f"{facts['USER']}:{facts['PASSWORD']}" if facts["PASSWORD"] else facts["USER"]
        url = f"postgres://{login}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "fixmate.settings", **variables}
    begin = "import django; django.setup(); from fixmate.core.tests import effects; from fixmate.core import runner\n"
    return subprocess.Popen([sys.executable, "-c", begin + code], cwd=PROJECT, env=environment)


@pytest.mark.parametrize("task", ["core.tests.effect", "core.tests.effect_outside"])
def test_drains_at_once_do_every_row_exactly_once(task, settings):
    settings.OUTBOX_BATCH = 7
    enqueue_all(task, 200)

    handled = at_once(*[runner.drain] * 4)

    assert sum(handled) == 200
    assert OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 200
    assert [effects.count_of(number) for number in range(200)] == [1] * 200


def test_claims_at_once_never_share_a_row():
    enqueue_all("core.tests.effect", 40)

    claims = at_once(*[lambda: [claim.message_id for claim in outbox.claim(10)]] * 4)

    taken = [message_id for ids in claims for message_id in ids]
    assert len(taken) == len(set(taken))
    while more := outbox.claim(10):
        taken += [claim.message_id for claim in more]
    assert sorted(taken) == list(OutboxMessage.objects.order_by("id").values_list("id", flat=True))


def test_a_claimed_row_that_another_claimer_looks_at_again_is_done_and_not_dropped():
    """PostgreSQL locks a row it finds changed under it, sees that it no longer fits, and holds it to the end."""
    enqueue_all("core.tests.effect", 1)
    (claim,) = outbox.claim(1)
    is_held = Event()

    def look_again() -> None:
        with transaction.atomic():
            OutboxMessage.objects.select_for_update().get()
            is_held.set()
            time.sleep(0.2)

    def perform_meanwhile() -> None:
        is_held.wait(timeout=20)
        runner.perform(claim)

    at_once(look_again, perform_meanwhile)

    assert OutboxMessage.objects.get().status == OutboxStatus.DONE
    assert effects.count_of(0) == 1


def test_one_claim_delivered_many_times_at_once_has_one_effect():
    enqueue_all("core.tests.effect", 1)
    (claim,) = outbox.claim(1)

    at_once(*[lambda: runner.perform(claim)] * 6)

    row = OutboxMessage.objects.get()
    assert (effects.count_of(0), row.status, row.crashes) == (1, OutboxStatus.DONE, 0)


def test_a_row_whose_process_is_killed_in_the_task_is_done_by_the_next_runner():
    enqueue_all("core.tests.effect", 1)
    code = """
run = effects.effect.run
def effect_then_die(**payload):
    run(**payload)
    effects.kill_this_process()
effects.effect.run = effect_then_die
runner.drain()
"""

    process = start_process(code)

    assert process.wait(timeout=30) == -signal.SIGKILL
    row = OutboxMessage.objects.get()
    assert (row.status, row.crashes, effects.count_of(0)) == (OutboxStatus.READY, 1, 0)
    assert runner.drain() == 0
    with clock.frozen(row.lease_until + timedelta(microseconds=1)):
        assert runner.drain() == 1
    assert OutboxMessage.objects.get().status == OutboxStatus.DONE
    assert effects.count_of(0) == 1


def test_a_runner_process_works_rows_off_and_stops_on_sigterm():
    process = start_process("runner.Worker().run()", OUTBOX_POLL_MS="1000")
    try:
        enqueue_all("core.tests.effect", 3)
        wait_until(lambda: OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()

    assert [effects.count_of(number) for number in range(3)] == [1, 1, 1]


def test_a_celery_worker_does_what_was_relayed_and_drops_what_comes_twice():
    enqueue_all("core.tests.effect", 2)
    claims = outbox.claim(2)

    for claim in (*claims, *claims):
        relay.send(claim)

    assert [effects.count_of(0), effects.count_of(1)] == [0, 0]
    with start_worker(current_app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        wait_until(lambda: OutboxMessage.objects.filter(status=OutboxStatus.DONE).count() == 2)
    assert [effects.count_of(0), effects.count_of(1)] == [1, 1]
    assert list(OutboxMessage.objects.values_list("crashes", "attempts")) == [(0, 0), (0, 0)]
