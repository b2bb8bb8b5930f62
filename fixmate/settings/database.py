"""PostgreSQL, or SQLite where nothing is said."""

import os
from typing import Any

import dj_database_url

from fixmate.core.env import env, env_int
from fixmate.settings.base import VAR_DIR

DATABASE_URL = env("DATABASE_URL", f"sqlite:///{VAR_DIR / 'fixmate.sqlite3'}")


def _database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE takes the write lock at BEGIN: the default, DEFERRED, fails with "database is locked" under races.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
        # Opening costs more than a query: functions are registered, pragmas run, the last to close writes the WAL back.
        config["CONN_MAX_AGE"] = None
        # A file, so that real processes can join the tests.
        config["TEST"] = {"NAME": str(VAR_DIR / f"test_{os.getpid()}.sqlite3")}
    else:
        config["CONN_HEALTH_CHECKS"] = True
        # A cursor on the server is closed when the last reference to its reader goes, maybe by the garbage collector in
        # the midst of another transaction, which that breaks: seen in tests. Results come to the client whole instead.
        config["DISABLE_SERVER_SIDE_CURSORS"] = True
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            # Both, or neither helps: statements are parsed and planned once per connection, and values not quoted here.
            "server_side_binding": True,
            "prepare_threshold": 5,
            "pool": {"min_size": 1, "max_size": env_int("DATABASE_POOL_SIZE", 8, minimum=1), "timeout": 10},
        }
    return config


DATABASES = {"default": _database(DATABASE_URL)}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
