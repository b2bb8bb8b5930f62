from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core import clock
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.serializers import OutputSerializer
from fixmate.core.api.viewsets import GenericViewSet
from jobs.models import Job
from jobs.selectors import job_list_visible_to
from matching.outlook import outlook_of


class SearchOutput(OutputSerializer):
    """How the search for a technician stands."""

    is_searching = serializers.BooleanField()
    is_scarce = serializers.BooleanField(help_text="More jobs wait around here than technicians are free.")
    offers_made = serializers.IntegerField(help_text="How many technicians were asked in this search.")
    estimated_wait_min = serializers.IntegerField(
        allow_null=True,
        help_text="What searches like this one still took from here on, of those that found somebody; null if unknown.",
    )
    ends_at = serializers.DateTimeField(allow_null=True, help_text="When the search is given up.")
    server_now = serializers.DateTimeField()


_FEW = OpenApiExample(
    "Few are free",
    value={
        "is_searching": True,
        "is_scarce": True,
        "offers_made": 2,
        "estimated_wait_min": 7,
        "ends_at": "2026-03-02T12:10:00Z",
        "server_now": "2026-03-02T12:03:10Z",
    },
    response_only=True,
)


@extend_schema(tags=["jobs"])
class JobSearchViewSet(GenericViewSet[Job]):
    queryset = Job.objects.none()
    serializer_class = SearchOutput
    permission_classes = [HasRole(Role.CUSTOMER, Role.ADMIN)]
    filter_backends = []
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    @extend_schema(summary="Read how the search stands", operation_id="jobs_search", examples=[_FEW])
    @action(detail=True, methods=["get"])
    def search(self, request: AuthedRequest, pk: str) -> Response:
        job, at = self.get_object(), clock.now()
        outlook = outlook_of(job, at)
        shown: dict[str, Any] = {name: getattr(outlook, name) for name in outlook.__slots__}
        return Response(SearchOutput({**shown, "server_now": at}).data)
