from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.viewsets import ActViewSet
from payments.api.filters import PaymentFilter
from payments.api.serializers import AuthorizeInput, PaymentDetailOutput, PaymentOutput, RefundInput, RefundOutput
from payments.errors import CardNeeded, NothingToRefund, PaymentClosed, PaymentOffline, RefundTooMuch
from payments.models import Payment
from payments.selectors import payment_get_visible_to, payment_list_visible_to
from payments.services import payment_authorize, refund_request

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
        "refunded": {"amount": "0.00", "currency": "USD"},
        "fee_owed": None,
        "hold": None,
        "publishable_key": None,
    },
    response_only=True,
)
_CARD = OpenApiExample("A card", value={"payment_method": "pm_1PqX2eLkdIwHu7ix"}, request_only=True)
_WAITING = OpenApiExample(
    "The bank asks the customer",
    value={
        **_CAPTURED.value,
        "provider": "stripe",
        "status": "PENDING",
        **dict.fromkeys(("amount", "platform_fee", "technician_earnings", "fee_rate", "fee_source", "captured_at")),
        "hold": {
            "status": "ACTION_NEEDED",
            "amount": {"amount": "129.90", "currency": "USD"},
            "client_secret": "pi_3PqX2eLkdIwHu7ix_secret_T9k",
            "failure": "",
        },
        "publishable_key": "pk_live_51H8",
    },
    response_only=True,
)
_REFUND = OpenApiExample(
    "Half of it",
    value={"amount": {"amount": "64.95", "currency": "USD"}, "reason": "The tap dripped again the next day."},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(
        operation_id="payments_list",
        summary="My payments, with the stored split",
        tags=["payments"],
    ),
    retrieve=extend_schema(operation_id="payments_get", summary="One payment", tags=["payments"], examples=[_CAPTURED]),
)
class PaymentViewSet(LimitsMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, ActViewSet[Payment]):
    refusals = {
        "refunds": (NothingToRefund, RefundTooMuch),
        "authorize": (PaymentOffline, PaymentClosed, CardNeeded),
    }
    limits = {"authorize": "authorize"}  # a card a try: whoever tries many is looking for one that works
    step_up = frozenset({"refunds"})
    queryset = Payment.objects.none()
    permission_classes = [IsVerified]
    filterset_class = PaymentFilter
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Payment]:
        return payment_list_visible_to(self.request.user)

    def get_serializer_class(self) -> type[PaymentOutput]:
        return PaymentOutput if self.action == "list" else PaymentDetailOutput

    @extend_schema(
        operation_id="payments_authorize",
        summary="Have the price held on a card",
        description=(
            "Say which card, or that a confirmation the bank asked for has been given. The provider is asked "
            "afterwards: read the payment until `hold` is HELD, or wants something."
        ),
        tags=["payments"],
        request=AuthorizeInput,
        responses={202: PaymentDetailOutput},
        examples=[_CARD, _WAITING],
    )
    @action(detail=True, methods=["post"], permission_classes=[HasRole(Role.CUSTOMER)])
    def authorize(self, request: AuthedRequest, pk: str) -> Response:
        payment, body = self.asked(AuthorizeInput)
        method = body.get("payment_method", "")
        payment_authorize(payment_id=payment.pk, actor=request.user, method=method)
        shown = payment_get_visible_to(user=request.user, payment_id=payment.pk)
        return self.answer(shown, status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="payments_refund",
        summary="Give money back to the customer",
        description="Refunds of one payment beyond a set sum need a second person to approve them.",
        tags=["payments"],
        request=RefundInput,
        responses={201: RefundOutput},
        examples=[_REFUND],
    )
    @action(detail=True, methods=["post"], permission_classes=[HasRole(Role.ADMIN)])
    def refunds(self, request: AuthedRequest, pk: str) -> Response:
        payment, body = self.asked(RefundInput)
        refund = refund_request(payment_id=payment.pk, actor=request.user, **body)
        return Response(RefundOutput(refund).data, status.HTTP_201_CREATED)
