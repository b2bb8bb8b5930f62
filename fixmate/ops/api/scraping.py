"""Who may read `/metrics`: how busy a business is concerns its operators alone."""

from hmac import compare_digest
from ipaddress import ip_address

from django.conf import settings
from rest_framework.request import Request

from fixmate.core.api.requests import client_ip

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def may_scrape(request: Request) -> bool:
    """Tell whether the caller has the token; without one, in production nobody may, else who is on this machine."""
    if settings.METRICS_TOKEN:
        given = request.META.get("HTTP_AUTHORIZATION", "")
        return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    return not settings.IS_PRODUCTION and _is_local(request)


def _is_local(request: Request) -> bool:
    # What came through a proxy has the proxy's address where fewer proxies are believed than stand there.
    is_direct = not any(header in request.META for header in _FORWARDED)
    try:
        return is_direct and ip_address(client_ip(request)).is_loopback
    except ValueError:  # no address: a socket
        return False
