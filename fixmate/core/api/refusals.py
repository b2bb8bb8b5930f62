"""Which refusals an operation can answer with: most follow from its shape, its view names the others in `refusals`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from fixmate.core.api.envelope import CODES
from fixmate.core.errors import DomainError, Forbidden, IllegalTransition, StaleState
from fixmate.core.idempotency import IdempotencyInProgress, IdempotencyKeyReused

Refusals = tuple[type[DomainError], ...]
_NOT_JSON = ("MALFORMED_REQUEST", 400, "The request cannot be understood.")
_TOKEN_INVALID = ("TOKEN_INVALID", 401, "The token is not valid any more. Log in again.")
_SUSPENDED = "ACCOUNT_SUSPENDED"


class Login(Enum):
    """Whether an operation looks at who asks."""

    UNSEEN = "unseen"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Shape:
    """What can be told of an operation without reading it."""

    login: Login
    is_write: bool
    has_body: bool
    has_parameters: bool
    names_a_thing: bool
    takes_key: bool
    is_negotiated: bool
    own: Refusals = ()


def codes_of(shape: Shape) -> dict[str, list[str]]:
    """Return the codes it can answer, by status, both in order."""
    found: dict[int, set[str]] = {}
    for status, code in _codes(shape):
        found.setdefault(status, set()).add(code)
    return {str(status): sorted(found[status]) for status in sorted(found)}


def _codes(shape: Shape) -> Iterator[tuple[int, str]]:
    yield from _of_the_door(shape)
    yield from ((error.status, error.code) for error in shape.own)
    yield 400, _NOT_JSON[0]  # a NUL in the address
    if shape.has_body or shape.has_parameters or shape.takes_key or shape.is_write:
        yield 400, "VALIDATION_ERROR"
    if shape.names_a_thing:
        yield 404, "NOT_FOUND"
    if shape.is_negotiated:
        yield 406, "NOT_ACCEPTABLE"
    if shape.is_write:
        yield from ((409, code) for code in ("CONFLICT", IllegalTransition.code, StaleState.code))
    if shape.has_body:
        yield from ((413, "PAYLOAD_TOO_LARGE"), (415, "UNSUPPORTED_MEDIA_TYPE"))
    if shape.takes_key:
        yield from ((409, error.code) for error in (IdempotencyInProgress, IdempotencyKeyReused))
    yield from ((status, CODES[status][0]) for status in (429, 500, 503))


def _of_the_door(shape: Shape) -> Iterator[tuple[int, str]]:
    if shape.login is Login.UNSEEN:
        return
    yield from ((401, _TOKEN_INVALID[0]), (403, _SUSPENDED))
    if shape.login is Login.REQUIRED:
        yield from ((401, CODES[401][0]), (403, Forbidden.code))


@dataclass(frozen=True, slots=True)
class Known:
    """One code of the API, for the table in the docs."""

    code: str
    status: int
    message: str
    details: str = ""


def registry() -> list[Known]:
    """Return every code there is, in order of status and code. Complete once the URLs are loaded."""
    known = {code: Known(code, status, message) for status, (code, message) in CODES.items()}
    known |= {code: Known(code, status, message) for code, status, message in (_NOT_JSON, _TOKEN_INVALID)}
    for error in _classes(DomainError):
        known.setdefault(error.code, Known(error.code, error.status, error.message, _details(error)))
    return sorted(known.values(), key=lambda one: (one.status, one.code))


def _classes(base: type[DomainError]) -> Iterable[type[DomainError]]:
    for error in base.__subclasses__():
        if not error.__module__.partition(".tests")[1]:
            yield error
            yield from _classes(error)


def _details(error: type[DomainError]) -> str:
    """Return what the docstring says of the details, as `Details: a, b.`"""
    _, said, text = (error.__doc__ or "").partition("etails: ")
    return " ".join(text.split()).rstrip(".") if said else ""
