"""Before and after a run: the database, the catalogue, the staff account, the server."""

import os
import secrets
import time
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import httpx
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from fixmate.ops.demo.options import DemoError
from fixmate.ops.demo.processes import Server

STAFF_EMAIL = "staff@fixmate.example"
STAFF_PASSWORD_VARIABLE = "FIXMATE_STAFF_PASSWORD"  # noqa: S105 - the name of a variable
READY_WITHIN_S, ASKS_EVERY_S = 60.0, 0.2
PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Passwords:
    staff: str
    people: str
    is_staff_given: bool


def passwords(folder: Path) -> Passwords:
    """Return the passwords of this installation's demo: made once, so that a second run can log in again."""
    people = _kept(folder / "demo_password")
    given = os.environ.get(STAFF_PASSWORD_VARIABLE, "")
    return Passwords(staff=given or people, people=people, is_staff_given=bool(given))


def _kept(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
    return password


def prepare(staff_password: str) -> None:
    """Migrate, seed the catalogue, make the staff account: in this process, as an operator would by hand.

    :raises DemoError: if one of them refuses
    """
    os.environ[STAFF_PASSWORD_VARIABLE] = staff_password
    quiet = StringIO()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("seed", stdout=quiet)
        staff = ["--email", STAFF_EMAIL, "--password-env", STAFF_PASSWORD_VARIABLE, "--if-missing"]
        call_command("create_staff", *staff, stdout=quiet)
    except CommandError as exc:
        raise DemoError(str(exc)) from exc
    finally:
        connections.close_all()  # from here on only the server touches the database


def wait_until_ready(server: Server, base_url: str) -> None:
    """Wait for `/readyz`.

    :raises DemoError: if the server stops, or does not answer in time
    """
    until, said = time.monotonic() + READY_WITHIN_S, ""
    with httpx.Client(base_url=base_url, trust_env=False, timeout=ASKS_EVERY_S * 10) as client:
        while time.monotonic() < until:
            server.check()
            answer = _readiness(client)
            if answer is not None and answer.is_success:
                return
            said = answer.text if answer is not None else said
            time.sleep(ASKS_EVERY_S)
    raise DemoError(f"the server was not ready within {READY_WITHIN_S:.0f} s; see {server.log_path} {said}".rstrip())


def _readiness(client: httpx.Client) -> httpx.Response | None:
    try:
        return client.get("/readyz")
    except httpx.TransportError:
        return None


def manage_path() -> Path:
    path: Path = settings.BASE_DIR / "manage.py"
    return path
