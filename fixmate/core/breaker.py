"""A breaker in front of a server that may be silent: its first failure is waited for, and not each one after it."""

import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Away(ConnectionError):
    """The server failed a moment ago, so it was not asked."""


class Breaker:
    """Lets calls through; after a failure none for `pause_s`, and then one, which finds out for the others.

    State of the process on purpose: a silent server costs it one time-out every `pause_s`, and what is under way when
    the first call fails.
    """

    def __init__(self, name: str, *, failures: tuple[type[Exception], ...], pause_s: float = 5.0) -> None:
        self._name = name
        self._failures = failures
        self._pause_s = pause_s
        self._away_until = 0.0
        self._lock = Lock()

    def call(self, work: Callable[[], T]) -> T:
        """Return what the work returns.

        :raises Away: without trying, while the server is away
        """
        if not self._may_try():
            raise Away(f"{self._name} is away")
        try:
            result = work()
        except self._failures:
            self._away_until = time.monotonic() + self._pause_s
            log.warning("breaker.away", server=self._name, exc_info=True)
            raise
        except Exception:
            self._away_until = 0.0  # it refused, so it is there
            raise
        self._away_until = 0.0
        return result

    def _may_try(self) -> bool:
        if not self._away_until:
            return True
        with self._lock:
            at = time.monotonic()
            if at < self._away_until:
                return False
            self._away_until = at + self._pause_s  # the others wait for what this one finds out
            return True
