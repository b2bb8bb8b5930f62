"""How Stripe is asked: through a breaker, and what goes wrong is said in our words."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

import stripe

from fixmate.core.breaker import Away, Breaker
from payments.providers.asked import ProviderAway, ProviderRefused
from payments.providers.stripe_objects import Object, failure_of

# An answer that is no answer. A key that is refused is among them: it is ours to mend, and says nothing of the payment.
_NO_ANSWER = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.RateLimitError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)
PAGE = 100
NONSENSE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class _Nonsense(Exception):
    pass


class HasBreaker(Protocol):
    @property
    def breaker(self) -> Breaker: ...


S = TypeVar("S", bound=HasBreaker)
P = ParamSpec("P")
T = TypeVar("T")


def stripe_breaker() -> Breaker:
    return Breaker("stripe", failures=(*_NO_ANSWER, _Nonsense))


def asks(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T]:
    """Ask through the breaker, and say in our words how it went wrong."""

    @wraps(method)
    def asked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return self.breaker.call(lambda: _understood(lambda: method(self, *args, **kwargs)))
        except (*_NO_ANSWER, _Nonsense, Away) as exc:
            raise ProviderAway(f"{type(exc).__name__}: {exc}") from exc
        except stripe.StripeError as exc:
            raise ProviderRefused(exc.user_message or "refused", code=_code(exc)) from exc

    return asked


def _understood(work: Callable[[], T]) -> T:
    try:
        return work()
    except NONSENSE as exc:
        raise _Nonsense(repr(exc)) from exc


def _code(exc: stripe.StripeError) -> str:
    return failure_of(error_of(exc)) or str(exc.code or "")


def error_of(exc: stripe.StripeError) -> Object:
    error = exc.json_body.get("error") if isinstance(exc.json_body, dict) else None
    return error if isinstance(error, dict) else {}


# Lists


def pages(read: Callable[[Any], Any], **filters: Any) -> Iterator[Object]:
    """Yield the objects of a list, newest first, page by page."""
    page: Object = {"limit": PAGE, **filters}
    while True:
        listed = read(page).to_dict()
        yield from listed["data"]
        if not listed["has_more"]:
            return
        page = {**page, "starting_after": listed["data"][-1]["id"]}


def is_unknown(parameter: str, exc: stripe.InvalidRequestError) -> bool:
    """Tell whether the server is localstripe, which names what it has not heard of in its own words."""
    said = str(exc.user_message or "")
    return said.startswith("Unexpected ") and parameter in said.removeprefix("Unexpected ").split(", ")


def carrying(things: Iterator[Object], name: str, value: UUID) -> Object | None:
    return next((thing for thing in things if (thing["metadata"] or {}).get(name) == str(value)), None)
