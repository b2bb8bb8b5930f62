import pytest

from fixmate.core import events


@pytest.fixture
def published(monkeypatch):
    """Collect the events that services publish; they reach the outbox all the same."""
    seen = []
    publish = events.publish

    def collect(*happened):
        seen.extend(happened)
        publish(*happened)

    monkeypatch.setattr(events, "publish", collect)
    return seen
