"""What `manage.py up` runs: the web server and the background worker."""

import errno
import socket
import sys
from collections.abc import Sequence

from django.conf import settings

WEB_THREADS = 4  # of one process: the embedded default writes to one file, more would only wait for it


class PortNotFree(Exception):
    """Nothing can be served there; the message says why."""


def programs() -> dict[str, Sequence[str]]:
    """Return the command line of each program, by its name."""
    web = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", settings.HOST, "--port", str(settings.PORT)),
        *("--workers", "1", "--blocking-threads", str(WEB_THREADS)),
        *("--log-level", "warning", "fixmate.wsgi:application"),
    ]
    return {"web": web, "work": [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]}


def require_free_port(host: str, port: int) -> None:
    """:raises PortNotFree: if something listens there already, or nothing may"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise PortNotFree(f"port {port} on {host} is in use; set PORT to another one") from exc
            raise PortNotFree(f"port {port} on {host} cannot be used: {exc.strerror}") from exc
        except OverflowError as exc:
            raise PortNotFree(f"there is no port {port}; a port is a number from 1 to 65535") from exc
