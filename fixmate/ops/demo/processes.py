"""The servers and the checks: processes of their own, started here and always stopped here."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fixmate.ops.demo.options import DemoError

STOP_WITHIN_S = 12.0
CHECK_WITHIN_S = 120.0
LAST_LINES = 5


def environment_with(added: Mapping[str, str]) -> dict[str, str]:
    """Return ours with what is added, and without the files that settings would read the same names from."""
    files = {f"{name}_FILE" for name in added}
    return {**{name: value for name, value in os.environ.items() if name not in files}, **added}


class Background:
    """A program in a process group of its own, so that Ctrl-C reaches it through `stop` alone, in order."""

    NAME = "the server"

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self.log_path = log
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self.log_path.open("wb")
        self._process = subprocess.Popen(  # noqa: S603 - programs that are named here
            self._command,
            env=environment_with(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def check(self) -> None:
        """:raises DemoError: if the server has stopped by itself"""
        code = self._process.poll() if self._process else None
        if code is not None:
            raise DemoError(f"{self.NAME} stopped with exit code {code}; see {self.log_path}: {self._last_words()}")

    def stop(self) -> None:
        """Stop the server and all it started: kindly, then by force. Twice is harmless."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C: no more patience
                process.wait(STOP_WITHIN_S)
            with suppress(ProcessLookupError):  # what outlived its parent is still of the group
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._log is not None:
            self._log.close()

    def wait(self) -> None:
        """Return when the server has stopped by itself.

        :raises DemoError: always, then
        """
        while True:
            self.check()
            time.sleep(0.5)

    def _last_words(self) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(lines[-LAST_LINES:]) or "it said nothing"


class Server(Background):
    """`manage.py up`."""

    def __init__(self, manage: Path, environment: dict[str, str], log: Path) -> None:
        super().__init__([sys.executable, str(manage), "up"], environment, log)


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check_invariants` found."""

    checked: int
    broken: int
    names: tuple[str, ...] = ()


def check_invariants(manage: Path, environment: dict[str, str]) -> Checked:
    """Run `manage.py check_invariants --json`.

    :raises DemoError: if it cannot be run or understood
    """
    try:
        done = _managed(manage, environment, "check_invariants", "--json")
        return _checked(json.loads(done.stdout.strip().splitlines()[-1]))
    except (subprocess.TimeoutExpired, ValueError, LookupError, TypeError) as exc:
        raise DemoError(f"check_invariants did not answer: {exc!r}") from exc


def _checked(answer: dict[str, Any]) -> Checked:
    names = [str(row["name"]) for row in answer["invariants"] if row["broken"]]
    return Checked(checked=int(answer["checked"]), broken=int(answer["broken"]), names=tuple(names))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a command that reads the books said last, and whether they hold."""

    name: str
    holds: bool
    said: str


def prove(manage: Path, environment: dict[str, str], *command: str) -> Proof:
    """Run a command that ends with exit code 1 if something does not hold.

    :raises DemoError: if it cannot be run
    """
    try:
        done = _managed(manage, environment, *command)
    except subprocess.TimeoutExpired as exc:
        raise DemoError(f"{command[0]} did not end: {exc!r}") from exc
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return Proof(command[0], done.returncode == 0, lines[-1] if lines else "it said nothing")


def _managed(manage: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this very Python, on this very program
        [sys.executable, str(manage), *command],
        env=environment_with(environment),
        capture_output=True,
        text=True,
        timeout=CHECK_WITHIN_S,
        check=False,
        start_new_session=True,
    )
