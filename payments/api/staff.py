"""What customers still owe, refunds and payouts, as staff work them, and chargebacks, as they read them."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from fixmate.core.api.serializers import ReasonInput
from payments.api.filters import ChargebackFilter, RefundFilter, StaffPayoutFilter
from payments.api.serializers import (
    ChargebackOutput,
    PaymentOutput,
    RefundOutput,
    StaffPayoutDetailOutput,
    StaffPayoutOutput,
)
from payments.errors import HeldBack, NoFeeOwed, RefundTooMuch, SecondPersonNeeded, SettledByProvider
from payments.models import Chargeback, Payment, Payout, Refund
from payments.selectors import payment_list_visible_to, payout_list, refund_list, with_items
from payments.selectors.chargebacks import chargeback_list
from payments.services import (
    payment_fee_paid,
    payment_fee_waive,
    payout_fail,
    payout_pay,
    payout_send,
    refund_approve,
    refund_fail_by_staff,
    refund_finish_by_staff,
    refund_reject,
)

_REASON = OpenApiExample("Why", value={"reason": "Agreed in dispute 4711."}, request_only=True)


def _act(operation_id: str, summary: str, description: str = "") -> object:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        request=ReasonInput,
        examples=[_REASON],
    )


@extend_schema(tags=["staff"])
@extend_schema_view(
    paid=_act(
        "admin_payments_paid",
        "Note that the customer has paid a cancellation fee",
        "To the technician, in cash: it is captured as if it had been paid at the door.",
    ),
    waive=_act(
        "admin_payments_waive",
        "Let the customer off what is still owed",
        "A cancellation fee in cash; or, through a provider, what no card has paid of a job that has ended. What was "
        "taken of it becomes the price; with nothing taken the payment is void. `SETTLED_BY_PROVIDER` while the "
        "provider is asked for it, and for every payment through it that has not failed.",
    ),
)
class StaffPaymentViewSet(StaffViewSet[Payment]):
    refusals = {"paid": (NoFeeOwed, SettledByProvider), "waive": (NoFeeOwed, SettledByProvider)}
    step_up = frozenset({"paid", "waive"})
    queryset = Payment.objects.none()
    serializer_class = PaymentOutput
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Payment]:
        return payment_list_visible_to(self.request.user)

    @action(detail=True, methods=["post"])
    def paid(self, request: AuthedRequest, pk: str) -> Response:
        payment, body = self.asked(ReasonInput)
        payment_fee_paid(payment_id=payment.pk, actor=request.user, **body)
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"])
    def waive(self, request: AuthedRequest, pk: str) -> Response:
        payment, body = self.asked(ReasonInput)
        payment_fee_waive(payment_id=payment.pk, actor=request.user, **body)
        return self.answer(self.get_object())


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(operation_id="admin_refunds_list", summary="List refunds"),
    retrieve=extend_schema(operation_id="admin_refunds_read", summary="Read a refund"),
    approve=_act("admin_refunds_approve", "Approve a refund somebody else asked for"),
    reject=_act("admin_refunds_reject", "Refuse a refund"),
    done=_act("admin_refunds_done", "Note that the technician gave the money back", "Of payments in cash alone."),
    fail=_act(
        "admin_refunds_fail", "Note that the technician did not give the money back", "Of payments in cash alone."
    ),
)
class StaffRefundViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Refund]):
    refusals = {
        "approve": (SecondPersonNeeded, RefundTooMuch),
        "done": (SettledByProvider,),
        "fail": (SettledByProvider,),
    }
    step_up = frozenset({"approve", "reject", "done", "fail"})
    queryset = Refund.objects.none()
    serializer_class = RefundOutput
    filterset_class = RefundFilter
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}

    def get_queryset(self) -> QuerySet[Refund]:
        return refund_list()

    @action(detail=True, methods=["post"])
    def approve(self, request: AuthedRequest, pk: str) -> Response:
        refund, body = self.asked(ReasonInput)
        return self.answer(refund_approve(refund_id=refund.pk, actor=request.user, **body))

    @action(detail=True, methods=["post"])
    def reject(self, request: AuthedRequest, pk: str) -> Response:
        refund, body = self.asked(ReasonInput)
        return self.answer(refund_reject(refund_id=refund.pk, actor=request.user, **body))

    @action(detail=True, methods=["post"])
    def done(self, request: AuthedRequest, pk: str) -> Response:
        refund, body = self.asked(ReasonInput)
        return self.answer(refund_finish_by_staff(refund_id=refund.pk, actor=request.user, **body))

    @action(detail=True, methods=["post"])
    def fail(self, request: AuthedRequest, pk: str) -> Response:
        refund, body = self.asked(ReasonInput)
        return self.answer(refund_fail_by_staff(refund_id=refund.pk, actor=request.user, **body))


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(
        operation_id="admin_payouts_list", summary="List payouts", responses=StaffPayoutOutput(many=True)
    ),
    retrieve=extend_schema(operation_id="admin_payouts_read", summary="Read a payout with what is in it"),
    send=_act("admin_payouts_send", "Note that a payout has been sent"),
    paid=_act("admin_payouts_paid", "Note that a payout has arrived"),
    fail=_act("admin_payouts_fail", "Note that a payout did not arrive", "What was in it is paid out anew."),
)
class StaffPayoutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Payout]):
    refusals = {"send": (HeldBack, SettledByProvider), "paid": (SettledByProvider,), "fail": (SettledByProvider,)}
    step_up = frozenset({"send", "paid", "fail"})
    queryset = Payout.objects.none()
    filterset_class = StaffPayoutFilter
    lookup_value_converter = "uuid"
    ordering = ("-ordered_at",)
    ordering_fields = {"ordered_at": "ordered_at"}

    def get_queryset(self) -> QuerySet[Payout]:
        return payout_list() if self.action == "list" else with_items(payout_list())

    def get_serializer_class(self) -> type[StaffPayoutOutput]:
        return StaffPayoutOutput if self.action == "list" else StaffPayoutDetailOutput

    @action(detail=True, methods=["post"])
    def send(self, request: AuthedRequest, pk: str) -> Response:
        payout, body = self.asked(ReasonInput)
        payout_send(payout_id=payout.pk, actor=request.user, **body)
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"])
    def paid(self, request: AuthedRequest, pk: str) -> Response:
        payout, body = self.asked(ReasonInput)
        payout_pay(payout_id=payout.pk, actor=request.user, **body)
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"])
    def fail(self, request: AuthedRequest, pk: str) -> Response:
        payout, body = self.asked(ReasonInput)
        payout_fail(payout_id=payout.pk, actor=request.user, **body)
        return self.answer(self.get_object())


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(
        operation_id="admin_chargebacks_list",
        summary="List chargebacks",
        description="Payments that customers' banks took back. Evidence is handed in with the provider.",
    ),
    retrieve=extend_schema(operation_id="admin_chargebacks_read", summary="Read a chargeback"),
)
class StaffChargebackViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Chargeback]):
    queryset = Chargeback.objects.none()
    serializer_class = ChargebackOutput
    filterset_class = ChargebackFilter
    lookup_value_converter = "uuid"
    ordering = ("-opened_at",)
    ordering_fields = {"opened_at": "opened_at"}

    def get_queryset(self) -> QuerySet[Chargeback]:
        return chargeback_list()
