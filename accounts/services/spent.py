"""Redis in front of the codes: who guesses on after the last try does not reach the database.

Rows decide: this only ever refuses what they would refuse, so an entry that is lost costs a query and changes nothing.
Guesses are counted alike for an address nobody has, or a quicker refusal would tell it apart.
"""

import hashlib
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.enums import CodePurpose
from fixmate.core.networks import client_network

log = structlog.get_logger(__name__)
_AWAY = (RedisError, OSError)


def is_spent(purpose: CodePurpose, address: str, *, user_id: UUID | None = None) -> bool:
    """Tell whether this client has guessed too often at the last code for the address, or for the account's new one."""
    if not settings.REDIS_URL:  # a cache in the process knows nothing of the other processes
        return False
    try:
        return int(cache.get(_key(purpose, address, client_network(), user_id), 0)) >= settings.CODE_TRIES
    except _AWAY:
        log.warning("codes.cache_away", exc_info=True)
        return False


def note_refused(purpose: CodePurpose, address: str, network: str = "", *, user_id: UUID | None = None) -> None:
    if not settings.REDIS_URL:
        return
    try:
        key = _key(purpose, address, network, user_id)
        if not cache.add(key, 1, settings.CODE_LIFETIME.total_seconds()):
            cache.incr(key)
    except (*_AWAY, ValueError):  # away, or ended between the two
        log.warning("codes.cache_away", exc_info=True)


def forget(purpose: CodePurpose, address: str, challenge_id: UUID) -> None:
    """Begin to count anew, for every client: another code is out."""
    if not settings.REDIS_URL:
        return
    try:
        cache.set(_newest(purpose, address), str(challenge_id), settings.CODE_LIFETIME.total_seconds())
    except _AWAY:
        log.warning("codes.cache_away", exc_info=True)


def _key(purpose: CodePurpose, address: str, network: str, user_id: UUID | None) -> str:
    """Name what is counted: the guesses of one client at what was sent last."""
    sent = cache.get(_newest(purpose, address), "")
    return f"codes:{purpose}:{_digest(f'{address} {network} {user_id} {sent}')}"


def _newest(purpose: CodePurpose, address: str) -> str:
    return f"codes:newest:{purpose}:{_digest(address)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
