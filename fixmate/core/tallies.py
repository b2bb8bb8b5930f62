"""Numbers that only grow, of things that leave no row, shared by every process: for `/metrics`.

They live where the limits are counted. A count that is lost with Redis starts anew, as Prometheus expects of counters.
"""

from contextlib import suppress

from django.core.cache import caches
from django.db import DatabaseError

_CACHE = "ratelimit"


def tally(name: str) -> None:
    """Count one more. Call it outside the transaction whose refusal is counted, or the count is rolled back too."""
    cache = caches[_CACHE]
    # It was there a moment ago: the cache was emptied, or Redis went away. And no count is worth a failed answer.
    with suppress(ValueError, DatabaseError):
        cache.add(_key(name), 0, timeout=None)
        cache.incr(_key(name))


def tallied(name: str) -> int:
    return int(caches[_CACHE].get(_key(name), 0))


def _key(name: str) -> str:
    return f"tally:{name}"
