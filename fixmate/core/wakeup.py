"""A nudge to the runner that there is work. It may be lost: polling is the floor.

On PostgreSQL it is NOTIFY, which reaches every machine; on SQLite a datagram to a socket beside the database file.
"""

import os
import socket
import time
from types import TracebackType
from typing import Self

import structlog
from django.conf import settings
from django.db import connection

CHANNEL = "fixmate_outbox"
log = structlog.get_logger(__name__)


def wake() -> None:
    """Nudge the runner; a failure is logged and otherwise ignored."""
    try:
        if connection.vendor == "postgresql":  # pragma: postgresql
            _notify()
        else:
            _send_datagram()
    except Exception:
        log.debug("outbox.wake_failed", exc_info=True)


def _notify() -> None:  # pragma: postgresql
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


def _send_datagram() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"1", socket_path())


def socket_path() -> str:
    return str(settings.VAR_DIR / "work.sock")


class Waiter:
    """What the runner sleeps on. A context manager."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._socket = None if connection.vendor == "postgresql" else self._bind()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if self._socket is not None:
            self._socket.close()

    def wait(self, seconds: float) -> None:
        """Return when nudged, at the latest after `seconds`."""
        if connection.vendor == "postgresql":  # pragma: postgresql
            self._wait_for_notify(seconds)
        elif self._socket is not None:
            self._wait_for_datagram(self._socket, seconds)
        else:
            time.sleep(seconds)

    @staticmethod
    def _bind() -> socket.socket | None:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            if os.path.exists(socket_path()):  # noqa: PTH110 - a socket, perhaps of a dead runner
                os.unlink(socket_path())  # noqa: PTH108
            receiver.bind(socket_path())
        except OSError:  # a path too long for a socket, a read-only folder: polling does
            receiver.close()
            return None
        return receiver

    @staticmethod
    def _wait_for_datagram(receiver: socket.socket, seconds: float) -> None:
        receiver.settimeout(seconds)
        try:
            receiver.recv(16)
            receiver.setblocking(False)
            while True:
                receiver.recv(16)
        except (TimeoutError, BlockingIOError):
            return

    @staticmethod
    def _wait_for_notify(seconds: float) -> None:  # pragma: postgresql
        connection.ensure_connection()
        raw = connection.connection
        raw.execute(f"LISTEN {CHANNEL}")
        for seconds_left in (seconds, 0):  # one nudge ends the wait; the others that came are answered by it as well
            list(raw.notifies(timeout=seconds_left, stop_after=1 if seconds_left else None))
