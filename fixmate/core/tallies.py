"""Numbers that only grow, of things that leave no row, shared by every process: for `/metrics`.

They live where the limits are counted. A count that is lost with Redis starts anew, as Prometheus expects of counters.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from django.core.cache import caches
from django.db import DatabaseError

_CACHE = "ratelimit"
_waiting: ContextVar[list[tuple[str, int]] | None] = ContextVar("fixmate_tallies_waiting", default=None)


def tally(name: str, count: int = 1) -> None:
    """Count so many more. Call it outside the transaction whose refusal is counted, or the count is rolled back too."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append((name, count))
        return
    cache = caches[_CACHE]
    # It was there a moment ago: the cache was emptied, or Redis went away. And no count is worth a failed answer.
    with suppress(ValueError, DatabaseError):
        cache.add(_key(name), 0, timeout=None)
        cache.incr(_key(name), count)


@contextmanager
def tallied_afterwards() -> Iterator[None]:
    """Count what is tallied within when it is over, however it ends: around a transaction that may be undone."""
    token = _waiting.set([])
    try:
        yield
    finally:
        counts = _waiting.get() or []
        _waiting.reset(token)
        for name, count in counts:
            tally(name, count)


def tallied(name: str) -> int:
    return int(caches[_CACHE].get(_key(name), 0))


def _key(name: str) -> str:
    return f"tally:{name}"
