"""Sweeps: tasks that look for what is due and what a crash left behind. Safe to run twice at once.

`work` runs them in every mode; in production a Celery beat triggers the same tasks a second time.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from celery import current_app

from fixmate.core.events import NamedTask

T = TypeVar("T", bound=NamedTask)
RARE = timedelta(seconds=10)
_sweeps: dict[str, timedelta] = {}


def sweep(*, every: timedelta) -> Callable[[T], T]:
    """Have the task run again and again. A task decorator, above `@shared_task`."""

    def decorate(task: T) -> T:
        _sweeps[task.name] = every
        # A trigger that nobody took in time is worth nothing: the next one is there.
        seconds = every.total_seconds()
        current_app.add_periodic_task(seconds, current_app.signature(task.name), name=task.name, expires=seconds)
        return task

    return decorate


def registered() -> dict[str, timedelta]:
    return dict(_sweeps)


class Schedule:
    """Which sweeps are due in this process, by its monotonic clock."""

    def __init__(self) -> None:
        self._next_at: dict[str, float] = {}

    def due(self) -> list[str]:
        """Return the names that are due, the most frequent first, and count them as run.

        Of the rare ones one at a time: at the start of a process all are due, and no deadline may wait behind them.
        """
        at = time.monotonic()
        due = sorted((name for name in _sweeps if self._next_at.get(name, 0.0) <= at), key=_sweeps.__getitem__)
        frequent = [name for name in due if _sweeps[name] <= RARE]
        names = due[: len(frequent) + 1]
        for name in names:
            self._next_at[name] = at + _sweeps[name].total_seconds()
        return names
