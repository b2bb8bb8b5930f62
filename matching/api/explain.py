from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from catalog.api.serializers import ServiceBrief
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.serializers import OutputSerializer
from fixmate.core.api.viewsets import GenericViewSet
from jobs.api.serializers import AREA_DECIMALS
from matching.enums import Gate
from matching.services import matching_summary
from matching.services.summary import Example
from technicians.models import Technician
from technicians.selectors import technician_get_of_user

_AREA = inline_serializer("PastJobArea", {"latitude": serializers.FloatField(), "longitude": serializers.FloatField()})
_INSURANCE = {
    "gate": "DOCUMENTS",
    "jobs": 4,
    "latest": {
        "at": "2026-03-02T12:00:00Z",
        "service": {"id": "0198c0de-0000-7000-8000-000000000001", "slug": "tap-repair", "name": "Tap repair"},
        "area": {"latitude": 42.36, "longitude": -71.06},
        "reason": "insurance expired on 2026-03-01",
        "advice": "Renew or upload, and have it approved: insurance expired on 2026-03-01.",
    },
}
_TOO_FAR = {
    "gate": "TRAVEL_RADIUS",
    "jobs": 2,
    "latest": {
        **_INSURANCE["latest"],  # type: ignore[dict-item]
        "reason": "2.1 km beyond your travel radius",
        "advice": "A travel radius of 18 km would have included it.",
    },
}
_MONTH = OpenApiExample(
    "A month",
    value={
        "since": "2026-02-01T12:00:00Z",
        "until": "2026-03-03T12:00:00Z",
        "looked_at": 31,
        "passed": 24,
        "outranked": 15,
        "offered": 9,
        "accepted": 6,
        "declined": 2,
        "missed": 1,
        "undelivered": 0,
        "taken_back": 0,
        "assigned_by_staff": 0,
        "kept_out": [_INSURANCE],
        "not_looked_at": {
            "jobs": 7,
            "is_everything": True,
            "outranked": 1,
            "unknown": 0,
            "kept_out": [_TOO_FAR],
        },
    },
    response_only=True,
)


class SummaryPeriod(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=settings.DECISION_KEEP_DAYS,
        help_text=f"How many days back, {settings.EXPLAIN_DAYS} if left out.",
    )


class ExampleOutput(OutputSerializer):
    at = serializers.DateTimeField()
    service = ServiceBrief(source="job.service")
    area = serializers.SerializerMethodField()
    reason = serializers.CharField()
    advice = serializers.CharField(help_text="What would have changed it.")

    @extend_schema_field(_AREA)
    def get_area(self, example: Example) -> dict[str, float]:
        job = example.job
        return {"latitude": round(job.latitude, AREA_DECIMALS), "longitude": round(job.longitude, AREA_DECIMALS)}


class KeptOutOutput(OutputSerializer):
    gate = serializers.ChoiceField(choices=Gate.choices)
    jobs = serializers.IntegerField()
    latest = ExampleOutput()


class NotLookedAtOutput(OutputSerializer):
    jobs = serializers.IntegerField()
    is_everything = serializers.BooleanField(help_text="False: there were more, and these are the newest.")
    outranked = serializers.IntegerField(help_text="Jobs for which all was well, and others came first.")
    unknown = serializers.IntegerField(help_text="Jobs of a time of which nothing is known about you any more.")
    kept_out = KeptOutOutput(many=True)


class SummaryOutput(OutputSerializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    looked_at = serializers.IntegerField(help_text="Jobs for which matching looked at you.")
    passed = serializers.IntegerField(help_text="Of these, jobs for which nothing kept you out.")
    outranked = serializers.IntegerField(help_text="Of these, jobs that were never offered to you: others came first.")
    offered = serializers.IntegerField()
    accepted = serializers.IntegerField()
    declined = serializers.IntegerField()
    missed = serializers.IntegerField(help_text="Offers that your app showed and that ran out.")
    undelivered = serializers.IntegerField(help_text="Offers that ran out before your app showed them: not counted.")
    taken_back = serializers.IntegerField(help_text="Offers withdrawn before you answered.")
    assigned_by_staff = serializers.IntegerField()
    kept_out = KeptOutOutput(many=True)
    not_looked_at = NotLookedAtOutput()


class MyMatchingViewSet(GenericViewSet[Technician]):
    queryset = Technician.objects.none()
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = SummaryOutput
    pagination_class = None
    filter_backends = []

    @extend_schema(
        operation_id="technicians_me_matching",
        summary="Read how matching went for me, what kept me out, and what would change it",
        tags=["technicians"],
        parameters=[SummaryPeriod],
        responses=SummaryOutput,
        examples=[_MONTH],
    )
    @action(detail=False, url_path="me/matching")
    def matching(self, request: AuthedRequest) -> Response:
        period = SummaryPeriod(data=request.query_params)
        period.is_valid(raise_exception=True)
        technician = technician_get_of_user(request.user)
        days = period.validated_data.get("days", settings.EXPLAIN_DAYS)
        summary = matching_summary(technician=technician, days=days)
        return Response(SummaryOutput(summary).data)
