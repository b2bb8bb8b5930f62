"""The keys that providers sign with: given in the settings, or fetched from where the provider publishes them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, Final

import httpx
import jwt
from jwt import PyJWK

from fixmate.core.breaker import Away, Breaker

_TIMEOUT: Final = httpx.Timeout(3)  # connecting, and each wait for more
_TOTAL_S: Final = 6.0
_BYTES_MAX: Final = 64 * 1024
_KEPT_S, _KEPT_MIN_S, _KEPT_MAX_S = 3600, 60, 24 * 3600  # without a max-age; and its bounds
_ASK_AGAIN_S: Final = 60.0  # for a key that is not among them: anybody can name one
_MAX_AGE: Final = re.compile(r"\bmax-age=(\d{1,9})\b")
Keys = Mapping[str, PyJWK]


class KeysAway(OSError):
    """No usable key set was to be had."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: Keys
    at: float
    good_until: float


def keys_read(document: str | bytes) -> Keys:
    """Return the signing keys of a JWK set by their ids; keys of another use or a form nobody knows are left out.

    :raises ValueError: if it is no such set, or none of its keys can be used
    """
    entries = json.loads(document)["keys"]
    found = {entry["kid"]: key for entry in entries if (key := _key_of(entry))}
    if not found:
        raise ValueError("no key of the set can be used")
    return found


def _key_of(entry: Any) -> PyJWK | None:
    is_for_signing = entry.get("use", "sig") == "sig" and isinstance(entry.get("kid"), str)
    try:
        return PyJWK(entry) if is_for_signing else None
    except jwt.PyJWTError:
        return None


class KeyRing:
    """The key set at an address, kept by this process as long as its answer says.

    One thread fetches while the others wait for what it finds. After a failure nobody asks for some seconds.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._fetched: _Fetched | None = None
        self._lock = Lock()
        self._breaker = Breaker(f"keys at {url}", failures=(KeysAway,))

    def key(self, key_id: str) -> PyJWK | None:
        """Return the key; None if the provider has none of this id. Reaches outside: call it with no transaction open.

        :raises KeysAway: if the keys are not known and cannot be had now
        """
        fetched = self._fetched
        if fetched and self._is_enough(fetched, key_id):
            return fetched.keys.get(key_id)
        with self._lock:
            fetched = self._fetched  # perhaps another thread has just asked
            if not fetched or not self._is_enough(fetched, key_id):
                fetched = self._fetched = self._ask()
        return fetched.keys.get(key_id)

    def _is_enough(self, fetched: _Fetched, key_id: str) -> bool:
        now = monotonic()
        return now < fetched.good_until and (key_id in fetched.keys or now < fetched.at + _ASK_AGAIN_S)

    def _ask(self) -> _Fetched:
        try:
            return self._breaker.call(lambda: _fetch(self._url))
        except Away as exc:
            raise KeysAway(str(exc)) from exc


@lru_cache(maxsize=16)
def ring_at(url: str) -> KeyRing:
    return KeyRing(url)


def _fetch(url: str) -> _Fetched:
    """
    :raises KeysAway: whatever went wrong
    """
    began = monotonic()
    # Not compressed: what is counted is what is read. A redirect could lead anywhere.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        with httpx.stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise KeysAway(f"the provider answered {answer.status_code}")
            keys = keys_read(_body_of(answer, began + _TOTAL_S))
            return _Fetched(keys, monotonic(), monotonic() + _kept_s(answer.headers))
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise KeysAway(f"the provider did not answer: {type(exc).__name__}") from exc
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise KeysAway("the provider's answer is no key set") from exc


def _body_of(answer: httpx.Response, until: float) -> bytes:
    body = b""
    for part in answer.iter_raw():
        body += part
        if len(body) > _BYTES_MAX:
            raise KeysAway("the provider's answer is too long")
        if monotonic() > until:
            raise KeysAway("the provider's answer takes too long")
    return body


def _kept_s(headers: httpx.Headers) -> float:
    """Return for how many seconds the answer is good, as it says, within bounds."""
    said = _MAX_AGE.search(headers.get("cache-control", ""))
    age = headers.get("age", "")
    kept = int(said[1]) - (int(age) if age.isascii() and age.isdigit() else 0) if said else _KEPT_S
    return min(max(kept, _KEPT_MIN_S), _KEPT_MAX_S)
