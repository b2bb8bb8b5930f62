"""What a job costs and why, and what is proposed on site, over REST."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from accounts.models import User
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.serializers import InputSerializer, MoneyField, NoBody, OutputSerializer
from fixmate.core.api.viewsets import ActViewSet
from fixmate.core.errors import IllegalTransition
from fixmate.core.money import Money
from jobs.api.serializers import LineOutput
from jobs.enums import PROPOSED_LINES, DeclineReason, PriceKind, QuoteStatus
from jobs.errors import QuoteCodeLocked, QuoteCodeWrong, QuoteExpired, QuoteOpen, QuoteTooHigh
from jobs.lines import Line, line_of
from jobs.models import Job, JobPrice, QuoteRevision
from jobs.rules import quote_code
from jobs.selectors import job_list_visible_to, price_list_shown_to, quote_get, quote_list
from jobs.services import quote_approve, quote_decline, quote_propose, quote_withdraw

MAX_LINES = 30
_NUMBER = r"(?P<number>[0-9]{1,18})"
_PATH = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH, description="Of the proposal, from 1 on.")
_PUMP = OpenApiExample(
    "A pump has to be replaced as well",
    value={
        "note": "The pump is seized; without a new one the boiler stays cold.",
        "lines": [
            {
                "kind": "PARTS",
                "description": "Circulation pump",
                "quantity": "1",
                "unit_amount": {"amount": "145.00", "currency": "USD"},
            },
            {
                "kind": "HOURS",
                "description": "Fitting it",
                "quantity": "1.5",
                "unit_amount": {"amount": "80.00", "currency": "USD"},
            },
        ],
    },
    request_only=True,
)


# Bodies


class LineInput(InputSerializer):
    kind = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in PROPOSED_LINES])
    description = serializers.CharField(max_length=200)
    quantity = serializers.RegexField(
        r"^(?=.*[1-9])[0-9]{1,4}(\.[0-9]{1,3})?$", help_text='Such as "1.5"; more than nothing.'
    )
    unit_amount = MoneyField(help_text="What one of it costs.")


class QuoteInput(InputSerializer):
    note = serializers.CharField(max_length=1000, help_text="What was found, for the customer.")
    lines = serializers.ListField(child=LineInput(), min_length=1, max_length=MAX_LINES)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[Line]:
        return [line_of(**{**line, "quantity": Decimal(line["quantity"])}) for line in lines]


class QuoteApproveInput(InputSerializer):
    code = serializers.RegexField(r"^[0-9]{6}$", help_text="Six digits, shown with the proposal.")


class QuoteDeclineInput(InputSerializer):
    reason = serializers.ChoiceField(choices=DeclineReason.choices)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


# Answers


class PriceRevisionOutput(OutputSerializer):
    """A revision; how it is split is shown to its technician and to staff."""

    revision = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=PriceKind.choices)
    amount = MoneyField()
    lines = LineOutput(many=True, source="lines.all")
    platform_fee = MoneyField(allow_null=True)
    technician_earnings = MoneyField(allow_null=True)
    fee_rate = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)
    fee_source = serializers.CharField(allow_null=True, help_text="The name of the rate.")
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: JobPrice) -> Any:
        shown = super().to_representation(instance)
        if self.context["request"].user.role == Role.CUSTOMER:
            shown |= dict.fromkeys(("platform_fee", "technician_earnings", "fee_rate", "fee_source"))
        return shown


class QuoteOutput(OutputSerializer):
    """What the technician proposes beside what was agreed; the code is its customer's, while he can use it."""

    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=QuoteStatus.choices)
    note = serializers.CharField()
    amount = MoneyField(help_text="What comes on top of the price agreed before.")
    lines = LineOutput(many=True, source="lines.all")
    proposed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    decline_reason = serializers.CharField()
    decline_note = serializers.CharField()
    price_revision = serializers.IntegerField(source="price.revision", default=None, allow_null=True)
    code = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_code(self, quote: QuoteRevision) -> str | None:
        is_his = quote.job.customer_id == self.context["request"].user.pk
        return quote_code(quote) if is_his and quote.status == QuoteStatus.PROPOSED else None


