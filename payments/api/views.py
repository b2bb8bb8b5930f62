from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.viewsets import GenericViewSet
from payments.api.filters import PaymentFilter
from payments.api.serializers import EarningsOutput, EarningsPeriod, PaymentOutput
from payments.models import Payment
from payments.selectors import earnings_of_technician, payment_list_visible_to
from technicians.selectors import technician_get_of_user

_CAPTURED = OpenApiExample(
    "A finished job, paid",
    value={
        "id": "0198c0de-0000-7000-8000-000000000001",
        "job_id": "0198c0de-0000-7000-8000-000000000002",
        "purpose": "JOB",
        "provider": "offline",
        "status": "CAPTURED",
        "amount": {"amount": "129.90", "currency": "USD"},
        "platform_fee": {"amount": "19.49", "currency": "USD"},
        "technician_earnings": {"amount": "110.41", "currency": "USD"},
        "fee_rate": "0.1500",
        "fee_source": "default",
        "created_at": "2026-01-15T10:30:00Z",
        "captured_at": "2026-01-15T12:05:00Z",
        "voided_at": None,
        "payout_frozen_at": None,
    },
    response_only=True,
)
_EARNINGS = OpenApiExample(
    "A month",
    value={
        "earned": {"amount": "1840.25", "currency": "USD"},
        "platform_fees": {"amount": "324.75", "currency": "USD"},
        "jobs": 17,
        "frozen": {"amount": "110.41", "currency": "USD"},
    },
    response_only=True,
)


@extend_schema_view(
    list=extend_schema(
        operation_id="payments_list",
        summary="My payments, with the stored split",
        tags=["payments"],
    ),
    retrieve=extend_schema(operation_id="payments_get", summary="One payment", tags=["payments"], examples=[_CAPTURED]),
)
class PaymentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet):
    queryset = Payment.objects.none()
    permission_classes = [IsVerified]
    serializer_class = PaymentOutput
    filterset_class = PaymentFilter
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Payment]:
        return payment_list_visible_to(self.request.user)


class EarningsViewSet(GenericViewSet):
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
