"""Counters for the limits: atomic `add` and `incr`, in a table or on Redis with the table behind it.

Django's database and file caches lose increments under races; 100 logins at once must count as 100.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from redis.exceptions import DataError, RedisError

from fixmate.core.breaker import Breaker


class Care(Enum):
    """What a count is worth where Redis does not answer, or where there is none."""

    KEPT = auto()  # counted in the table
    OPEN = auto()  # without Redis everybody passes; where there never is one, counted in the table
    CHEAP = auto()  # the same, but there counted in the process: it is counted for every request


_care: ContextVar[Care] = ContextVar("fixmate_care", default=Care.KEPT)
_AWAY = (RedisError, OSError)
_MOST_HERE = 100_000  # counts in the process; a full cache would forget some


@contextmanager
def counted_with(care: Care) -> Iterator[None]:
    token = _care.set(care)
    try:
        yield
    finally:
        _care.reset(token)


class DatabaseCounterCache(BaseCache):
    """A cache that counts. It answers `add`, `incr`, `get`, `set` and `delete` of whole numbers, each one statement."""

    def __init__(self, _location: str = "", params: dict[str, Any] | None = None) -> None:
        super().__init__(params or {})
        self._here = _in_process(params)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value unless a live one is there; return whether it was stored."""
        if _care.get() is Care.CHEAP:
            return self._here.add(key, value, timeout, version)
        sql = """INSERT INTO core_ratecounter AS held (key, value, expires_at) VALUES (%s, %s, %s)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
            WHERE held.expires_at <= %s RETURNING value"""
        return self._one(sql, [self._key(key, version), value, self._expiry(timeout), _now()]) is not None

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        sql = """INSERT INTO core_ratecounter (key, value, expires_at) VALUES (%s, %s, %s)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at RETURNING value"""
        self._one(sql, [self._key(key, version), value, self._expiry(timeout)])

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        sql = "SELECT value FROM core_ratecounter WHERE key = %s AND expires_at > %s"
        value = self._one(sql, [self._key(key, version), _now()])
        return default if value is None else value

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a live counter and return its new value.

        :raises ValueError: if there is none
        """
        if _care.get() is Care.CHEAP:
            return self._here.incr(key, delta, version)
        sql = "UPDATE core_ratecounter SET value = value + %s WHERE key = %s AND expires_at > %s RETURNING value"
        value = self._one(sql, [delta, self._key(key, version), _now()])
        if value is None:
            raise ValueError(f"no counter {key!r}")
        return value

    def delete(self, key: Any, version: int | None = None) -> bool:
        sql = "DELETE FROM core_ratecounter WHERE key = %s RETURNING value"
        return self._one(sql, [self._key(key, version)]) is not None

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM core_ratecounter")

    def _key(self, key: Any, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _expiry(self, timeout: Any) -> str:
        at = self.get_backend_timeout(timeout) or time.time() + 365 * 86400
        return _stamp(datetime.fromtimestamp(at, UTC))

    @staticmethod
    def _one(sql: str, params: list[Any]) -> int | None:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            row = cursor.fetchone()
        return None if row is None else int(row[0])


def _in_process(params: dict[str, Any] | None = None) -> LocMemCache:
    return LocMemCache("ceiling", {**(params or {}), "max_entries": _MOST_HERE})


def forget_in_process() -> None:
    """Count anew what is counted in the process, and believe in every Redis again: between tests alone."""
    _in_process().clear()
    _breaker_of.cache_clear()


@cache
def _breaker_of(server: str) -> Breaker:
    return Breaker("redis cache", failures=_AWAY)


class PlainSerializer:
    """JSON for what is cached on Redis. Django's own is pickle, which runs here what others have written there."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """:raises DataError: if it is no JSON; a Redis that talks nonsense counts as one that is away"""
        try:
            return json.loads(data)
        except ValueError as exc:
            raise DataError("what is cached is no JSON") from exc


class GuardedRedisCache(RedisCache):
    """Django's cache on Redis behind a breaker: a silent Redis must not cost every request its time-out.

    Its errors are Redis's, or `Away`, which is an OSError.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._breaker = _breaker_of(str(server))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._breaker.call(lambda: super(GuardedRedisCache, self).add(key, value, timeout, version)))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._breaker.call(lambda: super(GuardedRedisCache, self).get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._breaker.call(lambda: super(GuardedRedisCache, self).set(key, value, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._breaker.call(lambda: super(GuardedRedisCache, self).delete(key, version)))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._breaker.call(lambda: super(GuardedRedisCache, self).incr(key, delta, version)))


class RedisCounterCache(GuardedRedisCache):
    """Redis, and the table while Redis does not answer: the limit of a login must not end with a lost cache."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._table = DatabaseCounterCache("", params)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(
            self._or_else(
                lambda: super(RedisCounterCache, self).add(key, value, timeout, version),
                lambda: self._table.add(key, value, timeout, version),
                is_open=True,
            )
        )

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(
            self._or_else(
                lambda: super(RedisCounterCache, self).incr(key, delta, version),
                lambda: self._table.incr(key, delta, version),
                is_open=delta,
            )
        )

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._or_else(
            lambda: super(RedisCounterCache, self).get(key, default, version),
            lambda: self._table.get(key, default, version),
            is_open=default,
        )

    @staticmethod
    def _or_else(redis_call: Callable[[], Any], table_call: Callable[[], Any], *, is_open: Any) -> Any:
        try:
            return redis_call()
        except _AWAY:
            return table_call() if _care.get() is Care.KEPT else is_open


def purge_expired() -> int:
    """Remove counters that ended; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_ratecounter WHERE expires_at <= %s", [_now()])
        return int(cursor.rowcount)


def _now() -> str:
    return _stamp(datetime.now(UTC))


def _stamp(at: datetime) -> str:
    # SQLite compares text: the form Django itself stores there. PostgreSQL reads it as UTC, with the offset.
    at = at - timedelta(microseconds=at.microsecond % 1000)
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") + ("+00:00" if connection.vendor == "postgresql" else "")
