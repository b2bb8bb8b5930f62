"""Fixtures for every test: append-only tables are flushed with their triggers lifted, limits and clock start fresh."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.db import connection
from django.test import TransactionTestCase

from fixmate.core import clock, runner, triggers

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday

REDIS_DATABASES = 16


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


@pytest.fixture(autouse=True, scope="session")
def _lift_triggers_around_flush() -> Iterator[None]:
    """Let `transaction=True` tests empty append-only tables; `flush` makes the triggers again through post_migrate."""
    teardown = TransactionTestCase._fixture_teardown

    def lifted(self: TransactionTestCase) -> None:
        triggers.drop_triggers()
        try:
            teardown(self)
        finally:
            triggers.install_triggers()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lifted)
        yield


@pytest.fixture(autouse=True)
def _tasks_loaded() -> None:
    from celery import current_app

    current_app.loader.import_default_modules()


@pytest.fixture(autouse=True)
def _fresh_caches(request: pytest.FixtureRequest) -> None:
    caches["default"].clear()
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
def drain() -> Callable[[], int]:
    """Return the call that works off the outbox, as a runner would."""
    return runner.drain
