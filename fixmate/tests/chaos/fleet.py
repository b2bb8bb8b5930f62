"""The processes of one installation, as operations would run them: and as they die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from fixmate.tests.chaos.ground import ROOT, end_group, free_port, inherited, wait_until

WEB_THREADS = 4
SHIM = Path(__file__).parent / "clock_shim"
WSGI = "fixmate.wsgi:application"


@dataclass(slots=True)
class Program:
    argv: Sequence[str]
    env: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0


@dataclass(slots=True)
class Fleet:
    """Named processes; each can be killed, stopped kindly, and started again as it was. A context manager."""

    folder: Path
    env: dict[str, str]
    programs: dict[str, Program] = field(default_factory=dict)
    web_urls: list[str] = field(default_factory=list)
    has_wrong_clocks: bool = False

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.programs:
            self.kill(name)

    # What there is to run

    def add_web(self, *, application: str = WSGI) -> str:
        """Start a web process and wait until it answers; return its name."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        how = ["--blocking-threads", str(WEB_THREADS), "--no-ws", "--log-level", "warning"]
        name = f"web{len(self.web_urls) + 1}"
        self.web_urls.append(url)
        self._add(name, "-m", "granian", "--interface", "wsgi", *where, *how, application)
        self.await_web(name)
        return name

    def await_web(self, name: str) -> None:
        """Wait until a web process answers.

        :raises RuntimeError: if it does not, with the end of its log
        """
        url = self.web_urls[int(name.removeprefix("web")) - 1]
        if not wait_until(lambda: answers(url)):
            raise RuntimeError(f"{name} does not answer: {self.log_of(name)[-2000:]}")

    def add_work(self, name: str) -> None:
        self._add(name, "manage.py", "work")

    def add_celery(self, *, concurrency: int = 2) -> None:
        how = ["--concurrency", str(concurrency), "--loglevel", "WARNING"]
        self._add("celery", "-m", "celery", "-A", "fixmate", "worker", *how, "--hostname", f"chaos{os.getpid()}@%h")

    def add_background(self) -> None:
        """Start what does the work behind the web: two `work`, one Celery worker."""
        self.add_work("work1")
        self.add_work("work2")
        self.add_celery()

    def _add(self, name: str, *command: str) -> None:
        env = {**inherited(), **self.env}
        if self.has_wrong_clocks:
            self.set_clock(name, 0)
            env |= {"PYTHONPATH": str(SHIM), "CHAOS_CLOCK_FILE": str(self._clock_of(name))}
        self.programs[name] = Program([sys.executable, *command], env)
        self.start(name)

    # Life and death

    def start(self, name: str) -> None:
        program = self.programs[name]
        program.starts += 1
        with (self.folder / f"{name}.log").open("ab") as log:
            program.process = subprocess.Popen(
                program.argv,
                cwd=ROOT,
                env=program.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """SIGKILL the process and its children."""
        process = self.programs[name].process
        if process is not None:
            end_group(process)
            self.programs[name].process = None

    def stop(self, name: str, *, within_s: float) -> float:
        """SIGTERM the process; return the seconds until it was gone, infinity if it had to be killed."""
        process = self.programs[name].process
        if process is None:
            return 0.0
        began = time.monotonic()
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        try:
            process.wait(within_s)
            took_s = time.monotonic() - began
        except subprocess.TimeoutExpired:
            took_s = float("inf")
        self.kill(name)
        return took_s

    def set_clock(self, name: str, offset_s: float) -> None:
        """Make the wall clock of a process wrong by so much, from now on."""
        path = self._clock_of(name)
        fresh = path.with_suffix(".next")
        fresh.write_text(str(offset_s), encoding="ascii")
        fresh.replace(path)  # whoever reads it sees the old number or the new one

    def _clock_of(self, name: str) -> Path:
        return self.folder / f"{name}.clock"

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/healthz", timeout=5).status_code == httpx.codes.OK
    return False
