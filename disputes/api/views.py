from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from disputes.api.filters import DisputeFilter
from disputes.api.serializers import (
    CaseFileOutput,
    DisputeDetailOutput,
    DisputeDismissInput,
    DisputeEvidenceInput,
    DisputeMessageInput,
    DisputeOpenInput,
    DisputeOutput,
    DisputeResolveInput,
)
from disputes.case_files import case_file
from disputes.downloads import PDF, case_file_response, upload_response
from disputes.errors import DisputeExists, DisputeNotLive, DisputeTooEarly, DisputeTooLate, EvidenceFull, EvidenceOwed
from disputes.models import Dispute
from disputes.selectors import dispute_get_visible_to, dispute_list_visible_to, evidence_get_visible_to
from disputes.services import (
    dispute_ask,
    dispute_begin_review,
    dispute_check_opener,
    dispute_dismiss,
    dispute_evidence_add,
    dispute_message_add,
    dispute_open,
    dispute_resolve,
    dispute_withdraw,
)
from fixmate.core.api.downloads import DOCUMENTS, AnyAccept
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.schema import LOCATION, download_of
from fixmate.core.api.serializers import NoBody, ReasonInput
from fixmate.core.api.viewsets import ActViewSet
from fixmate.core.errors import NotFound
from fixmate.core.files import UploadNotUsable

