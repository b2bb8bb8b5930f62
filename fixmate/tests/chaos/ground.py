"""The servers an experiment stands on, and the environment that leads to them. Made before Django is set up."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from aiosmtpd.controller import Controller

from fixmate.tests.chaos.catalogue import Database, Experiment, Form

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = "fixmate.tests.chaos.settings"
DEFAULT_DATABASE_URL = "postgres://postgres@127.0.0.1:5432/postgres"
UP_WITHIN_S = 30.0
OWN_POOL = "40"  # connections of the experiment itself, whose threads all want one at the same moment
# Short timers, so that what is lost is found again within an experiment; no limits, since a few people ask very often.
ENVIRONMENT = {
    "SECRET_KEY": "0123456789-faults-on-purpose-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SSL_REDIRECT": "false",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_USE_TLS": "false",
    "OUTBOX_CLAIM_S": "3",
    "PASS_RETRY_S": "1",
    "PASS_LOST_S": "5",
    "POSITION_FRESH_S": "86400",
    "START_MAX_POSITION_AGE_S": "86400",
    "RATE_LOGIN": "",
    "RATE_CODES": "",
    "RATE_REGISTER": "",
    "RATE_REFRESH": "",
    "RATE_OFFER_ANSWERS": "",
    "RATE_UPLOADS": "",
    "RATE_REQUESTS": "",
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": SETTINGS,
}


class NoGround(RuntimeError):
    """A server that an experiment needs is not to be had; the message says which."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_so: Callable[[], object], *, within_s: float = UP_WITHIN_S, every_s: float = 0.05) -> bool:
    """Look again and again; return whether it came to be in time."""
    until = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() >= until:
            return False
        time.sleep(every_s)
    return True


# PostgreSQL


@dataclass(slots=True)
class Server:
    """A PostgreSQL server, by the address of any of its databases."""

    url: str

    def url_of(self, name: str) -> str:
        return f"{self.url.rpartition('/')[0]}/{name}"

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, name: str, *, like: str = "template0") -> str:
        self.drop(name)
        self.do(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.url_of(name)

    def drop(self, name: str) -> None:
        self.do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def answers(self) -> bool:
        with suppress(psycopg.Error):
            psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
            return True
        return False


@dataclass(slots=True)
class OwnServer(Server):
    """A PostgreSQL server in a folder of its own, which may be restarted without asking anybody."""

    folder: Path = Path()
    binaries: Path = Path()
    as_owner: tuple[str, ...] = ()

    @classmethod
    def make(cls, folder: Path) -> "OwnServer":
        binaries = _postgresql_binaries()
        as_owner = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        if as_owner:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
        port = free_port()
        server = cls(f"postgres://postgres@127.0.0.1:{port}/postgres", folder, binaries, as_owner)
        server._run(
            "initdb", "--pgdata", str(folder / "data"), "--username", "postgres", "--auth", "trust", "--no-sync"
        )
        server.start()
        return server

    def start(self) -> None:
        port = self.url.rpartition(":")[2].partition("/")[0]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._control("start", "-o", options)

    def crash(self) -> None:
        """Stop as in a crash: every connection is cut; the next start recovers from the log what was committed."""
        self._control("stop", "-m", "immediate")

    def _control(self, action: str, *arguments: str) -> None:
        log = str(self.folder / "server.log")
        self._run("pg_ctl", action, "--wait", "--pgdata", str(self.folder / "data"), "--log", log, *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.as_owner, str(self.binaries / program), *arguments]
        # The server inherits what its output goes to: a pipe would stay open for as long as it runs.
        with (self.folder.parent / f"{program}.log").open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise NoGround("PostgreSQL's initdb is not on this machine: install the package postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


# Redis


@dataclass(slots=True)
class OwnRedis:
    """A Redis that keeps nothing on disk, which may be killed."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NoGround("redis-server is not on this machine: install the package redis-server")
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        command = [program, *where, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_until(self.answers):
            raise NoGround("a Redis that was started does not answer")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def answers(self) -> bool:
        with suppress(redis.exceptions.ConnectionError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False


# Mail


class Letters:
    """An SMTP server that counts what it gets."""

    def __init__(self) -> None:
        self.count = 0

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        self.count += 1
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[int]:
    port = free_port()
    controller = Controller(Letters(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


# All of it


@dataclass(slots=True)
class Ground:
    """What one experiment stands on."""

    folder: Path
    environment: dict[str, str]
    own_server: OwnServer | None = None
    own_redis: OwnRedis | None = None


@contextmanager
def laid_out(experiment: Experiment, *, server: Server, template: str) -> Iterator[Ground]:
    """Lay the ground for one experiment, put it into this process's environment, and clear it away afterwards."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="fixmate-chaos-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)  # a PostgreSQL of another user has to pass
        var = folder / "var"
        ground = Ground(folder, {**ENVIRONMENT, "VAR_DIR": str(var)})
        ground.environment["EMAIL_PORT"] = str(stack.enter_context(mail_server()))
        ground.environment["FIXMATE_MODE"] = experiment.form.name.lower()
        _lay_database(experiment, ground, stack, server, template)
        if experiment.form == Form.PRODUCTION:
            _lay_redis(ground, stack)
        os.environ.update({**ground.environment, "DATABASE_POOL_SIZE": OWN_POOL})
        if experiment.database != Database.SERVER:
            migrate(ground.environment)
        yield ground


def _lay_database(experiment: Experiment, ground: Ground, stack: ExitStack, server: Server, template: str) -> None:
    if experiment.database == Database.FILE:
        ground.environment["DATABASE_URL"] = f"sqlite:///{ground.folder / 'chaos.sqlite3'}"
        return
    if experiment.database == Database.OWN_SERVER:
        folder = ground.folder / "postgresql"
        folder.mkdir()
        ground.own_server = OwnServer.make(folder)
        stack.callback(ground.own_server.crash)
        ground.environment["DATABASE_URL"] = ground.own_server.create("fixmate_chaos")
        return
    name = template.removesuffix("_template")
    ground.environment["DATABASE_URL"] = server.create(name, like=template)
    stack.callback(server.drop, name)


def _lay_redis(ground: Ground, stack: ExitStack) -> None:
    ground.own_redis = OwnRedis(ground.folder)
    stack.callback(ground.own_redis.kill)
    ground.own_redis.start()
    ground.environment["REDIS_URL"] = ground.own_redis.url


def migrate(environment: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**inherited(), **environment}, check=True)


def inherited() -> dict[str, str]:
    """Return what processes under test take over from this one: nothing of FixMate's."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process that leads a group, and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
