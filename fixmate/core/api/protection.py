"""What every request is held to and every answer says, before any view: methods, size, and headers for browsers."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from fixmate.core.api.envelope import bad_request, plain_answer
from fixmate.core.api.parsers import NUL

Handler = Callable[[HttpRequest], HttpResponse]
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_CONSOLE: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
_UNUSED: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class ProtectionMiddleware:
    """Refuse TRACE and its like, bodies that announce themselves as too large, and NULs; add what pages need."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = _refusal(request) or self.get_response(request)
        is_console = request.path_info.startswith("/admin/")
        response.headers.setdefault("Content-Security-Policy", _CONSOLE if is_console else _NOTHING)
        response.headers.setdefault("Permissions-Policy", _UNUSED)
        if request.path_info.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _refusal(request: HttpRequest) -> JsonResponse | None:
    if request.method not in _METHODS:
        answer = plain_answer(request, 405)
        answer["Allow"] = ", ".join(_METHODS)
        return answer
    if _announced_bytes(request) > settings.MAX_REQUEST_BYTES:
        return plain_answer(request, 413)
    return bad_request(request) if _has_nul(request) else None


def _has_nul(request: HttpRequest) -> bool:
    """Tell whether a NUL, which no database holds, is in the address or a header; a body is read by its parser."""
    query = request.META.get("QUERY_STRING", "")
    return "%00" in query or any(NUL in text for text in (query, request.path_info, *request.headers.values()))


def _announced_bytes(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    # Django reads nothing of one without a length; Python refuses to read numbers of thousands of digits.
    return int(text[:20]) if text.isascii() and text.isdigit() else 0
