"""The loop of `manage.py work`: claims outbox rows and runs sweeps, in both modes.

Embedded, it calls the Celery task objects in process. Production, it relays rows to Celery; sweeps run here as well,
so that an offer expires in time with Redis away.
"""

import signal
import time
from collections.abc import Callable, Collection
from itertools import takewhile
from types import FrameType

import structlog
from celery import current_app
from django.conf import settings
from django.db import close_old_connections

from fixmate.core import heartbeats, outbox, relay
from fixmate.core.celery import headers_of
from fixmate.core.sweeps import Schedule
from fixmate.core.wakeup import Waiter

LONGEST_WAY_S = 0.01

log = structlog.get_logger(__name__)


def perform(claim: outbox.Claim) -> bool:
    """Run a claimed row here and now. What the task raises is recorded on the row and does not come out."""
    try:
        current_app.tasks[claim.task].apply(kwargs=claim.payload, headers=headers_of(claim), throw=True)
    except Exception as exc:
        outbox.failed(claim, exc)
    return True


def drain(
    handle: Callable[[outbox.Claim], bool] = perform, *, limit: int | None = None, without: Collection[str] = ()
) -> int:
    """Work off what is due but for the tasks named, batch by batch; return how many rows were handled.

    Where `handle` says that it cannot go on, the rest of the batch is put back: with the broker away each attempt
    costs a time-out, and sweeps wait behind it.
    """
    handled = 0
    while limit is None or handled < limit:
        size = settings.OUTBOX_BATCH if limit is None else min(settings.OUTBOX_BATCH, limit - handled)
        claims = outbox.claim(size, without=without)
        done = sum(1 for _ in takewhile(handle, claims))
        handled += done
        for left in claims[done + 1 :]:
            outbox.put_back(left)
        if not claims or done < len(claims):
            break
    return handled


def run_sweep(name: str) -> None:
    """Run one sweep in process. Errors are logged; the next round tries again."""
    try:
        current_app.tasks[name].apply(throw=True)
    except Exception:
        log.exception("sweep.failed", sweep=name)


def _in_process() -> Callable[[outbox.Claim], bool]:
    return perform_and_make_way if settings.IS_SQLITE else perform


def perform_and_make_way(claim: outbox.Claim) -> bool:
    """Run a claimed row, then let others write for half as long as it took, `LONGEST_WAY_S` at most.

    SQLite has one writer and no queue: whoever waits looks again after ever longer pauses. Without gaps in the
    worker's writing, requests would find the lock free by luck alone, and offers would run out unanswered.
    """
    began = time.monotonic()
    perform(claim)
    time.sleep(min((time.monotonic() - began) / 2, LONGEST_WAY_S))
    return True


class Worker:
    """One runner process: until told to stop, drain, sweep, sleep."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._schedule = Schedule()
        self._heart = heartbeats.Heart(heartbeats.WORK)
        self._carry = relay.send if settings.IS_PRODUCTION else _in_process()
        # A publisher must not hang on a silent broker; a Celery worker, which waits for work, must not have this.
        current_app.conf.broker_transport_options |= {"socket_timeout": 1, "socket_connect_timeout": 1}

    def run(self) -> None:
        current_app.loader.import_default_modules()
        self._stop_on_signals()
        with Waiter() as waiter:
            while not self.is_stopping:
                self._round(waiter)

    def _round(self, waiter: Waiter) -> None:
        """Work once. A database that is away is waited for: the row and the timer are still there when it is back."""
        try:
            self._heart.beat()
            for name in self._schedule.due():
                run_sweep(name)
            if self._drain_batch() < settings.OUTBOX_BATCH and not self.is_stopping:
                waiter.wait(settings.OUTBOX_POLL_MS / 1000)
        except Exception:
            log.exception("work.round_failed")
            close_old_connections()
            time.sleep(settings.OUTBOX_POLL_MS / 1000)

    def _drain_batch(self) -> int:
        crowded = relay.crowded_tasks() if settings.IS_PRODUCTION else []
        return 0 if crowded is None else drain(self._handle, limit=settings.OUTBOX_BATCH, without=crowded)

    def _handle(self, claim: outbox.Claim) -> bool:
        """Carry the row out; once told to stop, leave it to the next runner at once instead of at the lease's end."""
        if self.is_stopping:
            outbox.put_back(claim)
            return False
        return self._carry(claim)

    def _stop_on_signals(self) -> None:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self.is_stopping = True

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
