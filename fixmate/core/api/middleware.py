"""What every request passes first: its id, its origin, and the path without a trailing slash."""

import re
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from fixmate.core.context import Context, Source, entered
from fixmate.core.ids import uuid7

Handler = Callable[[HttpRequest], HttpResponse]
REQUEST_ID_HEADER = "X-Request-ID"
USER_AGENT_LENGTH = 200
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d{1,5})?|(?P<v4>[0-9.]+):\d{1,5}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Give the request an id and a source; bind both to the logs."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid7())
        address = _client_address(request)
        request.META["FIXMATE_REQUEST_ID"] = request_id
        request.META["FIXMATE_CLIENT_IP"] = address
        source = Source.CONSOLE if request.path_info.startswith("/admin/") else Source.REST
        with (
            entered(Context(source, request_id, address, _user_agent(request))),
            structlog.contextvars.bound_contextvars(request_id=request_id),
        ):
            response = self.get_response(request)
        response[REQUEST_ID_HEADER] = request_id
        return response


def _client_address(request: HttpRequest) -> str | None:
    """Return the address that the outermost trusted proxy saw; what a client writes into the header is not used."""
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if not trusted or not _is_proxy(peer):
        return peer
    hops = [hop.strip() for hop in request.headers.get(settings.FORWARDED_HEADER, "").split(",") if hop.strip()]
    return (_address(_without_port(hops[-trusted])) if len(hops) >= trusted else None) or peer


def _without_port(hop: str) -> str:
    """Return the address of what a proxy wrote: some add the port, and of IPv6 then brackets."""
    found = _WITH_PORT.fullmatch(hop)
    return (found["v4"] or found["v6"] or "") if found else hop


def _is_proxy(peer: str | None) -> bool:
    """Tell whether the peer is in a trusted network; where none is named, only proxies can reach this process."""
    networks = _networks(tuple(settings.TRUSTED_PROXIES))
    return not networks or (peer is not None and any(ip_address(peer) in network for network in networks))


@cache
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _user_agent(request: HttpRequest) -> str:
    text = request.headers.get("User-Agent", "")
    return "".join(character for character in text if character.isprintable())[:USER_AGENT_LENGTH]


def _address(text: str) -> str | None:
    """Return the one way of writing the address, so that it is counted, and read back, as the same."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


class TrailingSlashMiddleware:
    """Answer `/jobs/` like `/jobs`. The console and static files keep their own addresses."""

    _KEPT = ("/admin/", "/static/")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(self._KEPT):
            request.path_info = path.rstrip("/") or "/"
            request.path = request.path.rstrip("/") or "/"
        return self.get_response(request)
