"""What apps ask, over HTTP on connections kept open, at a rate that slow answers do not lower. Without Django."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

TIMEOUT_S = 30.0
SHARES = {"GET /jobs": 30, "GET /jobs/{id}": 30, "GET /offers": 20, "GET /auth/me": 15, "POST /jobs": 5}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with an app: his token and the ids of a few of his jobs."""

    token: str
    job_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crowd:
    urls: tuple[str, ...]
    customers: tuple[Caller, ...]
    technicians: tuple[Caller, ...]
    order: dict[str, Any]  # the body of POST /jobs


@dataclass(frozen=True, slots=True)
class Answer:
    route: str
    status: int
    ms: float  # from the moment it was due to the last byte: what waits in line here counts too
    late_ms: float  # how long after that moment the asker itself got to ask


@dataclass(frozen=True, slots=True)
class Ask:
    at_s: float
    route: str
    method: str
    url: str
    headers: dict[str, str]


def ask_all(crowd: Crowd, rate: float, seconds: float, seed: int) -> list[Answer]:
    """Ask `rate` times a second on average, at moments drawn by lot: the same for the same seed."""
    return asyncio.run(_ask_all(crowd, list(_schedule(crowd, rate, seconds, seed))))


def _schedule(crowd: Crowd, rate: float, seconds: float, seed: int) -> Iterator[Ask]:
    lots, at_s = random.Random(seed), 0.0
    while (at_s := at_s + lots.expovariate(rate)) < seconds:
        (route,) = lots.choices(list(SHARES), list(SHARES.values()))
        caller = lots.choice(crowd.technicians if route == "GET /offers" else crowd.customers)
        method, _, path = route.partition(" ")
        if "{id}" in path:
            path = path.format(id=lots.choice(caller.job_ids))
        yield Ask(at_s, route, method, f"{lots.choice(crowd.urls)}/api/v1{path}", headers_of(caller))


async def _ask_all(crowd: Crowd, asks: list[Ask]) -> list[Answer]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client, asyncio.TaskGroup() as group:
        began, tasks = time.perf_counter(), []
        for ask in asks:
            await asyncio.sleep(began + ask.at_s - time.perf_counter())
            tasks.append(group.create_task(_asked(client, ask, crowd.order, began + ask.at_s)))
    return [task.result() for task in tasks]


async def _asked(client: httpx.AsyncClient, ask: Ask, order: dict[str, Any], due: float) -> Answer:
    late_ms = (time.perf_counter() - due) * 1000
    body = _for_tomorrow(order) if ask.method == "POST" else None
    response = await client.request(ask.method, ask.url, json=body, headers=ask.headers)
    return Answer(ask.route, response.status_code, (time.perf_counter() - due) * 1000, late_ms)


def _for_tomorrow(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order put off: as much work for the web, and no pass follows from it now."""
    return {**order, "scheduled_for": (datetime.now(UTC) + timedelta(days=1)).isoformat()}


def headers_of(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}
