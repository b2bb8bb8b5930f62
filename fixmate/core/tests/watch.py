"""What was published: read from the outbox rows of a subscriber that tests alone have."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from fixmate.core import events
from fixmate.core.models import OutboxMessage

_TASK = "tests.watch"


def watch(monkeypatch, *kinds: type[events.Event]) -> Callable[[], list[dict[str, Any]]]:
    """Subscribe to the events for this test; return the call that lists the payloads written since."""
    held = {kind: list(names) for kind, names in events._subscribers.items()}
    monkeypatch.setattr(events, "_subscribers", held)
    events.subscribe(*kinds)(SimpleNamespace(name=_TASK))
    return lambda: list(OutboxMessage.objects.filter(task=_TASK).order_by("id").values_list("payload", flat=True))
