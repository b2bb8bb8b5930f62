from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from catalog.models import Service
from catalog.selectors import service_list_all
from fixmate.core.api.serializers import InputSerializer, OutputSerializer
from matching.rules import FIELDS, MAX_NUMBER, MIN_STEP_M, least_of, most_of, overlaid, values_for
from matching.services import service_rules_set

_FLAG = "learns_timeout"
_TOO_SMALL = {"type": "integer", "minimum": 1, "maximum": MIN_STEP_M - 1}


def _fields(
    least: Callable[[str], int] = lambda _name: 0, most: Callable[[str], int] = lambda _name: MAX_NUMBER, **options: Any
) -> dict[str, Any]:
    numbers = {
        name: serializers.IntegerField(min_value=least(name), max_value=most(name), **options) for name in FIELDS
    }
    return {**numbers, _FLAG: serializers.BooleanField(**options)}


_RulesInput = type("_RulesInput", (InputSerializer,), _fields(least_of, most_of, required=False, allow_null=True))
RulesSet = type("RulesSet", (OutputSerializer,), _fields(allow_null=True))
RulesInForce = type("RulesInForce", (OutputSerializer,), _fields())


class ServiceRulesInput(_RulesInput):  # type: ignore[valid-type, misc]
    """What is to be set: metres and seconds; null gives it back to the settings, what is left out stays."""

    always = ("reason",)
    also = {"not": {"required": ["search_radius_step_m"], "properties": {"search_radius_step_m": _TOO_SMALL}}}
    reason = serializers.CharField(max_length=1000)


class ServiceRulesOutput(OutputSerializer):
    """`staff_set` is what staff set for the service, `in_force` that and the settings."""

    service_id = serializers.UUIDField()
    staff_set = RulesSet()
    in_force = RulesInForce()


_WIDER = OpenApiExample(
    "Search further in the country",
    value={"search_radius_m": 10000, "search_radius_max_m": 30000, "reason": "Few plumbers, long ways."},
    request_only=True,
)


@extend_schema(tags=["staff"])
class StaffServiceRulesViewSet(StaffViewSet[Service]):
    serializer_class = ServiceRulesOutput
    filter_backends = []

    def get_queryset(self) -> QuerySet[Service]:
        return service_list_all()

    @extend_schema(summary="Read how matching goes about a service", operation_id="admin_services_matching_rules_read")
    @action(detail=True, methods=["get"], url_path="matching-rules")
    def rules(self, request: AuthedRequest, pk: str) -> Response:
        return self._answer(self.get_object().pk)

    @extend_schema(
        summary="Set how matching goes about a service",
        operation_id="admin_services_matching_rules_set",
        request=ServiceRulesInput,
        examples=[_WIDER],
    )
    @rules.mapping.patch
    def set_rules(self, request: AuthedRequest, pk: str) -> Response:
        service, values = self.asked(ServiceRulesInput)
        reason = values.pop("reason")
        service_rules_set(service_id=service.pk, values=values, actor=request.user, reason=reason)
        return self._answer(service.pk)

    def _answer(self, service_id: UUID) -> Response:
        values = values_for(service_id)
        shown = {"service_id": service_id, "staff_set": values, "in_force": overlaid(values)}
        return Response(ServiceRulesOutput(shown).data)
