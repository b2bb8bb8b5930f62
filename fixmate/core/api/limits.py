"""Limits: django-ratelimit counts, DRF answers 429 with `Retry-After`."""

import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from fixmate.core.api.requests import client_ip


class LimitsMixin:
    """A view with limits: `limits` maps an action (or a lower-case HTTP method) to the name of a rate in settings.

    Each is counted per client address and per account the body names, so that neither many addresses nor many accounts
    get around it.
    """

    limits: ClassVar[dict[str, str]] = {}
    _ACCOUNT_FIELDS = ("email", "phone", "username")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        action = getattr(self, "action", None) or (request.method or "").lower()
        name = self.limits.get(action)
        if name:
            wait_s = count_use(request._request, name, address=client_ip(request), accounts=self._accounts(request))
            if wait_s:
                raise Throttled(wait=wait_s)

    def _accounts(self, request: Request) -> list[str]:
        body: Any = request.data  # every parser here gives an object
        given = [body.get(field) for field in self._ACCOUNT_FIELDS]
        return [value for value in given if isinstance(value, str)]


def count_use(request: HttpRequest, name: str, *, address: str, accounts: Iterable[str]) -> int:
    """Count one use of the rate for the address and for each account; return how many seconds to wait, 0 for none."""
    rate = settings.RATES[name]
    if not rate:
        return 0
    named = sorted({_account_name(account) for account in accounts} - {""})
    keys = [(f"{name}:ip", address), *((f"{name}:account", account) for account in named)]
    for group, value in keys:
        wait_s = _count_one(request, group, value, rate)
        if wait_s:
            return wait_s
    return 0


def _account_name(text: str) -> str:
    """Return the one form of an address: case, spaces and punctuation must not give a second count."""
    text = unicodedata.normalize("NFKC", text).strip().lower()
    return text if "@" in text else "".join(character for character in text if character.isalnum())


def _count_one(request: HttpRequest, group: str, value: str, rate: str) -> int:
    usage = get_usage(request, group=group, key=lambda _group, _request: value, rate=rate, increment=True)
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
