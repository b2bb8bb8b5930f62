"""Limits: django-ratelimit counts, DRF answers 429 with `Retry-After`."""

import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import phonenumbers
from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from fixmate.core.api.requests import act_of, client_ip
from fixmate.core.counters import Care, counted_with
from fixmate.core.networks import network_of

CEILING: Final = "requests"
_MAY_LAPSE: Final = frozenset({"uploads", "offer_answers"})  # without Redis; what guards an account never does
SHARED_ADDRESS: Final = 10  # people who are logged in get so much more per address: a carrier's many share one


ACCOUNT_SHARE: Final = 10  # from so many addresses at their limit an account is guessed at before all have to wait


class LimitsMixin:
    """A view with limits: `limits` maps an action (or a lower-case HTTP method) to the name of a rate in settings.

    Before a login each is counted per client address and, far more loosely, per account the body names: neither many
    accounts nor many addresses get around it, and no one client shuts the owner of an account out by failing to log in
    to it. After a login, per account and per address.
    """

    limits: ClassVar[dict[str, str]] = {}
    _ACCOUNT_FIELDS = ("email", "phone", "username")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        name = self.limits.get(act_of(request, self))
        if not name:
            return
        raw, address = request._request, client_ip(request)
        if request.user and request.user.is_authenticated:
            wait_s = count_use_of(raw, name, user_id=str(request.user.pk), address=address)
        else:
            wait_s = count_use(raw, name, address=address, accounts=self._accounts(request))
        if wait_s:
            raise Throttled(wait=wait_s)

    def _accounts(self, request: Request) -> list[str]:
        body: Any = request.data  # every parser here gives an object
        given = [body.get(field) for field in self._ACCOUNT_FIELDS]
        return [value for value in given if isinstance(value, str)]


def count_use(request: HttpRequest, name: str, *, address: str, accounts: Iterable[str]) -> int:
    """Count one use of the rate for the address, and of ten times as much for each account; return the seconds to wait.

    An account is not counted for what its address is refused, or one address could still use all of it up.
    """
    rate = settings.RATES[name]
    account_rate = _times(rate, ACCOUNT_SHARE)
    named = sorted({_account_name(account) for account in accounts} - {""})
    keys = [
        (f"{name}:ip", network_of(address), rate),
        *((f"{name}:account", account, account_rate) for account in named),
    ]
    return _count(request, keys)


def count_use_of(request: HttpRequest, name: str, *, user_id: str, address: str) -> int:
    """Count one use of the rate for somebody who is logged in, and for the address; return the seconds to wait."""
    rate = settings.RATES[name]
    keys = [(f"{name}:user", user_id, rate), (f"{name}:user-ip", network_of(address), _times(rate, SHARED_ADDRESS))]
    with counted_with(Care.OPEN if name in _MAY_LAPSE else Care.KEPT):
        return _count(request, keys)


def count_request(request: HttpRequest, *, who: str) -> int:
    """Count one request of any kind against the general ceiling; return the seconds to wait."""
    with counted_with(Care.CHEAP):
        return _count(request, [(CEILING, network_of(who), settings.RATES[CEILING])])


def _count(request: HttpRequest, keys: Iterable[tuple[str, str, str]]) -> int:
    for group, value, rate in keys:
        wait_s = _count_one(request, group, value, rate) if rate else 0
        if wait_s:
            return wait_s
    return 0


def _times(rate: str, factor: int) -> str:
    count, slash, period = rate.partition("/")
    return f"{int(count) * factor}{slash}{period}" if rate else ""


def _account_name(text: str) -> str:
    """Return the one form of an address: however it is written, it must not give a second count."""
    text = unicodedata.normalize("NFKC", text).strip().lower()
    if "@" in text:
        return text
    try:
        number = phonenumbers.parse(text, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return "".join(character for character in text if character.isalnum())
    return f"+{number.country_code}{number.national_number}"


def _count_one(request: HttpRequest, group: str, value: str, rate: str) -> int:
    usage = get_usage(request, group=group, key=lambda _group, _request: value, rate=rate, increment=True)
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
