"""The one error envelope, for refusals, bad bodies, unknown paths and crashes alike."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import DomainError

CODES: dict[int, tuple[str, str]] = {
    400: ("VALIDATION_ERROR", "Some fields are not valid."),
    401: ("AUTHENTICATION_REQUIRED", "Log in first."),
    403: ("PERMISSION_DENIED", "You may not do this."),
    404: ("NOT_FOUND", "There is no such thing here."),
    405: ("METHOD_NOT_ALLOWED", "This method is not allowed here."),
    406: ("NOT_ACCEPTABLE", "This representation is not available."),
    413: ("PAYLOAD_TOO_LARGE", "The request is too large."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "This media type is not accepted here."),
    429: ("RATE_LIMITED", "Too many requests. Try again later."),
    500: ("INTERNAL_ERROR", "Something went wrong on our side. It has been recorded."),
    503: ("SERVICE_UNAVAILABLE", "This is not available right now. Try again later."),
}
_LATER = (status.HTTP_429_TOO_MANY_REQUESTS, status.HTTP_503_SERVICE_UNAVAILABLE)
_LATER_S = "5"  # where a refusal does not know better


class Refusal(exceptions.APIException):
    """A DomainError on its way through DRF, which then rolls back and sets its headers."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(error.text, error.code)
        self.status_code = error.status
        self.error = error
        if error.retry_after_s is not None:
            self.wait = error.retry_after_s  # DRF makes `Retry-After` of it
        if error.status == status.HTTP_401_UNAUTHORIZED:
            self.auth_header = 'Bearer realm="api"'  # a 401 must name the scheme


class TokenInvalid(exceptions.AuthenticationFailed):
    default_code = "TOKEN_INVALID"
    default_detail = "The token is not valid any more. Log in again."


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Render a refusal; return None for a bug, so that it is raised, logged and answered by `handler500`."""
    request = context["request"]
    known = _known(exc)
    response = drf_exception_handler(known, context)
    if response is None:
        return None
    set_rollback()
    code, message, details = _content(known, response)
    response.data = envelope(request, code=code, message=message, details=details)
    response.content_type = "application/json"
    if response.status_code in _LATER:
        response.headers.setdefault("Retry-After", _LATER_S)
    return response


def _known(exc: Exception) -> Exception:
    """Turn our own and Django's refusals into ones that DRF knows."""
    if isinstance(exc, IntegrityError):
        conflict = conflict_of(exc)
        return Refusal(conflict) if conflict else exc
    if isinstance(exc, DomainError):
        return Refusal(exc)
    if isinstance(exc, ObjectDoesNotExist):
        return exceptions.NotFound()
    if isinstance(exc, RequestDataTooBig | TooManyFieldsSent):
        return TooLarge()
    return exc


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "PAYLOAD_TOO_LARGE"


def _content(exc: Exception, response: Response) -> tuple[str, str, dict[str, Any]]:
    if isinstance(exc, Refusal):
        return exc.error.code, exc.error.text, exc.error.details
    if isinstance(exc, exceptions.ValidationError):
        code, message = CODES[400]
        return code, message, _field_errors(response.data)
    if isinstance(exc, exceptions.ParseError):
        return "MALFORMED_REQUEST", str(exc.detail), {}
    if isinstance(exc, exceptions.AuthenticationFailed):
        return _auth_failure(exc)
    code, message = CODES.get(response.status_code, CODES[500])
    own = _own_code(exc)
    return (own[0], own[1], {}) if own else (code, message, {})


def _auth_failure(exc: exceptions.AuthenticationFailed) -> tuple[str, str, dict[str, Any]]:
    code, message = _own_code(exc) or (TokenInvalid.default_code, TokenInvalid.default_detail)
    return code, message, {}  # simplejwt's own detail has two entries; one is enough


def _own_code(exc: Exception) -> tuple[str, str] | None:
    """Return code and text of a refusal that was raised with one of our codes, which are upper case."""
    detail = getattr(exc, "detail", None)
    if isinstance(detail, exceptions.ErrorDetail) and detail.code and detail.code.isupper():
        return detail.code, str(detail)
    return None


def _field_errors(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    return {"non_field_errors": data}


def envelope(
    request: HttpRequest | Any, *, code: str, message: str, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "error": {
            "code": code,
            "message": message,
            "path": request.path,
            "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "request_id": request.META.get("FIXMATE_REQUEST_ID", ""),
            "details": details or {},
        }
    }


def plain_answer(request: HttpRequest, status_code: int) -> JsonResponse:
    code, message = CODES[status_code]
    return JsonResponse(envelope(request, code=code, message=message), status=status_code)


# Django's own error views: unknown paths, crashes, and what fails before a view is reached.


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return plain_answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponseBase:
    return plain_answer(request, 500)


def forbidden(request: HttpRequest, exception: PermissionDenied | None = None) -> HttpResponseBase:
    return plain_answer(request, 403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return JsonResponse(
        envelope(request, code="MALFORMED_REQUEST", message="The request cannot be understood."), status=400
    )
