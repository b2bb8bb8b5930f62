"""What staff do with a job by hand, over REST."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from accounts.errors import AccountRestricted
from fixmate.core.api.serializers import OutputSerializer, ReasonInput
from jobs.api.serializers import JobOutput
from jobs.errors import AlreadyWorking, BookingOverlap
from jobs.models import Job
from jobs.selectors import job_get, job_list_visible_to
from jobs.services import job_look_by_staff
from matching.api.permissions import IsDispatcher
from matching.errors import ManualAssignmentOff, TechnicianBlocked, TechnicianExcluded, TechnicianHasJob
from matching.services import job_assign_by_hand, job_exclude, job_transfer_by_hand
from technicians.errors import TechnicianNotVerified

_BY_HAND = OpenApiExample(
    "A technician and why",
    value={
        "technician_id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11",
        "reason": "The customer asked for him on the phone.",
    },
    request_only=True,
)
_REMATCH = OpenApiExample("Why", value={"reason": "Two technicians have just come online."}, request_only=True)


class TechnicianReasonInput(ReasonInput):
    technician_id = serializers.UUIDField()


class ExclusionOutput(OutputSerializer):
    job_id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


_NOT_HIM = (
    ManualAssignmentOff,
    AccountRestricted,
    TechnicianNotVerified,
    TechnicianExcluded,
    TechnicianBlocked,
    BookingOverlap,
    AlreadyWorking,
)


@extend_schema(tags=["staff"])
class StaffJobViewSet(StaffViewSet[Job]):
    refusals = {
        "exclude": (TechnicianHasJob,),
        "assign": _NOT_HIM,
        "transfer": (*_NOT_HIM, TechnicianHasJob),
    }
    queryset = Job.objects.none()
    serializer_class = JobOutput

    def get_permissions(self) -> Sequence[Any]:
        return [IsDispatcher()] if self.action in {"assign", "transfer"} else super().get_permissions()

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    @extend_schema(
        summary="Search again, or have a look right now while a search is on",
        operation_id="admin_jobs_rematch",
        request=ReasonInput,
        examples=[_REMATCH],
    )
    @action(detail=True, methods=["post"])
    def rematch(self, request: AuthedRequest, pk: str) -> Response:
        return self._act(job_look_by_staff, ReasonInput)

    @extend_schema(
        summary="Keep a technician from a job",
        description="Doing it again answers 200 with what holds.",
        operation_id="admin_jobs_exclude",
        request=TechnicianReasonInput,
        responses={201: ExclusionOutput, 200: ExclusionOutput},
        examples=[_BY_HAND],
    )
    @action(detail=True, methods=["post"])
    def exclude(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(TechnicianReasonInput)
        exclusion, is_new = job_exclude(job_id=job.pk, actor=request.user, **body)
        return Response(ExclusionOutput(exclusion).data, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(
        summary="Give a job to a technician by hand",
        description="For dispatchers, where `MANUAL_ASSIGNMENT` allows it; from MATCHING and UNMATCHED.",
        operation_id="admin_jobs_assign",
        request=TechnicianReasonInput,
        examples=[_BY_HAND],
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: AuthedRequest, pk: str) -> Response:
        return self._act(job_assign_by_hand, TechnicianReasonInput)

    @extend_schema(
        summary="Move an assigned job to another technician by hand",
        description="For dispatchers, where `MANUAL_ASSIGNMENT` allows it; it does not count against who had it.",
        operation_id="admin_jobs_transfer",
        request=TechnicianReasonInput,
        examples=[_BY_HAND],
    )
    @action(detail=True, methods=["post"])
    def transfer(self, request: AuthedRequest, pk: str) -> Response:
        return self._act(job_transfer_by_hand, TechnicianReasonInput)

    def _act(self, service: Callable[..., Any], body_class: type[ReasonInput]) -> Response:
        job, body = self.asked(body_class)
        service(job_id=job.pk, actor=self.request.user, **body)
        return self.answer(job_get(job.pk))
