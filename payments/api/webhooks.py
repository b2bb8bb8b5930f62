"""The door that providers knock at: no login, and nothing is believed that is not signed."""

from typing import Final

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from fixmate.core.api.limits import count_request
from fixmate.core.api.parsers import BodyTooLarge
from fixmate.core.api.requests import client_ip
from fixmate.core.api.viewsets import APIView
from fixmate.core.errors import NotFound
from payments.errors import WebhookNotSigned
from payments.services import webhook_receive

SIGNATURE: Final = "Stripe-Signature"


class WebhookView(APIView):
    refusals = {"post": (NotFound, WebhookNotSigned)}
    is_idempotent = False  # a message has an id of its own
    authentication_classes = []
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Look at nobody, and count nothing yet: a provider may have much to say at once."""

    @extend_schema(
        operation_id="payments_webhook",
        summary="What a payment provider tells us",
        description="For providers alone. A message that comes again is taken once.",
        tags=["payments"],
        parameters=[
            OpenApiParameter("provider", str, OpenApiParameter.PATH),
            OpenApiParameter(SIGNATURE, str, OpenApiParameter.HEADER, description="Made as Stripe documents it."),
        ],
        request=OpenApiTypes.OBJECT,
        responses={204: None},
    )
    def post(self, request: Request, provider: str) -> Response:
        try:
            webhook_receive(provider=provider, body=_body(request), signature=request.headers.get(SIGNATURE, ""))
        except (NotFound, BodyTooLarge, WebhookNotSigned):
            self._count_refused(request)
            raise
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _count_refused(self, request: Request) -> None:
        wait_s = count_request(request._request, who=client_ip(request))
        if wait_s:
            raise Throttled(wait=wait_s)


def _body(request: Request) -> bytes:
    """Return the bytes as they were signed, whatever they say they are.

    :raises BodyTooLarge: beyond what any body may have
    """
    body: bytes = request._request.body
    if len(body) > settings.MAX_BODY_BYTES:
        raise BodyTooLarge
    return body
