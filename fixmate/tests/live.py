"""FixMate as real processes, and people who use it over HTTP: for the journeys marked `live`."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
from django.conf import settings
from PIL import Image

STAFF_EMAIL, PASSWORD = "staff@fixmate.example", "correct horse battery"
FAST = {
    "OFFER_TIMEOUT_S": "3",
    "PASS_RETRY_S": "1",
    "PASS_LOST_S": "3",
    "SEARCH_BUDGET_S": "60",
    "RATE_LOGIN": "",
    "RATE_CODES": "",
    "RATE_REGISTER": "",
    "RATE_OFFER_ANSWERS": "",
    "RATE_UPLOADS": "",
    "RATE_REQUESTS": "",
    "LOG_LEVEL": "WARNING",
}
LATITUDE, LONGITUDE = 42.36, -71.06


def wait_for(look, *, within=60.0):
    """Look again and again until there is something true to see; return it."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"waited {within} s in vain")


@dataclass
class Installed:
    """The database of one new installation of each mode, for others to begin with."""

    folder: Path
    databases: dict[str, str] = field(default_factory=dict)

    def keep(self, mode, url):
        (self.folder / mode).mkdir()
        kept = database_url(self.folder / mode)
        make_database(kept, like=url)
        self.databases[mode] = kept

    def close(self):
        for url in self.databases.values():
            drop_database(url)


