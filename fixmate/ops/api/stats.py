"""The figures of `GET /admin/stats`."""

from django.db.models import Model
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from accounts.enums import Role, UserStatus
from fixmate.core.api.filters import moment_of
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.serializers import MoneyField, OutputSerializer
from fixmate.ops.stats import LONGEST, stats_of
from jobs.enums import JobStatus
from technicians.enums import Verification


def _counts(name: str, states: list[str]) -> type[OutputSerializer]:
    return type(name, (OutputSerializer,), {state: serializers.IntegerField() for state in states})


class _PresenceOutput(OutputSerializer):
    online = serializers.IntegerField()
    offline = serializers.IntegerField()


_UsersByStatus = _counts("UsersByStatus", UserStatus.values)
_USERS = inline_serializer("UsersByRole", {role: _UsersByStatus() for role in Role.values})
_TECHNICIANS = inline_serializer(
    "TechniciansByVerification", {state: _PresenceOutput() for state in Verification.values}
)
JobsByStatus = _counts("JobsByStatus", JobStatus.values)


class StandingOutput(OutputSerializer):
    """How things stand at this moment."""

    users = _USERS
    technicians = _TECHNICIANS
    jobs = JobsByStatus()
    open_disputes = serializers.IntegerField()
    documents_waiting = serializers.IntegerField(help_text="Uploaded, and not yet looked at.")
    open_alerts = serializers.IntegerField()


class TakingsOutput(OutputSerializer):
    payments = serializers.IntegerField()
    captured = MoneyField()
    platform_fees = MoneyField()


class _Happened(OutputSerializer):
    requested = serializers.IntegerField()
    assigned = serializers.IntegerField()
    unmatched = serializers.IntegerField()
    completed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    unmatched_share = serializers.FloatField(
        allow_null=True, help_text="Of the searches that ended in the period, those that found nobody."
    )
    median_time_to_assignment_s = serializers.IntegerField(
        allow_null=True, help_text="From the request to the technician, of jobs for now requested in the period."
    )
    takings = TakingsOutput(many=True, help_text="Captured in the period, by currency.")


# `from` is a word of Python
PeriodOutput = type(
    "PeriodOutput",
    (_Happened,),
    {
        "__doc__": "What happened from `from` on and before `to`.",
        "from": serializers.DateTimeField(source="since"),
        "to": serializers.DateTimeField(source="until"),
    },
)


class StatsOutput(OutputSerializer):
    at = serializers.DateTimeField()
    now = StandingOutput()
    period = PeriodOutput()


class StatsViewSet(StaffViewSet[Model]):
    filter_backends = []
    pagination_class = None

    @extend_schema(
        summary="Read the figures of the day",
        description=f"Of today, in UTC, or of a period of at most {LONGEST.days} days.",
        operation_id="admin_stats",
        tags=["staff"],
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATETIME, description="Where the period begins; midnight UTC."),
            OpenApiParameter("to", OpenApiTypes.DATETIME, description="Where it ends; now."),
        ],
        responses={200: StatsOutput, 400: OpenApiResponse(ErrorEnvelope, description="There is no such period.")},
    )
    @action(detail=False, methods=["get"])
    def stats(self, request: AuthedRequest) -> Response:
        since, until = moment_of(request.query_params, "from"), moment_of(request.query_params, "to")
        return Response(StatsOutput(stats_of(since=since, until=until)).data)
