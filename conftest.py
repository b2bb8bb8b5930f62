"""Fixtures for every test: what it committed is deleted again, limits and clock start fresh."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.db import connection
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from accounts.tests.factories import UserFactory
from fixmate.core import clock, counters, runner
from fixmate.core.tests.emptying import empty_database
from fixmate.tests.conformance.watch import watch

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday

REDIS_DATABASES = 16
JOURNEYS = tuple(f"fixmate/tests/test_{name}.py" for name in ("live", "log_journey", "production_form", "staff_client"))
MATRIX = "fixmate/tests/matrix/test_permissions.py"


def pytest_configure() -> None:
    """Give each process of the run a Redis database of its own: one flushes its caches while the other counts."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if not django_settings.REDIS_URL or worker == "0":
        return
    base, _, number = django_settings.REDIS_URL.rpartition("/")
    url = f"{base}/{(int(number) - int(worker)) % REDIS_DATABASES}"
    os.environ["REDIS_URL"] = django_settings.REDIS_URL = django_settings.CELERY_BROKER_URL = url
    for cache in django_settings.CACHES.values():
        cache["LOCATION"] = url


class Together(LoadGroupScheduling):
    """One worker takes all journeys, and one all that is asked about a row of the matrix: it keeps the answers.

    With pytest 9.2, xdist 3.8 does not see `xdist_group` (pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(JOURNEYS):
            return "live"
        row = nodeid.partition("[")[2] if nodeid.startswith(MATRIX) else ""
        return f"matrix {row}" if row else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)


@pytest.fixture(autouse=True, scope="session")
def _emptied_where_there_are_rows() -> Iterator[None]:
    """Clean up after `transaction=True` tests without `flush`: it empties every table and makes every trigger anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_database())
        yield


@pytest.fixture(autouse=True, scope="session")
def _tasks_loaded() -> None:
    """Import every task; once, because Celery runs all system checks of Django each time it is asked."""
    from celery import current_app

    current_app.loader.import_default_modules()


@pytest.fixture(autouse=True, scope="session")
def _static_files_found_once() -> Iterator[None]:
    """Let the middlewares of all test clients share what one of them found: each would look at every file anew."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@pytest.fixture(autouse=True, scope="session")
def _watched_by_the_contract() -> Iterator[None]:
    """Hold every answer of the API, in whichever test, to its OpenAPI document."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch)
        yield


@pytest.fixture(autouse=True)
def _fresh_caches(request: pytest.FixtureRequest) -> None:
    caches["default"].clear()
    counters.forget_in_process()
    if "django.core.cache.backends.redis" in str(type(caches["ratelimit"]).__mro__):
        caches["ratelimit"].clear()


@pytest.fixture(autouse=True)
def _files_apart(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _marks(request: pytest.FixtureRequest, django_db_blocker) -> None:
    if request.node.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite has one writer, no row locks and no production form")


@pytest.fixture
def noon() -> Iterator[datetime]:
    """Stop the clock at noon on a Monday."""
    with clock.frozen(NOON):
        yield NOON


@pytest.fixture
def steady(time_machine):
    """Stop this host's clock in the midst of a step of 30 s, so that a code which is right stays right.

    Returns the traveller.
    """
    now = datetime.now(UTC).timestamp()
    time_machine.move_to(now - now % 30 + 15, tick=False)
    return time_machine


@pytest.fixture
def staff(db):
    return UserFactory(admin=True)


@pytest.fixture
def console(client, staff):
    """Return the browser of somebody of the staff, logged in."""
    client.force_login(staff)
    return client


@pytest.fixture
def drain() -> Callable[[], int]:
    """Return the call that works off the outbox, as a runner would."""
    return runner.drain
