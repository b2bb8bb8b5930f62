"""Events: how a lower app tells the apps above it. Frozen dataclasses of ids and plain values, past tense."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, TypeVar

from fixmate.core import outbox


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event; `name` is dotted, such as `jobs.job.cancelled`."""

    name: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        return {field.name: outbox.plain(getattr(self, field.name)) for field in fields(self)}


class NamedTask(Protocol):
    name: str


T = TypeVar("T", bound=NamedTask)
_subscribers: dict[type[Event], list[str]] = {}


def subscribe(*events: type[Event]) -> Callable[[T], T]:
    """Make a Celery task a reaction to the events. Delivery is at least once: the task must be idempotent."""

    def decorate(task: T) -> T:
        for event in events:
            names = _subscribers.setdefault(event, [])
            if task.name not in names:
                names.append(task.name)
        return task

    return decorate


def subscribers_of(event: type[Event]) -> tuple[str, ...]:
    return tuple(_subscribers.get(event, ()))


def publish(*events: Event) -> None:
    """Write one outbox row per subscriber, in the caller's transaction: they are committed together or not at all.

    :raises OutsideTransaction: if there is no transaction to join
    """
    calls = [(task, event.payload()) for event in events for task in subscribers_of(type(event))]
    outbox.enqueue_many(calls)
