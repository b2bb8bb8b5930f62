"""A session of the console ends when it is idle, and when it is old, whatever its cookie says."""

import pytest
from django.contrib.sessions.models import Session

from fixmate.core.console_sessions import SessionStore, session_begin

pytestmark = pytest.mark.django_db
START = 1_800_000_000.0


@pytest.fixture
def at(time_machine, settings):
    """Return the call that sets the time to so many seconds after the start."""

    def move(seconds):
        time_machine.move_to(START + seconds, tick=False)

    move(0)
    return move


@pytest.fixture
def key(at):
    store = SessionStore()
    store["tea"] = "green"
    store.save()
    return store.session_key


def visit(key) -> bool:
    """Come with the cookie, and go as the middleware has it; whether it was still good."""
    store = SessionStore(key)
    is_good = store.get("tea") == "green"
    if store.modified:
        store.save()
    return is_good


def test_half_an_hour_without_use_ends_it(at, key):
    at(30 * 60 - 1)
    assert visit(key)
    at(60 * 60 - 2)
    assert visit(key)
    at(90 * 60)
    assert not visit(key)
    assert Session.objects.count() == 0


def test_twelve_hours_end_it_however_busy_it_is(at, key):
    for minute in range(0, 12 * 60, 20):
        at(minute * 60)
        assert visit(key)

    at(12 * 60 * 60)

    assert not visit(key)
    assert Session.objects.count() == 0


def test_use_is_noted_once_a_minute(at, key):
    writes = []
    for second in (10, 59, 60, 100, 120):
        at(second)
        store = SessionStore(key)
        store.get("tea")
        writes.append(store.modified)
        if store.modified:
            store.save()

    assert writes == [False, False, True, False, True]


def test_a_login_counts_from_now(at, key):
    at(20 * 60)
    store = SessionStore(key)
    session_begin(store)
    store.save()
    for minute in range(40, 12 * 60 + 20, 20):
        at(minute * 60)
        assert visit(key)

    at(12 * 60 * 60 + 20 * 60)

    assert not visit(key)


def test_one_without_marks_is_over(at, key):
    Session.objects.update(session_data=SessionStore().encode({"tea": "green"}))

    assert not visit(key)


def test_settings_say_how_long(at, key, settings):
    settings.CONSOLE_IDLE = settings.CONSOLE_IDLE / 10
    at(3 * 60)

    assert not visit(key)


def test_one_that_is_not_there_is_empty(at):
    assert dict(SessionStore("0" * 32).items()) == {}
