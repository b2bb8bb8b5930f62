"""Reading the database as it is at one moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read the database as it is at one moment, keeping nobody from writing. A transaction that is open already stays.

    On SQLite every transaction is a snapshot; deferred, it does not take the one place of the writer.
    """
    if connection.in_atomic_block:
        yield
        return
    with _deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    mode = getattr(connection, "transaction_mode", None)
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]  # SQLite's alone; others read it nowhere
    try:
        yield
    finally:
        connection.transaction_mode = mode  # type: ignore[attr-defined]
