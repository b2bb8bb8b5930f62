"""Which policy ranks, for staff: versions, which are never edited, and rollouts, which begin and end."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from fixmate.core.api.filters import FilterSet, TruthFilter
from fixmate.core.api.serializers import OutputSerializer, ReasonInput
from matching.enums import RolloutMode
from matching.errors import RolloutEnded, RolloutRunning
from matching.models import PolicyRollout, PolicyVersion
from matching.policies import KINDS
from matching.policies.index import IndexPolicy
from matching.policies.scored import ScoredPolicy
from matching.selectors import policy_version_list_all, rollout_list_all
from matching.services import policy_version_add, rollout_end, rollout_start
from matching.services.rollouts import PERCENT

_VERSION = OpenApiExample(
    "Dearer refusals",
    value={
        "key": IndexPolicy.key,
        "params": {**IndexPolicy.defaults, "offer_cost": 8.0},
        "note": "What if a refusal costs the customer more?",
        "reason": "Asked for by operations.",
    },
    request_only=True,
)
_ROLLOUT = OpenApiExample(
    "A tenth of the jobs",
    value={"version_id": 2, "mode": "SHARE", "percent": 10, "service_id": None, "reason": "A first look."},
    request_only=True,
)
_REASON = OpenApiExample("Why", value={"reason": "Seen enough."}, request_only=True)


class ParamField(serializers.FloatField):
    """A number as it was sent; the policy judges it."""

    def to_internal_value(self, data: Any) -> Any:
        return data


_WHOLE = [mode for mode in RolloutMode.values if mode != RolloutMode.SHARE]  # these take all jobs


def _params_of(kind: type[ScoredPolicy]) -> dict[str, Any]:
    """Say which parameters go with the kind of policy, and between what they lie."""
    bounds = {name: kind.bounds_of(name) for name in kind.defaults}
    numbers = {name: {"type": "number", "minimum": least, "maximum": most} for name, (least, most) in bounds.items()}
    params = {"type": "object", "properties": numbers, "required": sorted(numbers), "additionalProperties": False}
    return _where(key={"const": kind.key}, params=params)


def _where(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


class PolicyVersionInput(ReasonInput):
    also = {"oneOf": [_params_of(KINDS[key]) for key in sorted(KINDS)]}
    key = serializers.ChoiceField(choices=sorted(KINDS))
    params = serializers.DictField(child=ParamField(), help_text="Every parameter of the policy, by name.")
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class PolicyVersionOutput(OutputSerializer):
    id = serializers.IntegerField()
    key = serializers.CharField()
    params = serializers.DictField(child=serializers.FloatField())
    version = serializers.CharField()
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by_id = serializers.UUIDField(allow_null=True)


class RolloutInput(ReasonInput):
    also = {"not": {"required": ["percent"], **_where(mode={"enum": _WHOLE}, percent={"maximum": PERCENT - 1})}}
    version_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    service_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Null: all services.")
    mode = serializers.ChoiceField(choices=RolloutMode.choices)
    percent = serializers.IntegerField(min_value=1, max_value=PERCENT, required=False, default=PERCENT)

    def validate_mode(self, value: str) -> RolloutMode:
        return RolloutMode(value)


class RolloutOutput(OutputSerializer):
    id = serializers.IntegerField()
    version_id = serializers.IntegerField()
    key = serializers.CharField(source="version.key")
    version = serializers.CharField(source="version.version")
    service_id = serializers.UUIDField(allow_null=True)
    mode = serializers.ChoiceField(choices=RolloutMode.choices)
    percent = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    indexed_at = serializers.DateTimeField(allow_null=True)


class PolicyVersionFilter(FilterSet):
    key = django_filters.ChoiceFilter(choices=[(key, key) for key in sorted(KINDS)])

    class Meta:
        model = PolicyVersion
        fields: list[str] = []


class RolloutFilter(FilterSet):
    mode = django_filters.ChoiceFilter(choices=RolloutMode.choices)
    service = django_filters.UUIDFilter(field_name="service_id")
    is_running = TruthFilter(field_name="ended_at", lookup_expr="isnull")

    class Meta:
        model = PolicyRollout
        fields: list[str] = []


@extend_schema(tags=["staff"])
@extend_schema_view(list=extend_schema(summary="List policy versions", operation_id="admin_policies_list"))
class StaffPolicyViewSet(mixins.ListModelMixin, StaffViewSet[PolicyVersion]):
    serializer_class = PolicyVersionOutput
    filterset_class = PolicyVersionFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        return policy_version_list_all()

    @extend_schema(
        summary="Add a version of a policy",
        description="A version is never edited. The same parameters again answer 200 with the version there is.",
        operation_id="admin_policies_add",
        request=PolicyVersionInput,
        responses={201: PolicyVersionOutput, 200: PolicyVersionOutput},
        examples=[_VERSION],
    )
    def create(self, request: AuthedRequest) -> Response:
        version, is_new = policy_version_add(actor=request.user, **PolicyVersionInput.parse(request.data))
        return self.answer(version, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(tags=["staff"])
@extend_schema_view(list=extend_schema(summary="List rollouts", operation_id="admin_rollouts_list"))
class StaffRolloutViewSet(mixins.ListModelMixin, StaffViewSet[PolicyRollout]):
    refusals = {"create": (RolloutRunning,), "end": (RolloutEnded,)}
    serializer_class = RolloutOutput
    filterset_class = RolloutFilter
    ordering = ("-started_at",)
    ordering_fields = {"started_at": "started_at"}
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[PolicyRollout]:
        return rollout_list_all()

    @extend_schema(
        summary="Begin to use a version",
        description="A default takes the place of the one there is. Jobs that had a pass keep its version.",
        operation_id="admin_rollouts_start",
        request=RolloutInput,
        responses={201: RolloutOutput},
        examples=[_ROLLOUT],
    )
    def create(self, request: AuthedRequest) -> Response:
        rollout = rollout_start(actor=request.user, **RolloutInput.parse(request.data))
        return self.answer(rollout, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Stop to use a version", operation_id="admin_rollouts_end", request=ReasonInput, examples=[_REASON]
    )
    @action(detail=True, methods=["post"])
    def end(self, request: AuthedRequest, pk: str) -> Response:
        rollout, body = self.asked(ReasonInput)
        return self.answer(rollout_end(rollout_id=rollout.pk, actor=request.user, **body))
