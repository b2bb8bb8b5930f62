"""What a benchmark stands on while it runs: a database of its own, and for whole processes the servers around them."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fixmate.tests.chaos.ground import DEFAULT_DATABASE_URL, OwnRedis, Server, mail_server

# As production has it, but for what leads out of this machine.
PRODUCTION = {
    "FIXMATE_MODE": "production",
    "SECRET_KEY": "0123456789-what-is-measured-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SSL_REDIRECT": "false",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_USE_TLS": "false",
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "fixmate.settings",
}


@contextmanager
def own_ground(database: str, settings: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Make database, Redis and mail server, set Django up on them with the settings, and clear all away.

    Gives their folder, and the environment for whole processes.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fixmate-bench-")))
        redis = OwnRedis(folder)
        redis.start()
        stack.callback(redis.kill)
        environment = {
            **settings,
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": stack.enter_context(own_database(database)),
            "REDIS_URL": redis.url,
            "EMAIL_PORT": str(stack.enter_context(mail_server())),
        }
        os.environ.update(environment)
        stack.enter_context(migrated())
        yield folder, environment


@contextmanager
def own_database(name: str, *, is_kept: bool = False) -> Iterator[str]:
    """Make it beside the one that DATABASE_URL names, let that name it, and drop it at the end unless it is kept."""
    server = Server(os.environ.get("DATABASE_URL", DEFAULT_DATABASE_URL))
    if not server.url.startswith("postgres"):
        sys.exit("DATABASE_URL must name a PostgreSQL server: that is where this is measured.")
    os.environ["DATABASE_URL"] = server.create(name)
    try:
        yield os.environ["DATABASE_URL"]
    finally:
        if not is_kept:
            server.drop(name)


@contextmanager
def migrated() -> Iterator[None]:
    """Set Django up, and the database that the environment names; no connection of this thread's outlives it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()


def server_figures() -> dict[str, Any]:
    """Return what of the database's server the figures depend on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('shared_buffers')")
        return dict(zip(("version", "shared_buffers"), cursor.fetchone(), strict=True))
