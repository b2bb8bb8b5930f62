"""A real Redis for pings, under a key of the test's own; where there is none the test is skipped."""

import os

import pytest
import redis

from fixmate.core.tests import redis_server
from technicians import ping_queue

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/14"


@pytest.fixture
def batched(settings, monkeypatch):
    """Have pings wait on Redis, as in production."""
    client = redis.Redis.from_url(REDIS_URL)
    redis_server.need(client)
    settings.PINGS_ARE_BATCHED, settings.REDIS_URL = True, REDIS_URL
    monkeypatch.setattr(ping_queue, "KEY", f"test:pings:{os.getpid()}")
    monkeypatch.setattr(ping_queue, "reach", ping_queue._Reach())
    client.delete(ping_queue.KEY)
    yield client
    client.delete(ping_queue.KEY)
    client.close()


@pytest.fixture
def redis_away(settings, monkeypatch):
    """Have pings wait on a Redis that refuses every connection."""
    settings.PINGS_ARE_BATCHED, settings.REDIS_URL = True, "redis://127.0.0.1:1/0"
    monkeypatch.setattr(ping_queue, "reach", ping_queue._Reach())
