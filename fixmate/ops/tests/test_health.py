import pytest
import redis
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from fixmate.core.enums import OutboxStatus
from fixmate.core.models import Heartbeat, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.ops import health

ALL_OK = {"database": "ok", "migrations": "ok", "broker": "ok", "worker": "ok", "dead_letters": "ok"}


@pytest.fixture
def worker(db, settings):
    """A worker that was at work just now."""
    settings.REDIS_URL = ""
    Heartbeat.objects.create(name="work", at=timezone.now())


@pytest.mark.parametrize("path", ["/healthz", "/health", "/healthz/"])
def test_healthz_answers_without_the_database(path):
    response = client_for().get(path)  # a test without `db` may not touch it

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_readyz_is_ready_when_everything_is_there(worker):
    response = client_for().get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": ALL_OK})


def test_readyz_takes_few_queries(worker, django_assert_num_queries):
    health.migrations_known()

    clock_queries = 1 if connection.vendor == "postgresql" else 0
    with django_assert_num_queries(5 + clock_queries):
        client_for().get("/readyz")


def test_readyz_refuses_while_the_database_is_away(worker, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(health.connection, "cursor", away, raising=False)
        response = client_for().get("/readyz")

    error = response.json()["error"]
    assert response.status_code == 503
    assert (error["code"], error["details"]) == ("SERVICE_UNAVAILABLE", {"database": "away"})


def test_readyz_refuses_with_a_migration_not_applied(worker):
    MigrationRecorder.Migration.objects.get(app="notifications", name="0001_initial").delete()

    response = client_for().get("/readyz")

    assert response.status_code == 503
    assert response.json()["error"]["details"] == {"database": "ok", "migrations": "1 not applied"}


def test_readyz_serves_on_though_no_worker_was_ever_seen(db, settings):
    settings.REDIS_URL = ""

    response = client_for().get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "degraded", "checks": ALL_OK | {"worker": "never seen"}},
    )


def test_readyz_tells_of_a_worker_that_fell_silent(settings, noon, db):
    settings.REDIS_URL = ""
    Heartbeat.objects.create(name="work", at=noon.replace(hour=11, minute=59))

    response = client_for().get("/readyz")

    assert response.status_code == 200
    assert response.json()["checks"]["worker"] == "silent for 60 s"


def test_readyz_tells_of_dead_letters(worker):
    OutboxMessage.objects.create(task="x.y", status=OutboxStatus.DEAD)

    response = client_for().get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["dead_letters"] == "1 wait for staff"


@pytest.mark.parametrize(("error", "found"), [(None, "ok"), (redis.ConnectionError("refused"), "away")])
def test_readyz_serves_on_with_the_broker_away(worker, settings, monkeypatch, error, found):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    def ping(self):
        if error:
            raise error
        return True

    monkeypatch.setattr(redis.Redis, "ping", ping)

    response = client_for().get("/readyz")

    assert (response.status_code, response.json()["checks"]["broker"]) == (200, found)