@dataclass
class System:
    """One installation in a folder of its own, on a database of its own."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    connections: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url(self.folder)
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        own = {"VAR_DIR": str(self.folder), "PORT": str(self.port), "DATABASE_URL": self.database_url}
        self.env = {**kept, **FAST, **own, **self.env}

    # Processes

    def manage(self, *arguments, **env):
        command = [sys.executable, "manage.py", *arguments]
        environment = {**self.env, **env}
        return subprocess.run(
            command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True, text=True
        )

    def prepare(self, installed):
        """Become a new installation: the first of a mode by the commands people use, others by a copy of its rows."""
        mode = self.env.get("FIXMATE_MODE", "embedded")
        if mode in installed.databases:
            make_database(self.database_url, like=installed.databases[mode])
        else:
            make_database(self.database_url)
            self._install()
            installed.keep(mode, self.database_url)

    def _install(self):
        self.manage("migrate", "--verbosity", "0")
        self.manage("seed_catalogue")
        staff = ["create_staff", "--email", STAFF_EMAIL, "--password-env", "STAFF_PASSWORD", "--if-missing"]
        self.manage(*staff, STAFF_PASSWORD=PASSWORD)

    def start(self, name, *command):
        argv = [sys.executable, *command]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=settings.BASE_DIR, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def start_web(self):
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        self.start("web", "-m", "granian", "--interface", "wsgi", *where, "fixmate.wsgi:application")
        wait_for(self._answers)

    def start_work(self):
        self.start("work", "manage.py", "work")

    def start_celery(self):
        pool = ["--pool", "solo", "--loglevel", "WARNING"]
        self.start("celery", "-m", "celery", "-A", "fixmate", "worker", *pool)

    def log_of(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def kill(self, name):
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self):
        for connection in self.connections:
            connection.close()
        for name in list(self.processes):
            with suppress(ProcessLookupError):
                self.kill(name)
        drop_database(self.database_url)

    def _answers(self):
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz").status_code == 200

    # People

    def mails_to(self, address):
        """Return what a letter box holds, oldest first."""
        texts = [path.read_text() for path in sorted((self.folder / "mail").glob("*"))]
        letters = [letter for text in texts for letter in re.split(r"^-{79}$", text, flags=re.M)]
        return [letter for letter in letters if f"To: {address}" in letter]

    def join(self, role):
        """Register somebody, read the code from the mail, verify and log in."""
        person = Person(self, f"{role.lower()}-{uuid4().hex[:8]}@example.com")
        name = {"first_name": "Grace", "last_name": "Hopper", "role": role}
        person.post("auth/register", 202, email=person.email, password=PASSWORD, **name)
        person.post("auth/verify-otp", 200, email=person.email, code=person.code())
        return person.log_in()

    def staff(self):
        return Person(self, STAFF_EMAIL).log_in()

    def service_id(self):
        return httpx.get(f"{self.url}/api/v1/services?page_size=100").json()["results"][0]["id"]

    def technician(self, service_id, *, offset=0.01):
        """Take somebody from the registration to being online, verified by staff."""
        person, staff = self.join("TECHNICIAN"), self.staff()
        skills = {"bio": "Twenty years.", "years_experience": 20, "service_ids": [service_id], "travel_radius_km": 20}
        person.post("technicians/apply", 200, latitude=LATITUDE, longitude=LONGITUDE, **skills)
        document = person.upload_identity()
        technician_id = person.get("technicians/me")["id"]
        staff.post(f"admin/documents/{document}/approve", 200, reason="Clear copy.")
        staff.post(f"admin/technicians/{technician_id}/approve", 200, reason="Known and good.")
        person.ping(LATITUDE + offset, LONGITUDE)
        wait_for(lambda: person.get("technicians/me")["position"])  # in production a ping waits for the next flush
        person.post("technicians/me/online", 200)
        return person


@contextmanager
def running(system, installed) -> Iterator[System]:
    """Install the system, start its web and its work, and end both afterwards."""
    try:
        system.prepare(installed)
        system.start_web()
        system.start_work()
        yield system
    finally:
        system.close()


class Person:
    """Somebody with an address and, once logged in, a token."""

    def __init__(self, system, email):
        self.system = system
        self.email = email
        self.http = httpx.Client(base_url=f"{system.url}/api/v1/", timeout=20)
        system.connections.append(self.http)

    def code(self):
        def look():
            letters = self.system.mails_to(self.email)
            return letters and re.search(r"^(\d{6})$", letters[-1], flags=re.M)

        return wait_for(look)[1]

    def log_in(self):
        answer = self.post("auth/login", 200, email=self.email, password=PASSWORD)
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return self

    def get(self, path):
        return self._answered(self.http.get(path), 200)

    def post(self, path, expected, **body):
        return self._answered(self.http.post(path, json=body), expected)

    def _answered(self, response, expected):
        allowed = expected if isinstance(expected, tuple) else (expected,)
        assert response.status_code in allowed, (response.request.url, response.status_code, response.text)
        return response.json() if response.content else None

    def ping(self, latitude, longitude):
        response = self.http.put("technicians/me/location", json={"latitude": latitude, "longitude": longitude})
        assert response.status_code == 204, response.text

    def upload_identity(self):
        picture = BytesIO()
        Image.new("RGB", (40, 30), "white").save(picture, "PNG")
        files = {"file": ("id.png", picture.getvalue(), "image/png")}
        response = self.http.post("technicians/me/documents", data={"kind": "IDENTITY"}, files=files)
        return self._answered(response, 201)["id"]

    def request_job(self, service_id):
        where = {"address": "12 Beacon Street", "latitude": LATITUDE, "longitude": LONGITUDE}
        return self.post("jobs", 201, service_id=service_id, description="The tap drips.", **where)["id"]

    def open_offer(self):
        offers = self.get("offers?status=PENDING")["results"]
        return offers[0]["id"] if offers else None

    def job_in(self, job_id, status):
        return wait_for(lambda: (job := self.get(f"jobs/{job_id}"))["status"] == status and job)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url(folder):
    """Return the address of a database that is not there yet."""
    if settings.IS_SQLITE:
        return f"sqlite:///{folder / 'live.sqlite3'}"
    base, _, _ = settings.DATABASE_URL.rpartition("/")
    return f"{base}/fixmate_live_{uuid4().hex[:12]}"


def make_database(url, *, like=""):
    """Make it empty, or as a copy of one that nobody is connected to."""
    if not settings.IS_SQLITE:
        _on_server(f'CREATE DATABASE "{_name(url)}"' + (f' TEMPLATE "{_name(like)}"' if like else ""))
    elif like:
        shutil.copy(like.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))


def drop_database(url):
    if not settings.IS_SQLITE:
        _on_server(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def _name(url):
    return url.rpartition("/")[2]


def _on_server(statement):
    base, _, _ = settings.DATABASE_URL.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(statement)