class JobPricesOutput(OutputSerializer):
    """What a job costs, line by line: what holds, how it came about, and what waits for an answer."""

    approved = MoneyField(help_text="What the job costs now.")
    proposed = MoneyField(allow_null=True, help_text="What it would cost with the proposal that waits for an answer.")
    revisions = PriceRevisionOutput(many=True)
    quotes = QuoteOutput(many=True, help_text="Everything proposed on site, in order.")


def _page(job: Job, user: User) -> dict[str, Any]:
    revisions, quotes = price_list_shown_to(user=user, job=job), list(quote_list(job))
    approved = revisions[-1].amount
    rises = [quote.amount_minor for quote in quotes if quote.status == QuoteStatus.PROPOSED]
    proposed = Money(approved.minor + rises[0], approved.currency) if rises else None
    return {"approved": approved, "proposed": proposed, "revisions": revisions, "quotes": quotes}


_PERMISSIONS: dict[str, type[BasePermission]] = {
    "propose": HasRole(Role.TECHNICIAN),
    "withdraw": HasRole(Role.TECHNICIAN),
    "approve": HasRole(Role.CUSTOMER),
    "decline": HasRole(Role.CUSTOMER),
}


@extend_schema(tags=["jobs"])
class JobPriceViewSet(ActViewSet[Job]):
    refusals = {
        "propose": (IllegalTransition, QuoteOpen, QuoteTooHigh),
        "approve": (IllegalTransition, QuoteExpired, QuoteCodeWrong, QuoteCodeLocked),
        "decline": (IllegalTransition,),
        "withdraw": (IllegalTransition,),
    }
    queryset = Job.objects.none()
    serializer_class = QuoteOutput
    request: AuthedRequest

    def get_permissions(self) -> list[Any]:
        return [_PERMISSIONS.get(self.action, IsVerified)()]

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    @extend_schema(summary="See what a job costs, line by line", operation_id="jobs_price", responses=JobPricesOutput)
    @action(detail=True, methods=["get"])
    def price(self, request: AuthedRequest, pk: str) -> Response:
        page = _page(self.get_object(), request.user)
        return Response(JobPricesOutput(page, context=self.get_serializer_context()).data)

    @extend_schema(
        summary="Propose extra work on site",
        description="Its lines come on top of what was agreed, once the customer approves. One proposal at a time.",
        operation_id="jobs_quotes_propose",
        request=QuoteInput,
        responses={201: QuoteOutput},
        examples=[_PUMP],
    )
    @action(detail=True, methods=["post"], url_path="quotes")
    def propose(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(QuoteInput)
        quote = quote_propose(job_id=job.pk, actor=request.user, **body)
        return self._quote(job, quote.number, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Approve what is proposed",
        description="With the code that the customer is shown beside it: it is of this proposal alone.",
        operation_id="jobs_quotes_approve",
        request=QuoteApproveInput,
        parameters=[_PATH],
    )
    @action(detail=True, methods=["post"], url_path=rf"quotes/{_NUMBER}/approve")
    def approve(self, request: AuthedRequest, pk: str, number: str) -> Response:
        job, body = self.asked(QuoteApproveInput)
        quote_approve(job_id=job.pk, number=int(number), actor=request.user, **body)
        return self._quote(job, int(number))

    @extend_schema(
        summary="Decline what is proposed",
        description="What was agreed before is finished, at its price.",
        operation_id="jobs_quotes_decline",
        request=QuoteDeclineInput,
        parameters=[_PATH],
    )
    @action(detail=True, methods=["post"], url_path=rf"quotes/{_NUMBER}/decline")
    def decline(self, request: AuthedRequest, pk: str, number: str) -> Response:
        job, body = self.asked(QuoteDeclineInput)
        quote_decline(job_id=job.pk, number=int(number), actor=request.user, **body)
        return self._quote(job, int(number))

    @extend_schema(
        summary="Take a proposal back", operation_id="jobs_quotes_withdraw", request=NoBody, parameters=[_PATH]
    )
    @action(detail=True, methods=["post"], url_path=rf"quotes/{_NUMBER}/withdraw")
    def withdraw(self, request: AuthedRequest, pk: str, number: str) -> Response:
        job, _ = self.asked(NoBody)
        quote_withdraw(job_id=job.pk, number=int(number), actor=request.user)
        return self._quote(job, int(number))

    def _quote(self, job: Job, number: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(quote_get(job=job, number=number)).data, code)