_IsSide = HasRole(Role.CUSTOMER, Role.TECHNICIAN)
_IsStaff = HasRole(Role.ADMIN)
_QUARREL = OpenApiExample(
    "The tap drips again",
    value={
        "job_id": "0198c0de-0000-7000-8000-000000000002",
        "category": "QUALITY",
        "description": "It was tight for a day; now it drips as before.",
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(
        operation_id="disputes_list",
        summary="Disputes I am part of",
        description="The newest first; for staff, who see all, what is overdue or due next, and closed ones last.",
        tags=["disputes"],
    )
)
class DisputeViewSet(mixins.ListModelMixin, ActViewSet[Dispute]):
    refusals = {
        "create": (NotFound, DisputeExists, DisputeTooEarly, DisputeTooLate, UploadNotUsable, EvidenceFull),
        "messages": (DisputeNotLive,),
        "evidence": (DisputeNotLive, UploadNotUsable, EvidenceFull),
        "withdraw": (EvidenceOwed,),
        "resolve": (EvidenceOwed,),
        "dismiss": (EvidenceOwed,),
    }
    step_up = frozenset({"resolve", "dismiss"})
    queryset = Dispute.objects.none()
    permission_classes = [IsVerified]
    serializer_class = DisputeOutput
    filterset_class = DisputeFilter
    lookup_value_converter = "uuid"
    ordering_fields = {"created_at": "created_at", "due_at": "due_at"}
    request: AuthedRequest

    @property
    def ordering(self) -> tuple[str]:
        return ("due_at",) if self.request.user.role == Role.ADMIN else ("-created_at",)

    def get_queryset(self) -> QuerySet[Dispute]:
        return dispute_list_visible_to(self.request.user)

    def get_object(self) -> Dispute:
        return dispute_get_visible_to(user=self.request.user, dispute_id=self.kwargs["pk"])

    def get_permissions(self) -> Sequence[Any]:
        return [_IsSide()] if self.action == "create" else super().get_permissions()

    @extend_schema(
        operation_id="disputes_open",
        summary="Open a dispute about my job",
        tags=["disputes"],
        request=DisputeOpenInput,
        responses={201: DisputeDetailOutput},
        examples=[_QUARREL],
    )
    def create(self, request: AuthedRequest) -> Response:
        data = DisputeOpenInput.parse(request.data)
        dispute = dispute_open(actor=request.user, **data)
        return self._answer(dispute.pk, status.HTTP_201_CREATED)

    @extend_schema(operation_id="disputes_get", summary="One dispute", tags=["disputes"], responses=DisputeDetailOutput)
    def retrieve(self, request: AuthedRequest, pk: UUID) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="disputes_message",
        summary="Say something in a dispute",
        tags=["disputes"],
        request=DisputeMessageInput,
        responses={201: DisputeDetailOutput},
    )
    @action(detail=True, methods=["post"])
    def messages(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute, body = self.asked(DisputeMessageInput)
        say = dispute_ask if "awaits" in body else dispute_message_add
        say(dispute_id=dispute.pk, actor=request.user, **body)
        return self._answer(pk, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="disputes_evidence",
        summary="Hand in files in a dispute",
        tags=["disputes"],
        request=DisputeEvidenceInput,
        responses={201: DisputeDetailOutput},
    )
    @action(detail=True, methods=["post"])
    def evidence(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute, body = self.asked(DisputeEvidenceInput)
        dispute_evidence_add(dispute_id=dispute.pk, actor=request.user, **body)
        return self._answer(pk, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="disputes_evidence_file",
        summary="Download a file that was handed in",
        tags=["disputes"],
        parameters=[LOCATION],
        responses=download_of(*DOCUMENTS),
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="evidence/<uuid:evidence_id>/file",
        url_name="evidence-file",
        content_negotiation_class=AnyAccept,
    )
    def evidence_file(self, request: AuthedRequest, pk: UUID, evidence_id: UUID) -> HttpResponseBase:
        held = evidence_get_visible_to(user=request.user, dispute_id=pk, evidence_id=evidence_id)
        return upload_response(held.upload)

    @extend_schema(
        operation_id="disputes_case_file",
        summary="Read everything on record about a dispute",
        description="Gathered when it is asked for: a chapter from each part of the system, each a table.",
        tags=["disputes"],
        responses=CaseFileOutput,
    )
    @action(detail=True, methods=["get"], url_path="case-file", permission_classes=[_IsStaff])
    def case_file(self, request: AuthedRequest, pk: UUID) -> Response:
        return Response(CaseFileOutput(case_file(self.get_object())).data)

    @extend_schema(
        operation_id="disputes_case_file_pdf",
        summary="Download the case file",
        tags=["disputes"],
        responses={(200, PDF): OpenApiTypes.BINARY},
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="case-file/pdf",
        url_name="case-file-pdf",
        permission_classes=[_IsStaff],
        content_negotiation_class=AnyAccept,
    )
    def case_file_pdf(self, request: AuthedRequest, pk: UUID) -> FileResponse:
        return case_file_response(self.get_object())

    @extend_schema(
        operation_id="disputes_withdraw",
        summary="Take my dispute back",
        tags=["disputes"],
        request=NoBody,
        responses=DisputeDetailOutput,
    )
    @action(detail=True, methods=["post"], permission_classes=[_IsSide])
    def withdraw(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute = self.get_object()
        dispute_check_opener(dispute, request.user)  # the service asks again; here it comes before the body
        NoBody.parse(request.data)
        dispute_withdraw(dispute_id=dispute.pk, actor=request.user)
        return self._answer(pk)

    @extend_schema(
        operation_id="disputes_review",
        summary="Take a dispute up",
        tags=["disputes"],
        request=ReasonInput,
        responses=DisputeDetailOutput,
    )
    @action(detail=True, methods=["post"], permission_classes=[_IsStaff])
    def review(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute, body = self.asked(ReasonInput)
        dispute_begin_review(dispute_id=dispute.pk, actor=request.user, **body)
        return self._answer(pk)

    @extend_schema(
        operation_id="disputes_resolve",
        summary="Decide a dispute",
        tags=["disputes"],
        request=DisputeResolveInput,
        responses=DisputeDetailOutput,
    )
    @action(detail=True, methods=["post"], permission_classes=[_IsStaff])
    def resolve(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute, body = self.asked(DisputeResolveInput)
        dispute_resolve(dispute_id=dispute.pk, actor=request.user, **body)
        return self._answer(pk)

    @extend_schema(
        operation_id="disputes_dismiss",
        summary="Close a dispute as unfounded",
        tags=["disputes"],
        request=DisputeDismissInput,
        responses=DisputeDetailOutput,
    )
    @action(detail=True, methods=["post"], permission_classes=[_IsStaff])
    def dismiss(self, request: AuthedRequest, pk: UUID) -> Response:
        dispute, body = self.asked(DisputeDismissInput)
        dispute_dismiss(dispute_id=dispute.pk, actor=request.user, **body)
        return self._answer(pk)

    def _answer(self, dispute_id: UUID, status_code: int = status.HTTP_200_OK) -> Response:
        dispute = dispute_get_visible_to(user=self.request.user, dispute_id=dispute_id)
        return Response(DisputeDetailOutput(dispute).data, status=status_code)
