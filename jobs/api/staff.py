"""What staff read and decide about jobs. Whom a job goes to is matching's part of the same addresses."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from accounts.enums import UserStatus
from fixmate.core.api.serializers import MoneyField, OutputSerializer, ReasonInput
from jobs.api.filters import StaffJobFilter
from jobs.api.serializers import JobEventOutput, JobOutput
from jobs.enums import PriceKind
from jobs.models import Job
from jobs.selectors import job_get, job_list_visible_to, job_timeline
from jobs.services import job_cancel_by_staff

_EVENTS_SHOWN = 100
_REASON = OpenApiExample("Why", value={"reason": "The customer has moved away."}, request_only=True)


class StaffJobOutput(JobOutput):
    """A job in a list of staff's."""

    customer_id = serializers.UUIDField()
    customer_status = serializers.ChoiceField(UserStatus.choices, source="customer.status")
    booked_from = serializers.DateTimeField(allow_null=True)
    booked_until = serializers.DateTimeField(allow_null=True)
    search_number = serializers.IntegerField(help_text="How often the search began from the start.")
    rematch_count = serializers.IntegerField(help_text="How often a technician gave it back.")
    next_pass_at = serializers.DateTimeField(allow_null=True, help_text="When matching looks again.")
    is_payment_required = serializers.BooleanField()
    cancel_note = serializers.CharField()


class JobPriceOutput(OutputSerializer):
    revision = serializers.IntegerField()
    kind = serializers.ChoiceField(PriceKind.choices)
    amount = MoneyField()
    platform_fee = MoneyField()
    technician_earnings = MoneyField()
    fee_rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    fee_source = serializers.CharField()
    created_at = serializers.DateTimeField()


class StaffJobDetailOutput(StaffJobOutput):
    """One job with its prices and its timeline."""

    prices = JobPriceOutput(many=True, source="price_rows")
    timeline = serializers.SerializerMethodField(help_text=f"The newest first, {_EVENTS_SHOWN} at most.")

    @extend_schema_field(JobEventOutput(many=True))
    def get_timeline(self, job: Job) -> list[dict[str, Any]]:
        newest = job_timeline(job.pk).order_by("-id")[:_EVENTS_SHOWN]
        return list(JobEventOutput(newest, many=True).data)


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(summary="List jobs", operation_id="admin_jobs_list", responses=StaffJobOutput(many=True)),
    retrieve=extend_schema(summary="Read a job with its prices and timeline", operation_id="admin_jobs_read"),
)
class StaffJobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Job]):
    queryset = Job.objects.none()
    filterset_class = StaffJobFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    def get_serializer_class(self) -> type[JobOutput]:
        return StaffJobOutput if self.action == "list" else StaffJobDetailOutput

    @extend_schema(
        summary="Call a job off",
        description="Any open job, work in progress included; without a fee.",
        operation_id="admin_jobs_cancel",
        request=ReasonInput,
        examples=[_REASON],
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(ReasonInput)
        job_cancel_by_staff(job_id=job.pk, actor=request.user, note=body["reason"])
        return self.answer(job_get(job.pk))
