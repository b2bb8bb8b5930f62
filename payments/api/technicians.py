"""What a technician reads of his money."""

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.downloads import AnyAccept
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.viewsets import GenericViewSet
from payments.api.filters import PayoutFilter
from payments.api.serializers import (
    EarningsOutput,
    EarningsPeriod,
    PayoutDetailOutput,
    PayoutOutput,
    StatementPeriod,
)
from payments.models import Payout
from payments.selectors import earnings_of_technician, payout_list_of, with_items
from payments.statements import statement_of
from technicians.selectors import technician_get_of_user

_EARNINGS = OpenApiExample(
    "A month",
    value={
        "earned": {"amount": "1840.25", "currency": "USD"},
        "platform_fees": {"amount": "324.75", "currency": "USD"},
        "jobs": 17,
        "frozen": {"amount": "110.41", "currency": "USD"},
        "given_back": {"amount": "55.21", "currency": "USD"},
        "paid_out": {"amount": "1419.30", "currency": "USD"},
        "balances": {
            "held": {"amount": "310.41", "currency": "USD"},
            "payable": {"amount": "0.00", "currency": "USD"},
            "in_payout": {"amount": "110.54", "currency": "USD"},
            "owed": {"amount": "19.49", "currency": "USD"},
        },
    },
    response_only=True,
)


class EarningsViewSet(LimitsMixin, GenericViewSet):
    limits = {"statements": "statements"}
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = EarningsOutput
    pagination_class = None
    filter_backends = []

    @extend_schema(
        operation_id="technicians_me_earnings",
        summary="What I earned",
        tags=["payments"],
        parameters=[EarningsPeriod],
        responses=EarningsOutput,
        examples=[_EARNINGS],
    )
    @action(detail=False, url_path="me/earnings")
    def earnings(self, request: AuthedRequest) -> Response:
        period = EarningsPeriod(data=request.query_params)
        period.is_valid(raise_exception=True)
        technician = technician_get_of_user(request.user)
        earnings = earnings_of_technician(technician_id=technician.pk, **period.validated_data)
        return Response(EarningsOutput(earnings).data)

    @extend_schema(
        operation_id="technicians_me_statements",
        summary="My statement, as a file",
        description="Everything that moved on my accounts in the period, in the order of the books.",
        tags=["payments"],
        parameters=[StatementPeriod],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/pdf"): OpenApiTypes.BINARY},
    )
    @action(detail=False, url_path="me/statements", content_negotiation_class=AnyAccept)
    def statements(self, request: AuthedRequest) -> HttpResponse:
        period = StatementPeriod(data=request.query_params)
        period.is_valid(raise_exception=True)
        kind = period.validated_data.pop("format")
        statement = statement_of(technician_get_of_user(request.user), kind=kind, **period.validated_data)
        return HttpResponse(
            statement.content,
            content_type=statement.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{statement.name}"',
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


@extend_schema(tags=["payments"])
@extend_schema_view(
    list=extend_schema(operation_id="technicians_me_payouts_list", summary="What I am paid"),
    retrieve=extend_schema(
        operation_id="technicians_me_payouts_get",
        summary="One payout, with what is in it",
        responses=PayoutDetailOutput,
    ),
)
class PayoutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet):
    queryset = Payout.objects.none()
    permission_classes = [HasRole(Role.TECHNICIAN)]
    filterset_class = PayoutFilter
    lookup_value_converter = "uuid"
    ordering = ("-ordered_at",)
    ordering_fields = {"ordered_at": "ordered_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Payout]:
        payouts = payout_list_of(self.request.user)
        return payouts if self.action == "list" else with_items(payouts)

    def get_serializer_class(self) -> type[PayoutOutput]:
        return PayoutOutput if self.action == "list" else PayoutDetailOutput
