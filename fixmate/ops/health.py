"""Is this process able to serve, and is what works behind it alive?

Only the database and its migrations decide whether requests can be served. What else is away is degraded service: or
one lost Redis would take every web process out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from fixmate.core import heartbeats
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage

OK = "ok"
WORKER_SILENT_AFTER = timedelta(seconds=30)
BROKER_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """What each check found: `ok`, or what is the matter."""

    vital: dict[str, str]
    degraded: dict[str, str]

    @property
    def is_ready(self) -> bool:
        return all(found == OK for found in self.vital.values())

    @property
    def is_degraded(self) -> bool:
        return any(found != OK for found in self.degraded.values())


def health_now() -> Health:
    """Look at everything. What needs the database is not looked at while it is away."""
    vital = {"database": _database()}
    if vital["database"] == OK:
        vital["migrations"] = _migrations()
    degraded = {name: look() for name, look in _DEGRADING.items()} if set(vital.values()) == {OK} else {}
    return Health(vital, degraded)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "away"
    return OK


def _migrations() -> str:
    missing = migrations_known() - set(MigrationRecorder(connection).applied_migrations())
    return f"{len(missing)} not applied" if missing else OK


@cache
def migrations_known() -> frozenset[tuple[str, str]]:
    """Return every migration of the code that runs here."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _broker() -> str:
    if not settings.REDIS_URL:
        return OK
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
    )
    try:
        with client:
            client.ping()
    except (redis.RedisError, OSError):
        return "away"
    return OK


def _worker() -> str:
    age = heartbeats.age_of(heartbeats.WORK)
    if age is None:
        return "never seen"
    return OK if age <= WORKER_SILENT_AFTER else f"silent for {age.total_seconds():.0f} s"


def _dead_letters() -> str:
    dead = OutboxMessage.objects.filter(status=OutboxStatus.DEAD).count()
    return f"{dead} wait for staff" if dead else OK


_DEGRADING: dict[str, Callable[[], str]] = {"broker": _broker, "worker": _worker, "dead_letters": _dead_letters}
