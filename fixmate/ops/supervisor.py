"""Keeping a few processes alive, and none longer than this one.

Each child leads a process group of its own, so that Ctrl-C reaches it through the supervisor alone, in order, and
what a dead child leaves behind can be ended with it. On Linux the kernel stops a child whose supervisor was killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

TICK_S = 0.1
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
SETTLED_AFTER_S = 5.0  # a child that lived so long is started again at once when it dies
STOP_WITHIN_S = 8.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One program and the process that runs it now."""

    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = field(default=0)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            self.argv, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with(os.getpid())
        )
        log.info("supervisor.started", child=self.name, pid=self.process.pid)

    def reap(self) -> None:
        """Note the death of the process, and when the next one may start: later after each quick death."""
        if self.process is None or self.process.poll() is None:
            return
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 0 if lived >= SETTLED_AFTER_S else self.quick_deaths + 1
        delay = min(FIRST_DELAY_S * 2 ** max(0, self.quick_deaths - 1), LONGEST_DELAY_S)
        log.warning("supervisor.died", child=self.name, code=self.process.returncode, restart_in_s=delay)
        _kill_group(self.process.pid)
        self.process = None
        self.start_at = time.monotonic() + delay

    def terminate(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def finish(self, deadline: float) -> None:
        """Wait for the process, kill it at the deadline, and whatever it has left running with it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("supervisor.killed", child=self.name)
            self.process.kill()
            self.process.wait()
        _kill_group(self.process.pid)

    @property
    def is_due(self) -> bool:
        return self.process is None and time.monotonic() >= self.start_at


class Supervisor:
    """Starts the programs, starts them again when they die, and stops them all at the end."""

    def __init__(self, programs: dict[str, Sequence[str]], *, stop_within_s: float = STOP_WITHIN_S) -> None:
        self._children = [Child(name, argv) for name, argv in programs.items()]
        self._stop_within_s = stop_within_s

    def run(self, *, until: Callable[[], bool]) -> None:
        """Keep everything running until told, then stop everything: kindly first, by force after a while."""
        try:
            while not until():
                self._tend()
                time.sleep(TICK_S)
        finally:
            self._stop()

    def _tend(self) -> None:
        for child in self._children:
            child.reap()
            if child.is_due:
                child.start()

    def _stop(self) -> None:
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + self._stop_within_s
        for child in self._children:
            child.finish(deadline)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody is left of it
        os.killpg(leader, signal.SIGKILL)


def _die_with(parent: int) -> Callable[[], None] | None:
    """Return what a child does before its program starts, so that it cannot outlive a parent that was killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded here: a child between fork and exec should load nothing

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return ask
