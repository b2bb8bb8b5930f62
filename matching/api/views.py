from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from accounts.errors import AccountRestricted
from fixmate.core import clock
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.serializers import NoBody
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.tallies import tally
from jobs.errors import BookingOverlap
from jobs.models import Job
from jobs.selectors import job_list_visible_to
from matching.api.filters import OfferFilter
from matching.api.serializers import OfferOutput, OfferRejectInput, PassOutput
from matching.errors import ACCEPT_CONFLICT, OfferClosed, OfferExpired
from matching.models import Offer
from matching.selectors import offer_get_visible_to, offer_list_shown_to, offer_list_visible_to, pass_list
from matching.services import offer_accept, offer_mark_seen, offer_reject
from technicians.errors import TechnicianNotVerified

_REJECT = OpenApiExample(
    "Too far", value={"reason": "TOO_FAR", "note": "On the other side of town."}, request_only=True
)


@extend_schema(tags=["offers"])
@extend_schema_view(
    list=extend_schema(summary="List my offers", operation_id="offers_list"),
    retrieve=extend_schema(summary="Read an offer", operation_id="offers_read"),
)
class OfferViewSet(LimitsMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Offer]):
    queryset = Offer.objects.none()
    serializer_class = OfferOutput
    filterset_class = OfferFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "expires_at": "expires_at"}
    limits = {"accept": "offer_answers", "reject": "offer_answers"}
    has_etag = False  # an offer ends by the second
    refusals = {
        "accept": (OfferClosed, OfferExpired, TechnicianNotVerified, BookingOverlap, AccountRestricted),
        "reject": (OfferClosed, OfferExpired),
    }
    request: AuthedRequest

    def get_permissions(self) -> list[Any]:
        reads = self.action in {"list", "retrieve", "metadata"}
        return [HasRole(Role.TECHNICIAN, Role.ADMIN)()] if reads else [HasRole(Role.TECHNICIAN)()]

    def get_queryset(self) -> QuerySet[Offer]:
        user = self.request.user
        if self.action == "list":
            return offer_list_shown_to(user, clock.now())
        offers = offer_list_visible_to(user)
        # An act only asks whether he may know of the offer: the service locks, and reads, what it needs.
        return offers if self.action == "retrieve" else offers.select_related(None).prefetch_related(None)

    @extend_schema(
        summary="Say that the app has shown the offer",
        operation_id="offers_seen",
        request=NoBody,
        responses={204: None},
    )
    @action(detail=True, methods=["post"])
    def seen(self, request: AuthedRequest, pk: str) -> Response:
        offer = self.get_object()
        NoBody(data=request.data).is_valid(raise_exception=True)
        offer_mark_seen(offer_id=offer.pk, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Accept an offer", operation_id="offers_accept", request=NoBody)
    @action(detail=True, methods=["post"])
    def accept(self, request: AuthedRequest, pk: str) -> Response:
        offer = self.get_object()
        NoBody(data=request.data).is_valid(raise_exception=True)
        try:
            accepted = offer_accept(offer_id=offer.pk, actor=request.user)
        except (OfferClosed, OfferExpired) as refusal:
            tally(f"{ACCEPT_CONFLICT}{refusal.code}")
            raise
        return self._answer(accepted)

    @extend_schema(
        summary="Decline an offer", operation_id="offers_reject", request=OfferRejectInput, examples=[_REJECT]
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: AuthedRequest, pk: str) -> Response:
        offer = self.get_object()
        data = OfferRejectInput(data=request.data)
        data.is_valid(raise_exception=True)
        return self._answer(offer_reject(offer_id=offer.pk, actor=request.user, **data.validated_data))

    def _answer(self, offer: Offer) -> Response:
        shown = offer_get_visible_to(user=self.request.user, offer_id=offer.pk)
        return Response(OfferOutput(shown, context=self.get_serializer_context()).data)


@extend_schema(tags=["jobs"])
class JobMatchingViewSet(GenericViewSet[Job]):
    queryset = Job.objects.none()
    serializer_class = PassOutput
    ordering = ("number",)
    permission_classes = [HasRole(Role.ADMIN)]
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Job]:
        return job_list_visible_to(self.request.user)

    @extend_schema(
        summary="Read every pass, candidate, gate, score term and offer of a job",
        operation_id="jobs_matching",
        responses=PassOutput(many=True),
        filters=False,
    )
    @action(detail=True, methods=["get"])
    def matching(self, request: AuthedRequest, pk: str) -> Response:
        passes: Any = pass_list(self.get_object().pk)
        page = self.paginate_queryset(passes)
        return self.get_paginated_response(PassOutput(page, many=True).data)
