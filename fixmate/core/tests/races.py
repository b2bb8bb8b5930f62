"""Races for tests: calls from threads that start at one moment, each with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import IntegrityError, connection

from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import DomainError


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Return what each call returned, or the refusal it met; anything else it raised fails the test."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=20)
            return call()
        except DomainError as refusal:
            return refusal
        except IntegrityError as error:
            conflict = conflict_of(error)
            if conflict is None:
                raise
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
