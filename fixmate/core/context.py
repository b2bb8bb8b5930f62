"""Where the present call comes from: set at the edge, read by audit and logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    REST = "REST"
    CONSOLE = "CONSOLE"
    COMMAND = "COMMAND"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Context:
    source: Source = Source.SYSTEM
    request_id: str = ""
    ip_address: str | None = None
    user_agent: str = ""


_OUTSIDE = Context()
_current: ContextVar[Context] = ContextVar("fixmate_context", default=_OUTSIDE)


def current() -> Context:
    return _current.get()


@contextmanager
def entered(context: Context) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
