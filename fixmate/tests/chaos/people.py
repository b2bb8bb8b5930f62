"""Customers and technicians: made in the database, acting over HTTP."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import httpx

from accounts.api.tokens import pair_of
from accounts.models import Session, User
from accounts.tests.factories import UserFactory
from catalog.models import Service
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from technicians.models import Technician
from technicians.tests.factories import BASE_LATITUDE, BASE_LONGITUDE, technician_ready

NO_ANSWER = 0
TIMEOUT_S = 30.0
PLACE = {"latitude": BASE_LATITUDE, "longitude": BASE_LONGITUDE}


@dataclass(frozen=True, slots=True)
class Party:
    """A customer, a service nobody else orders, and the one technician who offers it."""

    service: Service
    customer: User
    technician: Technician


def party() -> Party:
    service = ServiceFactory()
    return Party(service, UserFactory(), technician_ready(service))


def token_of(user: User, *, age_s: float = 0.0) -> str:
    """Return an access token as a login so long ago would have given it, without the hashing."""
    at = clock.now() - timedelta(seconds=age_s)
    session = Session.objects.create(
        user=user, created_at=at, refreshed_at=at, expires_at=at + timedelta(days=1), refresh_jti=uuid4()
    )
    return pair_of(session).access_token


@dataclass(frozen=True, slots=True)
class Answer:
    at: float  # monotonic, when it was asked
    seconds: float
    route: str
    status: int
    body: Any

    @property
    def ended_at(self) -> float:
        return self.at + self.seconds

    @property
    def is_server_error(self) -> bool:
        return self.status >= httpx.codes.INTERNAL_SERVER_ERROR

    @property
    def is_unsure(self) -> bool:
        """Say whether the request may have had its effect all the same."""
        return self.status == NO_ANSWER or self.is_server_error

    @property
    def code(self) -> str:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error["code"]) if error else ""


@dataclass(slots=True)
class Record:
    """Every answer of an experiment, whoever asked."""

    answers: list[Answer] = field(default_factory=list)
    refused: int = 0  # connections that no process took: another was tried
    _lock: Any = field(default_factory=Lock)

    def add(self, answer: Answer) -> None:
        with self._lock:
            self.answers.append(answer)

    def add_refused(self) -> None:
        with self._lock:
            self.refused += 1

    def server_errors(self, *, since: float = 0.0) -> list[Answer]:
        return [answer for answer in self.answers if answer.is_server_error and answer.at >= since]

    def dropped(self, *, since: float = 0.0) -> list[Answer]:
        """Return the requests that got no answer although a process had taken them."""
        return [answer for answer in self.answers if answer.status == NO_ANSWER and answer.at >= since]

    def failures(self, *, since: float = 0.0) -> list[Answer]:
        return self.server_errors(since=since) + self.dropped(since=since)

    def by_kind(self) -> Counter[str]:
        return Counter(f"{answer.route} {answer.status} {answer.code}".rstrip() for answer in self.answers)


@dataclass(slots=True)
class Person:
    """Somebody at a client that knows every web process and opens a connection for each request."""

    token: str
    urls: list[str]
    record: Record
    _turn: int = 0

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Ask one web process; only where nobody takes the connection, ask the next."""
        answer = self._answer(method, path, body)
        self.record.add(answer)
        return answer

    def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> Answer:
        began = time.monotonic()
        route = f"{method} {_without_ids(path)}"
        headers = {"Connection": "close", "Authorization": f"Bearer {self.token}"}
        for _ in range(2 * len(self.urls)):
            self._turn += 1
            url = self.urls[self._turn % len(self.urls)]
            try:
                response = httpx.request(method, f"{url}/api/v1/{path}", json=body, headers=headers, timeout=TIMEOUT_S)
            except httpx.ConnectError:
                self.record.add_refused()
                time.sleep(0.05)
                continue
            except httpx.TransportError as exc:
                return Answer(began, time.monotonic() - began, route, NO_ANSWER, repr(exc))
            return Answer(began, time.monotonic() - began, route, response.status_code, _body(response))
        return Answer(began, time.monotonic() - began, route, NO_ANSWER, "nobody listens")


def _body(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return response.text


def _without_ids(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    return "/".join("{id}" if _is_id(part) else part for part in parts)


def _is_id(part: str) -> bool:
    try:
        UUID(part)
    except ValueError:
        return False
    return True
