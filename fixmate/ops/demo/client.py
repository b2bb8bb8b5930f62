"""The HTTP clients: patient with the network, strict about answers. What was not expected is counted, never raised."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx

PREFIX = "/api/v1"
OK, CREATED, ACCEPTED, NO_CONTENT = 200, 201, 202, 204
UNAUTHORIZED, NOT_FOUND, CONFLICT, TOO_MANY, SERVER_ERROR, UNAVAILABLE = 401, 404, 409, 429, 500, 503
NO_ANSWER = 0
TIMEOUT = httpx.Timeout(15.0, connect=5.0, pool=60.0)
CONNECTIONS = 24
LOOKS_AT_ONCE = 4  # so that looking never keeps a slow server from hearing what people do
PAUSES_S = (0.2, 0.5, 1.0, 2.0)  # before each further try
LONGEST_PAUSE_S = 5.0
SAMPLE_LENGTH = 240
PAGE_SIZE = 100
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    is_expected: bool

    @property
    def is_ok(self) -> bool:
        return OK <= self.status < OK + 100

    @property
    def code(self) -> str:
        """Return the code of a refusal, or nothing."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else ""


@dataclass(slots=True)
class Surprises:
    """Answers nobody expected: how often, and one of each to look at."""

    counts: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    server_errors: int = 0

    def note(self, kind: str, sample: str) -> None:
        self.counts[kind] += 1
        self.samples.setdefault(kind, sample[:SAMPLE_LENGTH])

    def lines(self) -> list[str]:
        return [f"{count} x {kind}: {self.samples[kind]}" for kind, count in self.counts.most_common()]


class Api:
    """The way to the server that all share; each request carries the token of whoever makes it."""

    def __init__(self, base_url: str, surprises: Surprises, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.surprises = surprises
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            trust_env=False,  # a proxy of the environment cannot reach this host's own port
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, *, expect: Collection[int] = (), **content: Any) -> Answer:
        """Ask, again while the network or a full server stands in the way, and return what was answered.

        A success is always expected; other statuses are surprises unless named in `expect`.
        """
        if method == "POST":  # so that a repeated try does nothing twice
            content["headers"] = {**content.get("headers", {}), "Idempotency-Key": str(uuid4())}
        answer = Answer(NO_ANSWER, None, is_expected=False)
        for pause in (*PAUSES_S, None):
            answer, wait_s = await self._try(method, path, expect, content)
            if wait_s is None or pause is None:
                break
            await asyncio.sleep(min(max(pause, wait_s), LONGEST_PAUSE_S))
        if answer.status == NO_ANSWER:
            self.surprises.note(f"{method} {_IDS.sub('{id}', path)} no answer", str(answer.body))
        return answer

    async def _try(
        self, method: str, path: str, expect: Collection[int], content: dict[str, Any]
    ) -> tuple[Answer, float | None]:
        """Return the answer, and how long to wait at least before another try; None if it is final."""
        try:
            async with self._looks if method == "GET" else nullcontext():
                response = await self._http.request(method, path, **content)
        except httpx.TransportError as exc:
            return Answer(NO_ANSWER, repr(exc), is_expected=False), 0.0
        answer = Answer(response.status_code, _body(response), _is_expected(response, expect))
        if not answer.is_expected:
            self._note(method, path, response, answer)
        if answer.status in (TOO_MANY, UNAVAILABLE):
            return answer, _retry_after(response)
        return answer, None

    def _note(self, method: str, path: str, response: httpx.Response, answer: Answer) -> None:
        route = _IDS.sub("{id}", httpx.URL(path).path)
        self.surprises.note(f"{method} {route} {answer.status} {answer.code}".rstrip(), response.text)
        self.surprises.server_errors += answer.status >= SERVER_ERROR


def _is_expected(response: httpx.Response, expect: Collection[int]) -> bool:
    return response.is_success or response.status_code in expect


def _body(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return response.text


def _retry_after(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0


@dataclass(slots=True)
class Account:
    """Somebody with an address, a password and, once logged in, a token of his own."""

    api: Api
    email: str
    password: str
    token: str = ""

    async def log_in(self) -> bool:
        credentials = {"email": self.email, "password": self.password}
        answer = await self.api.call("POST", f"{PREFIX}/auth/login", expect=(UNAUTHORIZED,), json=credentials)
        self.token = answer.body["access_token"] if answer.is_ok else ""
        return answer.is_ok

    async def call(self, method: str, path: str, *, expect: Collection[int] = (), **content: Any) -> Answer:
        """Ask as this account; a token that has run out is replaced by logging in again."""
        where = path if path.startswith("http") else f"{PREFIX}{path}"
        allowed = (*expect, UNAUTHORIZED)
        answer = await self.api.call(method, where, expect=allowed, headers=self._headers(), **content)
        if answer.status == UNAUTHORIZED and await self.log_in():
            answer = await self.api.call(method, where, expect=expect, headers=self._headers(), **content)
        return answer

    async def get(self, path: str, *, expect: Collection[int] = ()) -> Answer:
        return await self.call("GET", path, expect=expect)

    async def post(self, path: str, body: dict[str, Any] | None = None, *, expect: Collection[int] = ()) -> Answer:
        return await self.call("POST", path, expect=expect, json=body or {})

    async def listed(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Read a list page by page to its end."""
        where: str | None = f"{path}{'&' if '?' in path else '?'}page_size={PAGE_SIZE}"
        while where:
            answer = await self.get(where)
            if not answer.is_ok:
                return
            for row in answer.body["results"]:
                yield row
            where = answer.body["next"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}
