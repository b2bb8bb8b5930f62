"""The one clock deadlines are set from and compared with: the database's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection

_frozen_at: datetime | None = None


def now() -> datetime:
    """Return the database's time.

    Call it AFTER the locks are held, as a statement of its own: `now()` is the start of the transaction, and a
    `clock_timestamp()` inside the locking SELECT is stale after a wait. SQLite's clock is the clock of this host.
    """
    if _frozen_at is not None:
        return _frozen_at
    if connection.vendor == "postgresql":  # pragma: postgresql
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            at: datetime = cursor.fetchone()[0]
        return at
    return datetime.now(UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Stop the clock at `at`: for tests alone."""
    global _frozen_at  # noqa: PLW0603 - one clock per process is the point
    before, _frozen_at = _frozen_at, at
    try:
        yield
    finally:
        _frozen_at = before
