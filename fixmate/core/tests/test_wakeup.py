import threading
import time

import pytest
from django.db import connection, transaction

from fixmate.core import outbox, wakeup
from fixmate.core.wakeup import Waiter, wake

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 5.0


@pytest.fixture(autouse=True)
def _own_socket(monkeypatch, tmp_path_factory):
    path = tmp_path_factory.mktemp("s") / "w"
    monkeypatch.setattr(wakeup, "socket_path", lambda: str(path))


def seconds_of(waiter: Waiter, seconds: float) -> float:
    begin = time.monotonic()
    waiter.wait(seconds)
    return time.monotonic() - begin


def soon(call) -> threading.Thread:
    def in_a_moment():
        time.sleep(0.15)
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=in_a_moment)
    thread.start()
    return thread


def order() -> None:
    with transaction.atomic():
        outbox.enqueue("core.tests.effect", number=1)


@pytest.mark.parametrize("call", [wake, order])
def test_a_nudge_ends_the_wait(call):
    with Waiter() as waiter:
        thread = soon(call)
        waited = seconds_of(waiter, LONG)
        thread.join()

    assert waited < LONG / 2


def test_without_a_nudge_the_wait_ends_by_itself():
    with Waiter() as waiter:
        seconds_of(waiter, 0.01)  # what another test left behind
        assert 0.05 <= seconds_of(waiter, 0.05) < LONG / 2


def test_many_nudges_end_one_wait():
    with Waiter() as waiter:
        seconds_of(waiter, 0.01)
        for _ in range(3):
            wake()
        assert seconds_of(waiter, LONG) < LONG / 2
        seconds_of(waiter, 0.01)
        assert seconds_of(waiter, 0.05) >= 0.05


def test_a_nudge_that_nobody_hears_is_no_error():
    wake()


def test_a_nudge_that_fails_is_no_error(monkeypatch):
    def broken():
        raise RuntimeError

    monkeypatch.setattr(wakeup, "_notify", broken)
    monkeypatch.setattr(wakeup, "_send_datagram", broken)

    wake()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the socket is the embedded form")
def test_a_second_runner_takes_over_the_socket_of_a_dead_one():
    with Waiter():
        pass

    with Waiter() as waiter:
        wake()
        assert seconds_of(waiter, LONG) < LONG / 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the socket is the embedded form")
def test_without_a_socket_the_runner_polls(monkeypatch):
    monkeypatch.setattr(wakeup, "socket_path", lambda: "/" + "x" * 200)

    with Waiter() as waiter:
        assert 0.05 <= seconds_of(waiter, 0.05) < LONG / 2


def test_the_socket_lies_beside_the_data(settings, monkeypatch):
    monkeypatch.undo()

    assert wakeup.socket_path() == str(settings.VAR_DIR / "work.sock")
