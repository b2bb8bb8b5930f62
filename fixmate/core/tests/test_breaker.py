"""A server that is silent costs one time-out, and not one a request."""

import socket
import time
from dataclasses import dataclass

import pytest
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from fixmate.core.breaker import Away, Breaker
from fixmate.core.counters import GuardedRedisCache
from fixmate.core.tests.http import client_for

NO_RETRY = Retry(NoBackoff(), 0)


def fail():
    raise OSError("no answer")


@pytest.fixture
def breaker():
    return Breaker("it", failures=(OSError,), pause_s=0.2)


def test_after_a_failure_nobody_asks_until_the_pause_is_over(breaker):
    with pytest.raises(OSError, match="no answer"):
        breaker.call(fail)
    with pytest.raises(Away, match="it is away"):
        breaker.call(lambda: 1)

    time.sleep(0.25)

    assert (breaker.call(lambda: 1), breaker.call(lambda: 2)) == (1, 2)


def test_one_finds_out_for_the_others(breaker):
    with pytest.raises(OSError, match="no answer"):
        breaker.call(fail)
    time.sleep(0.25)

    def ask_while_another_waits():
        with pytest.raises(Away):
            breaker.call(lambda: 1)
        return 2

    assert breaker.call(ask_while_another_waits) == 2
    assert breaker.call(lambda: 3) == 3


def test_a_bug_is_no_failure_of_the_server(breaker):
    with pytest.raises(ValueError, match="bug"):
        breaker.call(lambda: int("bug"))

    assert breaker.call(lambda: 1) == 1


@dataclass
class Silence:
    url: str
    listener: socket.socket

    def tried(self) -> int:
        """Count the connections that waited for an answer."""
        self.listener.setblocking(False)
        count = 0
        while True:
            try:
                self.listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@pytest.fixture
def silent_redis(settings):
    """Let Redis take every connection and never answer; return how often it was tried."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": NO_RETRY}
        backends = {"default": "GuardedRedisCache", "ratelimit": "RedisCounterCache"}
        settings.CACHES = {
            alias: {"BACKEND": f"fixmate.core.counters.{name}", "LOCATION": url, "OPTIONS": options}
            for alias, name in backends.items()
        }
        yield Silence(url, listener)


@pytest.mark.django_db
@pytest.mark.urls("fixmate.core.tests.edge_urls")
def test_a_silent_redis_costs_one_request_its_time_out_and_the_others_nothing(silent_redis, user):
    client = client_for(user)
    began = time.monotonic()

    found = [client.get("/read/1").status_code for _ in range(20)]

    pauses = (time.monotonic() - began) // 5  # a machine that is very busy gives it another try
    assert found == [200] * 20
    assert 1 <= silent_redis.tried() <= 1 + pauses


@pytest.mark.django_db
def test_every_call_of_the_cache_goes_through_the_breaker(silent_redis):
    cache = GuardedRedisCache(silent_redis.url, {"OPTIONS": {"socket_timeout": 0.2, "retry": NO_RETRY}})
    calls = [
        lambda: cache.add("a", 1),
        lambda: cache.get("a"),
        lambda: cache.set("a", 1),
        lambda: cache.delete("a"),
        lambda: cache.incr("a"),
    ]
    with pytest.raises(NoAnswer):
        calls[0]()

    for call in calls:
        with pytest.raises(Away):
            call()
