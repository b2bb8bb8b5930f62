"""Technicians, as anybody sees them and as they see themselves."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from accounts.errors import AccountRestricted
from fixmate.core import clock
from fixmate.core.api.downloads import DOCUMENTS, AnyAccept
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import BoundedMultiPartParser
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.schema import LOCATION, download_of
from fixmate.core.api.serializers import NoBody
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.errors import NotFound
from technicians.api.filters import TechnicianFilter
from technicians.api.serializers import (
    ApplicationInput,
    AvailabilityInput,
    AvailabilityOutput,
    DocumentInput,
    DocumentOutput,
    LocationInput,
    ProfileOutput,
    TechnicianOutput,
    TimeOffInput,
    TimeOffOutput,
)
from technicians.downloads import document_response
from technicians.errors import TechnicianNotVerified
from technicians.models import Document, Technician, TimeOff
from technicians.selectors import (
    document_list_visible_to,
    documents_missing,
    slot_list_of,
    technician_get,
    technician_id_of_user,
    technician_list_public,
    time_off_list_of_user,
)
from technicians.services import (
    availability_replace,
    document_keep,
    document_prepare,
    position_report,
    technician_apply,
    technician_go_offline,
    technician_go_online,
    technician_profile_update,
    technician_resume,
    time_off_add,
    time_off_remove,
)

APPLICATION = OpenApiExample(
    "A plumber in Boston",
    value={
        "bio": "Twelve years of pipes, licensed in Massachusetts.",
        "years_experience": 12,
        "service_ids": ["0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11"],
        "latitude": 42.3601,
        "longitude": -71.0589,
        "travel_radius_km": 15,
        "time_zone": "America/New_York",
    },
    request_only=True,
)
AVAILABILITY = OpenApiExample(
    "Mornings",
    value={
        "time_zone": "America/New_York",
        "slots": [{"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "12:30"}],
    },
)


def profile_facts(technician_id: UUID) -> dict[str, Any]:
    missing = documents_missing(technician_ids=[technician_id], on=clock.now().date())
    return {"documents_missing": missing.get(technician_id, [])}


@extend_schema(tags=["technicians"])
@extend_schema_view(
    list=extend_schema(summary="Find technicians", operation_id="technicians_list"),
    retrieve=extend_schema(summary="Read a technician", operation_id="technicians_read"),
)
class TechnicianViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Technician]):
    queryset = Technician.objects.none()
    permission_classes = [AllowAny]
    serializer_class = TechnicianOutput
    filterset_class = TechnicianFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "jobs_completed": "jobs_completed"}

    def get_queryset(self) -> QuerySet[Technician]:
        return technician_list_public()


@extend_schema(tags=["technicians"])
class MyProfileViewSet(GenericViewSet[Technician]):
    refusals = {"*": (NotFound,), "online": (TechnicianNotVerified, AccountRestricted)}
    queryset = Technician.objects.none()
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = ProfileOutput
    pagination_class = None
    filter_backends = []
    request: AuthedRequest

    @extend_schema(
        summary="Apply with skills, base and radius",
        operation_id="technicians_apply",
        request=ApplicationInput,
        examples=[APPLICATION],
    )
    @action(detail=False, methods=["post"])
    def apply(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        technician_apply(technician_id=technician_id, **ApplicationInput.parse(request.data))
        return self._profile(technician_id)

    @extend_schema(summary="Read my profile", operation_id="technicians_me_read")
    @action(detail=False, methods=["get"], url_path="me")
    def me(self, request: AuthedRequest) -> Response:
        return self._profile(technician_id_of_user(request.user))

    @extend_schema(summary="Change my profile", operation_id="technicians_me_update", request=ApplicationInput)
    @me.mapping.patch
    def update_me(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        technician_profile_update(technician_id=technician_id, **ApplicationInput.parse(request.data, partial=True))
        return self._profile(technician_id)

    @extend_schema(
        summary="Say where I am",
        description="A ping that is not newer than the last is ignored, and answered all the same.",
        operation_id="technicians_me_location",
        request=LocationInput,
        responses={204: None},
        examples=[OpenApiExample("Downtown", value={"latitude": 42.3554, "longitude": -71.0605, "accuracy_m": 12})],
    )
    @action(detail=False, methods=["put"], url_path="me/location")
    def location(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        position_report(technician_id=technician_id, **LocationInput.parse(request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Go online", operation_id="technicians_me_online", request=NoBody)
    @action(detail=False, methods=["post"], url_path="me/online")
    def online(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        NoBody.parse(request.data)
        technician_go_online(technician_id=technician_id)
        return self._profile(technician_id)

    @extend_schema(summary="Go offline", operation_id="technicians_me_offline", request=NoBody)
    @action(detail=False, methods=["post"], url_path="me/offline")
    def offline(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        NoBody.parse(request.data)
        technician_go_offline(technician_id=technician_id)
        return self._profile(technician_id)

    @extend_schema(
        summary="Get offers again",
        description="Ends a pause that came of offers left unanswered. Answered all the same without one.",
        operation_id="technicians_me_resume",
        request=NoBody,
    )
    @action(detail=False, methods=["post"], url_path="me/resume")
    def resume(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        NoBody.parse(request.data)
        technician_resume(technician_id=technician_id)
        return self._profile(technician_id)

    @extend_schema(
        summary="Read my weekly slots",
        operation_id="technicians_me_availability_read",
        responses=AvailabilityOutput,
        examples=[AVAILABILITY],
    )
    @action(detail=False, methods=["get"], url_path="me/availability")
    def availability(self, request: AuthedRequest) -> Response:
        return self._availability(technician_id_of_user(request.user))

    @extend_schema(
        summary="Set my weekly slots",
        description="No slots: available whenever online.",
        operation_id="technicians_me_availability_replace",
        request=AvailabilityInput,
        responses=AvailabilityOutput,
        examples=[AVAILABILITY],
    )
    @availability.mapping.put
    def replace_availability(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        availability_replace(technician_id=technician_id, **AvailabilityInput.parse(request.data))
        return self._availability(technician_id)

    def _profile(self, technician_id: UUID) -> Response:
        return Response(ProfileOutput(technician_get(technician_id), context=profile_facts(technician_id)).data)

    def _availability(self, technician_id: UUID) -> Response:
        held = {"time_zone": technician_get(technician_id).time_zone, "slots": slot_list_of(technician_id)}
        return Response(AvailabilityOutput(held).data)


@extend_schema(tags=["technicians"])
@extend_schema_view(list=extend_schema(summary="List my documents", operation_id="technicians_me_documents_list"))
class MyDocumentViewSet(LimitsMixin, mixins.ListModelMixin, GenericViewSet[Document]):
    queryset = Document.objects.none()
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = DocumentOutput
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    limits = {"create": "uploads"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Document]:
        return document_list_visible_to(self.request.user)

    def get_parsers(self) -> list[Any]:
        is_upload = self.request is not None and self.request.method == "POST"
        return [BoundedMultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(
        summary="Upload a document",
        description="JPEG, PNG, WebP or PDF, told by content, 5 MB at most; kept private, without its metadata.",
        operation_id="technicians_me_documents_upload",
        request={"multipart/form-data": DocumentInput},
        responses={201: DocumentOutput},
    )
    def create(self, request: AuthedRequest) -> Response:
        return Response(DocumentOutput(document_keep(self.prepared)).data, status=status.HTTP_201_CREATED)

    def prepare(self, request: AuthedRequest) -> Document:
        technician_id = technician_id_of_user(request.user)
        return document_prepare(technician_id=technician_id, **DocumentInput.parse(request.data))

    @extend_schema(
        summary="Download a document",
        operation_id="technicians_me_documents_file",
        parameters=[LOCATION],
        responses=download_of(*DOCUMENTS),
    )
    @action(
        detail=True,
        methods=["get"],
        permission_classes=[HasRole(Role.TECHNICIAN, Role.ADMIN)],
        content_negotiation_class=AnyAccept,
    )
    def file(self, request: AuthedRequest, pk: str) -> HttpResponseBase:
        return document_response(self.get_object())


@extend_schema(tags=["technicians"])
@extend_schema_view(list=extend_schema(summary="List my time off", operation_id="technicians_me_time_off_list"))
class MyTimeOffViewSet(mixins.ListModelMixin, GenericViewSet[TimeOff]):
    queryset = TimeOff.objects.none()
    permission_classes = [HasRole(Role.TECHNICIAN)]
    serializer_class = TimeOffOutput
    ordering = ("starts_at",)
    ordering_fields = {"starts_at": "starts_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[TimeOff]:
        return time_off_list_of_user(self.request.user)

    @extend_schema(
        summary="Add time off",
        operation_id="technicians_me_time_off_add",
        request=TimeOffInput,
        responses={201: TimeOffOutput},
    )
    def create(self, request: AuthedRequest) -> Response:
        technician_id = technician_id_of_user(request.user)
        time_off = time_off_add(technician_id=technician_id, **TimeOffInput.parse(request.data))
        return Response(TimeOffOutput(time_off).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Remove time off",
        operation_id="technicians_me_time_off_remove",
        responses={204: None},
    )
    def destroy(self, request: AuthedRequest, pk: str) -> Response:
        time_off = self.get_object()
        time_off_remove(technician_id=time_off.technician_id, time_off_id=time_off.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
