"""Redis in front of the codes: who guesses on after the last try does not reach the database.

Rows decide: this only ever refuses what they would refuse, so an entry that is lost costs a query and changes nothing.
Guesses are counted alike for an address nobody has, or a quicker refusal would tell it apart.
"""

import hashlib

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.enums import CodePurpose

log = structlog.get_logger(__name__)
_AWAY = (RedisError, OSError)


def is_spent(purpose: CodePurpose, address: str) -> bool:
    """Tell whether the last code for the address has been guessed at too often."""
    if not settings.REDIS_URL:  # a cache in the process knows nothing of the other processes
        return False
    try:
        return int(cache.get(_key(purpose, address), 0)) >= settings.CODE_TRIES
    except _AWAY:
        log.warning("codes.cache_away", exc_info=True)
        return False


def note_refused(purpose: CodePurpose, address: str) -> None:
    if not settings.REDIS_URL:
        return
    key = _key(purpose, address)
    try:
        if not cache.add(key, 1, settings.CODE_LIFETIME.total_seconds()):
            cache.incr(key)
    except (*_AWAY, ValueError):  # away, or ended between the two
        log.warning("codes.cache_away", exc_info=True)


def forget(purpose: CodePurpose, address: str) -> None:
    """Begin to count anew: another code is out."""
    if not settings.REDIS_URL:
        return
    try:
        cache.delete(_key(purpose, address))
    except _AWAY:
        log.warning("codes.cache_away", exc_info=True)


def _key(purpose: CodePurpose, address: str) -> str:
    return f"codes:{purpose}:{hashlib.sha256(address.encode()).hexdigest()}"
