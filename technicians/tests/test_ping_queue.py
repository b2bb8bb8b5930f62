"""What waits on Redis, and what happens while Redis is away."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import redis

from technicians import ping_queue
from technicians.ping_queue import Ping
from technicians.tests.pings import batched, redis_away  # noqa: F401 - fixtures

AT = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)
PING = Ping(UUID(int=7), 42.36, -71.060000000000002, 8.5, recorded_at=AT, accepted_at=AT + timedelta(seconds=1))
redis_marked = pytest.mark.redis


@redis_marked
def test_a_ping_comes_back_as_it_went_in(batched):  # noqa: F811
    bare = replace(PING, technician_id=UUID(int=8), accuracy_m=None)

    taken = [ping_queue.put(PING), ping_queue.put(bare)]

    assert taken == [True, True]
    assert sorted(ping_queue.peek(10), key=lambda ping: ping.technician_id) == [PING, bare]
    assert (ping_queue.peek_of(PING.technician_id), ping_queue.peek_of(UUID(int=9))) == (PING, None)


@redis_marked
@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, False), (1, True), (0.9, True)])
def test_the_newest_ping_of_a_technician_waits_whatever_came_last(batched, seconds, is_kept):  # noqa: F811
    other = replace(PING, latitude=10.0, recorded_at=AT + timedelta(seconds=seconds), accepted_at=AT)
    ping_queue.put(PING)

    ping_queue.put(other)

    assert ping_queue.peek(10) == [other if is_kept else PING]


@redis_marked
def test_drop_leaves_a_newer_ping(batched):  # noqa: F811
    newer = replace(PING, recorded_at=AT + timedelta(seconds=2))
    others = [replace(PING, technician_id=UUID(int=number)) for number in range(100, 103)]
    for ping in [PING, *others]:
        ping_queue.put(ping)
    ping_queue.put(newer)

    ping_queue.drop([PING, *others])

    assert ping_queue.peek(10) == [newer]


@redis_marked
def test_peek_takes_no_more_than_it_is_told(batched):  # noqa: F811
    for number in range(20):
        ping_queue.put(replace(PING, technician_id=UUID(int=number)))

    assert [len(ping_queue.peek(limit)) for limit in (7, 20, 50)] == [7, 20, 20]
    assert batched.hlen(ping_queue.KEY) == 20


def test_nothing_is_there_while_redis_is_away(redis_away):  # noqa: F811
    assert ping_queue.put(PING) is False
    assert (ping_queue.peek(10), ping_queue.peek_of(PING.technician_id)) == ([], None)
    ping_queue.drop([PING])
    ping_queue.drop([])


class Clock:
    """A monotonic clock, and a Redis that counts how often it is tried."""

    def __init__(self, monkeypatch):
        self.now, self.tries, self.is_away = 100.0, 0, True
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def call(self, _client):
        self.tries += 1
        if self.is_away:
            raise redis.ConnectionError("refused")
        return "there"


@pytest.fixture
def silent(redis_away, monkeypatch):  # noqa: F811
    return Clock(monkeypatch)


def test_redis_away_is_tried_once_every_few_seconds(silent):
    answers = [ping_queue.reach.attempt(silent.call, "away") for _ in range(10)]
    silent.now += ping_queue.AWAY_S
    answers += [ping_queue.reach.attempt(silent.call, "away") for _ in range(10)]

    assert (set(answers), silent.tries) == ({"away"}, 2)


def test_while_one_finds_out_the_others_do_not_wait(silent):
    ping_queue.reach.attempt(silent.call, "away")
    silent.now += ping_queue.AWAY_S
    meanwhile = []

    def probe(client):
        meanwhile.append(ping_queue.reach.attempt(silent.call, "direct"))
        silent.is_away = False
        return silent.call(client)

    found = ping_queue.reach.attempt(probe, "away")

    assert (found, meanwhile, silent.tries) == ("there", ["direct"], 2)
    assert ping_queue.reach.attempt(silent.call, "away") == "there"


def test_a_silent_redis_costs_one_time_out_and_no_retries(settings, monkeypatch):
    """A port that accepts and never answers."""
    import socket

    monkeypatch.setattr(ping_queue, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(ping_queue, "reach", ping_queue._Reach())
    with socket.create_server(("127.0.0.1", 0)) as hole:
        settings.REDIS_URL = f"redis://127.0.0.1:{hole.getsockname()[1]}/0"
        began = time.monotonic()
        taken = [ping_queue.put(PING) for _ in range(20)]

    assert taken == [False] * 20
    assert 0.15 < time.monotonic() - began < 0.6
