from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from accounts.errors import AccountRestricted
from fixmate.core import clock
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.serializers import NoBody
from fixmate.core.api.viewsets import ActViewSet
from fixmate.core.errors import IllegalTransition
from fixmate.core.files import UploadNotUsable
from jobs.api.filters import JobFilter
from jobs.api.serializers import (
    CancelPreviewOutput,
    JobCancelInput,
    JobCompleteInput,
    JobEventOutput,
    JobNoShowInput,
    JobOutput,
    JobRematchInput,
    JobRequestInput,
    JobStartInput,
    NoteInput,
)
from jobs.errors import (
    AlreadyWorking,
    AmountNotApproved,
    LocationStale,
    NoShowTooEarly,
    PaymentRequired,
    StartCodeLocked,
    StartCodeWrong,
    TooFarFromJob,
)
from jobs.models import Job
from jobs.selectors import job_get, job_list_visible_to, job_timeline
from jobs.services import (
    job_cancel_by_customer,
    job_cancel_by_staff,
    job_cancel_preview,
    job_complete_by_technician,
    job_no_show_by_technician,
    job_note_add,
    job_release_by_technician,
    job_rematch_by_customer,
    job_rematch_by_staff,
    job_renew_start_code,
    job_request,
    job_start_by_technician,
)

_REQUEST = OpenApiExample(
    "A leaking tap, as soon as possible",
    value={
        "service_id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11",
        "description": "The kitchen tap drips, more every day.",
        "address": "12 Beacon Street, third floor",
        "latitude": 42.3581,
        "longitude": -71.0636,
    },
    request_only=True,
)
_PERMISSIONS: dict[str, type[BasePermission]] = {
    "create": HasRole(Role.CUSTOMER),
    "start": HasRole(Role.TECHNICIAN),
    "complete": HasRole(Role.TECHNICIAN),
    "no_show": HasRole(Role.TECHNICIAN),
    "renew_start_code": HasRole(Role.CUSTOMER),
    "rematch": HasRole(Role.CUSTOMER, Role.ADMIN),
    "cancel_preview": HasRole(Role.CUSTOMER, Role.ADMIN),
}


@extend_schema(tags=["jobs"])
@extend_schema_view(
    list=extend_schema(summary="List my jobs", operation_id="jobs_list"),
    retrieve=extend_schema(summary="Read a job", operation_id="jobs_read"),
)
class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ActViewSet[Job]):
    refusals = {
        "create": (UploadNotUsable, AccountRestricted),
        "rematch": (AccountRestricted,),
        "start": (StartCodeWrong, StartCodeLocked, LocationStale, TooFarFromJob, PaymentRequired, AlreadyWorking),
        "complete": (UploadNotUsable, AmountNotApproved),
        "no_show": (LocationStale, TooFarFromJob, NoShowTooEarly),
        "cancel_preview": (IllegalTransition,),
    }
    queryset = Job.objects.none()
    serializer_class = JobOutput
    filterset_class = JobFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    request: AuthedRequest

    def get_permissions(self) -> list[Any]:
        return [_PERMISSIONS.get(self.action, IsVerified)()]

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    @extend_schema(
        summary="Request a job",
        operation_id="jobs_request",
        request=JobRequestInput,
        responses={201: JobOutput},
        examples=[_REQUEST],
    )
    def create(self, request: AuthedRequest) -> Response:
        job = job_request(actor=request.user, **JobRequestInput.parse(request.data))
        return self.answer(job, status.HTTP_201_CREATED)

    @extend_schema(summary="Start the work", operation_id="jobs_start", request=JobStartInput)
    @action(detail=True, methods=["post"])
    def start(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(JobStartInput)
        return self.answer(job_start_by_technician(job_id=job.pk, actor=request.user, **body))

    @extend_schema(summary="Complete the work", operation_id="jobs_complete", request=JobCompleteInput)
    @action(detail=True, methods=["post"])
    def complete(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(JobCompleteInput)
        return self.answer(job_complete_by_technician(job_id=job.pk, actor=request.user, **body))

    @extend_schema(
        summary="Say that the customer is not there",
        description="At the door. The first call begins the wait and is refused; one after the wait calls the job off, "
        "for the fee of a late cancellation.",
        operation_id="jobs_no_show",
        request=JobNoShowInput,
    )
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(JobNoShowInput)
        return self.answer(job_no_show_by_technician(job_id=job.pk, actor=request.user, **body))

    @extend_schema(
        summary="Call a job off",
        description="A customer cancels, an assigned technician gives the job back, staff cancel with a note.",
        operation_id="jobs_cancel",
        request=JobCancelInput,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: AuthedRequest, pk: str) -> Response:
        (job, body), actor = self.asked(JobCancelInput), request.user
        if actor.role == Role.ADMIN:
            return self.answer(job_cancel_by_staff(job_id=job.pk, actor=actor, note=body["note"]))
        if actor.role == Role.TECHNICIAN:
            return self.answer(job_release_by_technician(job_id=job.pk, actor=actor, **body))
        return self.answer(job_cancel_by_customer(job_id=job.pk, actor=actor, **body))

    @extend_schema(
        summary="See what calling off would cost", operation_id="jobs_cancel_preview", responses=CancelPreviewOutput
    )
    @action(detail=True, methods=["get"], url_path="cancel-preview")
    def cancel_preview(self, request: AuthedRequest, pk: str) -> Response:
        preview = job_cancel_preview(job=self.get_object(), at=clock.now())
        return Response(CancelPreviewOutput(preview).data)

    @extend_schema(summary="Search again", operation_id="jobs_rematch", request=JobRematchInput)
    @action(detail=True, methods=["post"])
    def rematch(self, request: AuthedRequest, pk: str) -> Response:
        job, body = self.asked(JobRematchInput)
        reason = body.get("reason", "")
        if request.user.role == Role.CUSTOMER:
            return self.answer(job_rematch_by_customer(job_id=job.pk, actor=request.user, reason=reason))
        return self.answer(job_rematch_by_staff(job_id=job.pk, actor=request.user, reason=reason))

    @extend_schema(summary="Renew the start code", operation_id="jobs_renew_start_code", request=NoBody)
    @action(detail=True, methods=["post"], url_path="renew-start-code")
    def renew_start_code(self, request: AuthedRequest, pk: str) -> Response:
        job, _ = self.asked(NoBody)
        return self.answer(job_renew_start_code(job_id=job.pk, actor=request.user))

    @extend_schema(
        methods=["get"],
        summary="Read the timeline",
        operation_id="jobs_timeline_list",
        responses=JobEventOutput(many=True),
        filters=False,
    )
    @extend_schema(
        methods=["post"],
        summary="Put a remark on the record",
        operation_id="jobs_timeline_add",
        request=NoteInput,
        responses={201: JobEventOutput},
    )
    @action(detail=True, methods=["get", "post"], ordering=("id",), ordering_fields={}, filterset_class=None)
    def timeline(self, request: AuthedRequest, pk: str) -> Response:
        job = self.get_object()
        if request.method == "POST":
            event = job_note_add(job_id=job.pk, actor=request.user, **NoteInput.parse(request.data))
            return Response(JobEventOutput(event).data, status.HTTP_201_CREATED)
        events: Any = job_timeline(job.pk)
        page = self.paginate_queryset(events)
        return self.get_paginated_response(JobEventOutput(page, many=True).data)

    def answer(self, job: Job, code: int = status.HTTP_200_OK) -> Response:
        return super().answer(job_get(job.pk), code)
