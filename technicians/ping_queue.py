"""Where pings wait for the next flush: one hash on Redis, and in it the newest ping of each technician.

It may lose a ping, never a position: with Redis emptied the next ping comes, with Redis away the caller writes the row
himself. A ping stays until it is in the rows, so that a flush which is killed is made good by the next one.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY: Final = "fixmate:pings"
TIMEOUT_S: Final = 1.0
AWAY_S: Final = 5.0
# What is stored begins with the time of recording, all of one width: the greater text is the newer ping.
_PUT: Final = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held or held < ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""
_DROP: Final = """
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
"""
T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ping:
    """Where a technician is. `recorded_at` is by his phone's clock, `accepted_at` by the database's."""

    technician_id: UUID
    latitude: float
    longitude: float
    accuracy_m: float | None
    recorded_at: datetime
    accepted_at: datetime


class _Reach:
    """Whether Redis is worth a try: after a failure not for `AWAY_S`, and then one caller finds out for the others.

    State of the process on purpose: a silent Redis costs it one time-out every `AWAY_S`, and not one a request. Only
    what is under way at the moment of the first failure waits as well.
    """

    def __init__(self) -> None:
        self.away_until = 0.0

    def attempt(self, call: Callable[[redis.Redis], T], otherwise: T) -> T:
        """Return what the call returned, or `otherwise` while Redis is away."""
        if self.away_until and time.monotonic() < self.away_until:
            return otherwise
        if self.away_until:
            self._wait()
        try:
            answer = call(_client(settings.REDIS_URL))
        except (redis.RedisError, OSError):
            self._wait()
            log.warning("pings.redis_away", exc_info=True)
            return otherwise
        self.away_until = 0.0
        return answer

    def _wait(self) -> None:
        self.away_until = time.monotonic() + AWAY_S


reach = _Reach()


@cache
def _client(url: str) -> redis.Redis:
    # One try: the library's own default is three more, each with a time-out of its own.
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )


def put(ping: Ping) -> bool:
    """Have the ping wait, unless a newer one of his does; return whether Redis took it."""
    field, value = str(ping.technician_id), _packed(ping)
    return reach.attempt(lambda client: client.eval(_PUT, 1, KEY, field, value) is None, otherwise=False)


def peek(limit: int) -> list[Ping]:
    """Return up to `limit` waiting pings, drawn by lot and left where they are; none while Redis is away."""
    nothing: Any = []
    found = reach.attempt(lambda client: client.hrandfield(KEY, limit, withvalues=True), otherwise=nothing)
    return [_unpacked(field, value) for field, value in zip(found[::2], found[1::2], strict=True)]


def peek_of(technician_id: UUID) -> Ping | None:
    """Return the technician's waiting ping and leave it; None as well while Redis is away."""
    found: Any = reach.attempt(lambda client: client.hget(KEY, str(technician_id)), otherwise=None)
    return _unpacked(str(technician_id).encode(), found) if found else None


def drop(pings: Iterable[Ping]) -> None:
    """Take away what is done with; a newer ping that came meanwhile stays. Redis away, they come up once more."""
    done = [text for ping in pings for text in (str(ping.technician_id), _packed(ping))]
    if done:
        reach.attempt(lambda client: client.eval(_DROP, 1, KEY, *done), otherwise=None)


def _packed(ping: Ping) -> str:
    times = [at.isoformat(timespec="microseconds") for at in (ping.recorded_at, ping.accepted_at)]
    return json.dumps([*times, ping.latitude, ping.longitude, ping.accuracy_m])


def _unpacked(field: bytes, value: bytes) -> Ping:
    recorded_at, accepted_at, latitude, longitude, accuracy_m = json.loads(value)
    return Ping(
        technician_id=UUID(field.decode()),
        latitude=latitude,
        longitude=longitude,
        accuracy_m=accuracy_m,
        recorded_at=datetime.fromisoformat(recorded_at),
        accepted_at=datetime.fromisoformat(accepted_at),
    )
