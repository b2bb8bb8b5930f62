"""What every view of the API has around it: the ceiling, the promise of the key, and the tag of what was read."""

import hashlib
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework import status
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from fixmate.core.api.idempotency import answered_once, key_of
from fixmate.core.api.limits import count_request
from fixmate.core.api.requests import client_ip
from fixmate.core.errors import DomainError


class Edge:
    """Mixed into the bases of all views; what a view says of itself stands in its attributes."""

    # False where the header is ignored: what counts although it refuses, and what answers with tokens.
    is_idempotent: ClassVar[bool] = True
    # Makes ready what is slow and writes no row, such as pictures and hashes of passwords: see `prepared`.
    prepare: ClassVar[Callable[..., Any] | None] = None
    # False where an answer is out of date at once.
    has_etag: ClassVar[bool] = True
    # The acts (actions, or lower-case methods) for which staff show their second factor again if that was long ago.
    step_up: ClassVar[frozenset[str]] = frozenset()
    # True where staff come in without a second factor: to add one, or to show it.
    is_before_second_factor: ClassVar[bool] = False
    # What an action (or a lower-case HTTP method) is refused with beside what follows from its shape, "*" each of
    # them: for the schema.
    refusals: ClassVar[dict[str, tuple[type[DomainError], ...]]] = {}

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)  # type: ignore[misc]
        except APIException:
            self._count(request, client_ip(request))
            raise
        is_known = request.user and request.user.is_authenticated
        self._count(request, str(request.user.pk) if is_known else client_ip(request))

    def _count(self, request: Request, who: str) -> None:
        wait_s = count_request(request._request, who=who)
        if wait_s:
            raise Throttled(wait=wait_s)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST" and self.is_idempotent and key_of(request):
            # Whom the door has refused is not promised anything; from here on the act itself is asked.
            act = getattr(self, "post", None)
            if act:
                self.post = answered_once(act, self.handle_exception, self._make_ready)  # type: ignore[attr-defined]

    def _make_ready(self) -> None:
        if self.prepare is not None:
            _ = self.prepared

    @cached_property
    def prepared(self) -> Any:
        """Return what `prepare` makes of the request, made once: under a key, before the transaction of the act begins.

        Whoever else has to write, on SQLite everybody, would wait for it.
        """
        return self.prepare(self.request)  # type: ignore[misc, attr-defined]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        is_read = request.method in {"GET", "HEAD"} and response.status_code == status.HTTP_200_OK
        if is_read and self.has_etag and isinstance(response, Response) and "Cache-Control" not in response.headers:
            response.add_post_render_callback(partial(_tagged, request._request))
        return response


def _tagged(request: HttpRequest, response: Response) -> HttpResponse | None:
    """Tag what was rendered, for its reader alone; answer 304 where he has it already."""
    etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization"])
    if "If-None-Match" not in request.headers:
        return None
    conditional: HttpResponse | None = get_conditional_response(request, etag=etag, response=response)
    return conditional
