import time

import pytest
import time_machine
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from fixmate.core.counters import DatabaseCounterCache, RedisCounterCache, purge_expired
from fixmate.core.models import RateCounter
from fixmate.core.tests import redis_server
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

REDIS = settings.REDIS_URL or "redis://127.0.0.1:6379/13"
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def table(db):
    return DatabaseCounterCache()


@pytest.fixture
def redis():
    """The counters on a real Redis, under keys of this test's own."""
    with Redis.from_url(REDIS, socket_connect_timeout=0.2) as server:
        redis_server.need(server)
        prefix = f"test{time.monotonic_ns()}"
        yield RedisCounterCache(REDIS, {"KEY_PREFIX": prefix})
        for key in server.scan_iter(f"{prefix}*"):
            server.delete(key)


@pytest.fixture
def away(db):
    return RedisCounterCache(NOBODY, {"OPTIONS": {"socket_connect_timeout": 0.2}})


def count_in(cache, key: str = "a") -> int:
    """Count as django-ratelimit does."""
    return 1 if cache.add(key, 1, 60) else cache.incr(key)


# The table


def test_add_stores_a_value_once(table):
    assert table.add("a", 1, 60) is True
    assert table.add("a", 5, 60) is False
    assert (table.get("a"), table.get("b"), table.get("b", 7)) == (1, None, 7)


def test_incr_adds_and_returns_the_new_value(table):
    table.set("a", 5, 60)

    assert (table.incr("a"), table.incr("a", 10), table.get("a")) == (6, 16, 16)


def test_incr_of_nothing_is_an_error(table):
    with pytest.raises(ValueError, match="no counter 'a'"):
        table.incr("a")


def test_set_replaces(table):
    table.add("a", 1, 60)
    table.set("a", 9, 60)

    assert table.get("a") == 9


def test_delete_and_clear(table):
    for key in "abc":
        table.set(key, 1, 60)

    assert (table.delete("a"), table.delete("a")) == (True, False)
    table.clear()
    assert table.get("b") is None


@pytest.mark.parametrize("timeout", [60, None])
def test_a_counter_ends_at_its_time_and_is_then_as_if_it_never_was(table, timeout):
    with time_machine.travel(0, tick=False):
        table.set("a", 5, timeout)
    end = timeout or 365 * 86400

    with time_machine.travel(end - 1, tick=False):
        assert table.get("a") == 5
        assert table.add("a", 1, 60) is False
    with time_machine.travel(end, tick=False):
        assert table.get("a") is None
        with pytest.raises(ValueError, match="no counter"):
            table.incr("a")
        assert table.add("a", 1, 60) is True
        assert table.get("a") == 1


def test_versions_are_apart(table):
    table.set("a", 1, 60, version=1)
    table.set("a", 2, 60, version=2)

    assert (table.get("a", version=1), table.incr("a", version=2)) == (1, 3)


def test_purge_removes_ended_counters_alone(table):
    with time_machine.travel(0, tick=False):
        table.set("old", 1, 60)
    table.set("new", 1, 60)

    assert purge_expired() == 1

    assert str(RateCounter.objects.get()) == ":1:new=1"


@pytest.mark.django_db(transaction=True)
def test_a_hundred_counts_at_once_are_a_hundred_in_the_table():
    found = at_once(*[lambda: [count_in(DatabaseCounterCache()) for _ in range(5)]] * 20)

    assert sorted(number for numbers in found for number in numbers) == list(range(1, 101))


# Redis


@pytest.mark.redis
def test_a_hundred_counts_at_once_are_a_hundred_on_redis(redis):
    found = at_once(*[lambda: [count_in(redis) for _ in range(5)]] * 20)

    assert sorted(number for numbers in found for number in numbers) == list(range(1, 101))
    assert (redis.get("a"), redis.get("b", 7)) == (100, 7)


@pytest.mark.redis
@pytest.mark.django_db
def test_redis_answers_and_the_table_stays_empty(redis):
    count_in(redis)

    assert RateCounter.objects.count() == 0


def test_with_redis_away_the_table_counts(away):
    assert [count_in(away) for _ in range(3)] == [1, 2, 3]
    assert away.get("a") == 3
    assert RateCounter.objects.count() == 1


def test_a_redis_that_goes_in_between_is_a_refusal_and_no_crash(db, monkeypatch):
    cache = RedisCounterCache(NOBODY, {})
    monkeypatch.setattr(RedisCache, "add", lambda *_: False)

    def away(*_):
        raise RedisAway

    monkeypatch.setattr(RedisCache, "incr", away)
    cache.add("a", 1, 60)

    with pytest.raises(ValueError, match="no counter"):
        cache.incr("a")


@pytest.mark.urls("fixmate.core.tests.urls")
def test_with_redis_away_the_limit_holds_and_nothing_is_a_500(db, settings):
    settings.RATES = {"login": "2/d"}
    settings.CACHES = {
        **settings.CACHES,
        "ratelimit": {
            "BACKEND": "fixmate.core.counters.RedisCounterCache",
            "LOCATION": NOBODY,
            "OPTIONS": {"socket_connect_timeout": 0.2},
        },
    }

    found = [client_for().post("/limited", {}).status_code for _ in range(4)]

    assert found == [200, 200, 429, 429]
    assert isinstance(caches["ratelimit"], RedisCounterCache)


@pytest.mark.redis
@pytest.mark.urls("fixmate.core.tests.urls")
@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_at_once_ten_pass_on_redis(redis, settings):
    settings.RATES = {"login": "10/d"}
    settings.CACHES = {
        **settings.CACHES,
        "ratelimit": {
            "BACKEND": "fixmate.core.counters.RedisCounterCache",
            "LOCATION": REDIS,
            "KEY_PREFIX": redis.key_prefix,
        },
    }

    found = at_once(*[lambda: [client_for().post("/limited", {}).status_code for _ in range(5)]] * 20)

    assert sum(numbers.count(200) for numbers in found) == 10
    assert sum(numbers.count(429) for numbers in found) == 90
