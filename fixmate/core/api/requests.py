"""Facts of a request that the edge has established."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

UNKNOWN_ADDRESS = "unknown"


def client_ip(request: Request | HttpRequest) -> str:
    """Return the client's address as the trusted proxies saw it (set by RequestContextMiddleware)."""
    return str(request.META.get("FIXMATE_CLIENT_IP") or UNKNOWN_ADDRESS)


def act_of(request: Request, view: Any) -> str:
    """Return what a view is asked to do: the action of a viewset, the lower-case method of another."""
    return getattr(view, "action", None) or (request.method or "").lower()
