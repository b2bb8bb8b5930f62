from pathlib import PurePath
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from accounts.errors import SecondFactorRequired
from fixmate.core.api.downloads import PICTURES, AnyAccept, private_download
from fixmate.core.api.permissions import HasRole, IsVerified
from fixmate.core.api.schema import LOCATION, download_of
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.errors import EmailNotVerified
from fixmate.core.files import UploadNotUsable
from jobs.selectors import job_get_visible_to
from reviews.api.filters import ReviewFilter, TechnicianReviewFilter
from reviews.api.serializers import ReplyInput, ReviewInput, ReviewOutput
from reviews.errors import AlreadyReplied, AlreadyReviewed, JobNotCompleted, ReviewTooLate
from reviews.models import Review
from reviews.selectors import (
    photo_get_visible_to,
    review_get_visible_to,
    review_list_of_technician,
    review_list_visible_to,
)
from reviews.services import review_check_reviewed, review_create, review_reply

_SAID = OpenApiExample(
    "Five stars",
    value={"rating": 5, "punctual": 5, "price": 4, "comment": "Quick and tidy."},
    request_only=True,
)
_ANSWER = OpenApiExample("Thanks", value={"text": "Thank you. Mind the new valve."}, request_only=True)
_STAFF_DOOR = (EmailNotVerified, SecondFactorRequired)


@extend_schema(tags=["reviews"])
@extend_schema_view(
    list=extend_schema(operation_id="reviews_list", summary="What customers say"),
    retrieve=extend_schema(operation_id="reviews_read", summary="One review"),
)
class ReviewViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Review]):
    refusals = {
        "list": _STAFF_DOOR,
        "retrieve": _STAFF_DOOR,
        "photo": _STAFF_DOOR,
        "reply": (AlreadyReplied,),
    }
    queryset = Review.objects.none()
    permission_classes = [AllowAny]
    serializer_class = ReviewOutput
    filterset_class = ReviewFilter
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "rating": "rating"}

    def get_permissions(self) -> list[BasePermission]:
        """Staff read more than the public, and so come in by the door of staff."""
        if self.action == "reply":
            return [HasRole(Role.TECHNICIAN)()]
        user = getattr(self.request, "user", None)
        return [IsVerified()] if getattr(user, "role", None) == Role.ADMIN else [AllowAny()]

    def get_queryset(self) -> QuerySet[Review]:
        return review_list_visible_to(self.request.user)

    def get_object(self) -> Review:
        return review_get_visible_to(user=self.request.user, review_id=self.kwargs["pk"])

    @extend_schema(
        operation_id="reviews_photo",
        summary="Read a photo of a review",
        parameters=[LOCATION],
        responses=download_of(*PICTURES),
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="photos/<uuid:upload_id>",
        content_negotiation_class=AnyAccept,
    )
    def photo(self, request: AuthedRequest, pk: UUID, upload_id: UUID) -> HttpResponseBase:
        photo = photo_get_visible_to(user=request.user, review_id=pk, upload_id=upload_id)
        suffix = PurePath(str(photo.upload.file.name)).suffix
        return private_download(photo.upload.file, name=f"photo{suffix}", content_type=photo.upload.content_type)

    @extend_schema(
        operation_id="reviews_reply",
        summary="Answer a review of me",
        request=ReplyInput,
        responses={201: ReviewOutput},
        examples=[_ANSWER],
    )
    @action(detail=True, methods=["post"])
    def reply(self, request: AuthedRequest, pk: UUID) -> Response:
        review_check_reviewed(self.get_object(), request.user)  # the service asks again; here it comes before the body
        review_reply(review_id=pk, actor=request.user, **ReplyInput.parse(request.data))
        return Response(ReviewOutput(self.get_object()).data, status=status.HTTP_201_CREATED)


@extend_schema_view(
    list=extend_schema(
        operation_id="technicians_reviews",
        summary="What customers say of one technician",
        tags=["reviews"],
    )
)
class TechnicianReviewViewSet(mixins.ListModelMixin, GenericViewSet):
    queryset = Review.objects.none()
    permission_classes = [AllowAny]
    serializer_class = ReviewOutput
    filterset_class = TechnicianReviewFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "rating": "rating"}

    def get_queryset(self) -> QuerySet[Review]:
        return review_list_of_technician(self.kwargs["pk"])


class JobReviewViewSet(GenericViewSet):
    refusals = {"review": (JobNotCompleted, ReviewTooLate, AlreadyReviewed, UploadNotUsable)}
    permission_classes = [HasRole(Role.CUSTOMER)]
    serializer_class = ReviewOutput
    lookup_value_converter = "uuid"
    request: AuthedRequest

    @extend_schema(
        operation_id="jobs_review",
        summary="Review my finished job",
        tags=["reviews"],
        request=ReviewInput,
        responses={201: ReviewOutput},
        examples=[_SAID],
    )
    @action(detail=True, methods=["post"])
    def review(self, request: AuthedRequest, pk: UUID) -> Response:
        job = job_get_visible_to(user=request.user, job_id=pk)
        data = ReviewInput.parse(request.data)
        created = review_create(job_id=job.pk, actor=request.user, **data)
        review = review_get_visible_to(user=request.user, review_id=created.pk)
        return Response(ReviewOutput(review).data, status=status.HTTP_201_CREATED)
