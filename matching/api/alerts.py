import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from fixmate.core.api.filters import FilterSet, TruthFilter
from fixmate.core.api.serializers import OutputSerializer, ReasonInput
from matching.enums import AlertKind
from matching.errors import AlertClosed
from matching.models import Alert
from matching.selectors import alert_list
from matching.services import alert_close_by_staff

_REASON = OpenApiExample("Dealt with", value={"reason": "Called the customer; he waits."}, request_only=True)


class AlertOutput(OutputSerializer):
    """Something matching wants staff to look at."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=AlertKind.choices)
    subject = serializers.CharField()
    job_id = serializers.UUIDField(allow_null=True)
    service_id = serializers.UUIDField(allow_null=True)
    data = serializers.JSONField()  # type: ignore[assignment]
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class AlertFilter(FilterSet):
    kind = django_filters.ChoiceFilter(choices=AlertKind.choices)
    job = django_filters.UUIDFilter(field_name="job_id")
    is_open = TruthFilter(field_name="closed_at", lookup_expr="isnull")

    class Meta:
        model = Alert
        fields: list[str] = []


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(summary="List alerts", operation_id="admin_alerts_list"),
    retrieve=extend_schema(summary="Read an alert", operation_id="admin_alerts_read"),
)
class StaffAlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Alert]):
    refusals = {"close": (AlertClosed,)}
    serializer_class = AlertOutput
    filterset_class = AlertFilter
    ordering = ("-opened_at",)
    ordering_fields = {"opened_at": "opened_at"}
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Alert]:
        return alert_list()

    @extend_schema(
        summary="Put an alert away", operation_id="admin_alerts_close", request=ReasonInput, examples=[_REASON]
    )
    @action(detail=True, methods=["post"])
    def close(self, request: AuthedRequest, pk: str) -> Response:
        alert, body = self.asked(ReasonInput)
        return self.answer(alert_close_by_staff(alert_id=alert.pk, actor=request.user, **body))
