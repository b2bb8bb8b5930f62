"""What staff read and decide about technicians."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from fixmate.core.api.serializers import ReasonInput
from technicians.api.filters import StaffDocumentFilter, StaffTechnicianFilter
from technicians.api.serializers import StaffDocumentOutput, StaffProfileOutput, StaffTechnicianOutput, TierInput
from technicians.api.views import profile_facts
from technicians.errors import DocumentOutOfDate, DocumentsMissing, ProfileIncomplete, TierUnchanged
from technicians.models import Document, Technician
from technicians.selectors import document_list_all, document_list_of, technician_get, technician_list_all
from technicians.services import (
    document_approve,
    document_reject,
    technician_approve,
    technician_reinstate,
    technician_reject,
    technician_set_tier,
    technician_suspend,
)

REASON = OpenApiExample("A reason", value={"reason": "Identity and licence checked."}, request_only=True)


@extend_schema(tags=["staff"])
@extend_schema_view(list=extend_schema(summary="List technicians", operation_id="admin_technicians_list"))
class StaffTechnicianViewSet(mixins.ListModelMixin, StaffViewSet[Technician]):
    refusals = {"approve": (ProfileIncomplete, DocumentsMissing), "tier": (TierUnchanged,)}
    serializer_class = StaffTechnicianOutput
    filterset_class = StaffTechnicianFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    step_up = frozenset({"suspend", "reinstate", "tier"})

    def get_queryset(self) -> QuerySet[Technician]:
        return technician_list_all()

    @extend_schema(
        summary="Read a technician with documents", operation_id="admin_technicians_read", responses=StaffProfileOutput
    )
    def retrieve(self, request: AuthedRequest, pk: str) -> Response:
        return self._profile(self.get_object().pk)

    @extend_schema(
        summary="Approve a technician",
        operation_id="admin_technicians_approve",
        request=ReasonInput,
        responses=StaffProfileOutput,
        examples=[REASON],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(technician_approve)

    @extend_schema(
        summary="Turn an application down",
        operation_id="admin_technicians_reject",
        request=ReasonInput,
        responses=StaffProfileOutput,
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(technician_reject)

    @extend_schema(
        summary="Suspend a technician",
        operation_id="admin_technicians_suspend",
        request=ReasonInput,
        responses=StaffProfileOutput,
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(technician_suspend)

    @extend_schema(
        summary="Lift a suspension",
        operation_id="admin_technicians_reinstate",
        request=ReasonInput,
        responses=StaffProfileOutput,
    )
    @action(detail=True, methods=["post"])
    def reinstate(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(technician_reinstate)

    @extend_schema(
        summary="Set a technician's tier",
        description="The rates of the fee schedule at which he works from his next assignment on.",
        operation_id="admin_technicians_set_tier",
        request=TierInput,
        responses=StaffProfileOutput,
    )
    @action(detail=True, methods=["post"])
    def tier(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(technician_set_tier, TierInput)

    def _decide(self, service: Callable[..., Technician], asked: type[ReasonInput] = ReasonInput) -> Response:
        technician, body = self.asked(asked)
        service(technician_id=technician.pk, actor=self.request.user, **body)
        return self._profile(technician.pk)

    def _profile(self, technician_id: UUID) -> Response:
        documents = document_list_of(technician_id).order_by("-created_at", "-pk")
        context = {**profile_facts(technician_id), "documents": documents}
        return Response(StaffProfileOutput(technician_get(technician_id), context=context).data)


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(summary="List documents", operation_id="admin_documents_list"),
    retrieve=extend_schema(summary="Read a document's facts", operation_id="admin_documents_read"),
)
class StaffDocumentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Document]):
    refusals = {"approve": (DocumentOutOfDate,)}
    serializer_class = StaffDocumentOutput
    filterset_class = StaffDocumentFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}

    def get_queryset(self) -> QuerySet[Document]:
        return document_list_all()

    @extend_schema(
        summary="Approve a document", operation_id="admin_documents_approve", request=ReasonInput, examples=[REASON]
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(document_approve)

    @extend_schema(summary="Turn a document down", operation_id="admin_documents_reject", request=ReasonInput)
    @action(detail=True, methods=["post"])
    def reject(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(document_reject)

    def _decide(self, service: Callable[..., Document]) -> Response:
        document, body = self.asked(ReasonInput)
        return self.answer(service(document_id=document.pk, actor=self.request.user, **body))
