from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.serializers import NoBody
from fixmate.core.api.viewsets import GenericViewSet
from payments.api.serializers import PayoutAccountOutput
from payments.errors import PayoutAccountsOff
from payments.selectors import payout_account_view
from payments.services import payout_account_ask

_INCOMPLETE = OpenApiExample(
    "To be filled in",
    value={
        "provider": "stripe",
        "status": "INCOMPLETE",
        "is_waiting": False,
        "link": "https://connect.stripe.com/setup/e/acct_1/abc",
        "link_expires_at": "2026-01-15T10:34:00Z",
        "ready_at": None,
    },
    response_only=True,
)


class PayoutAccountViewSet(GenericViewSet):
    refusals = {"ask": (PayoutAccountsOff,)}
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = PayoutAccountOutput
    pagination_class = None
    filter_backends = []

    @extend_schema(
        operation_id="technicians_me_payout_account_get",
        summary="Where I am paid",
        tags=["payments"],
        responses=PayoutAccountOutput,
        examples=[_INCOMPLETE],
    )
    @action(detail=False, url_path="me/payout-account")
    def payout_account(self, request: AuthedRequest) -> Response:
        return self._shown(request, status.HTTP_200_OK)

    @extend_schema(
        operation_id="technicians_me_payout_account_ask",
        summary="Ask for an account to be paid to, or for a new link to its form",
        description="The provider is asked afterwards: read the account until it is not waiting any more.",
        tags=["payments"],
        request=NoBody,
        responses={202: PayoutAccountOutput},
        examples=[_INCOMPLETE],
    )
    @payout_account.mapping.post
    def ask(self, request: AuthedRequest) -> Response:
        NoBody.parse(request.data)
        payout_account_ask(user=request.user)
        return self._shown(request, status.HTTP_202_ACCEPTED)

    def _shown(self, request: AuthedRequest, code: int) -> Response:
        return Response(PayoutAccountOutput(payout_account_view(request.user)).data, code)
