from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.viewsets import GenericViewSet
from jobs.selectors import job_get_visible_to
from reviews.api.filters import ReviewFilter, TechnicianReviewFilter
from reviews.api.serializers import ReviewInput, ReviewOutput
from reviews.models import Review
from reviews.selectors import review_list_of_technician, review_list_visible_to
from reviews.services import review_create

_SAID = OpenApiExample("Five stars", value={"rating": 5, "comment": "Quick and tidy."}, request_only=True)


@extend_schema_view(list=extend_schema(operation_id="reviews_list", summary="What customers say", tags=["reviews"]))
class ReviewViewSet(mixins.ListModelMixin, GenericViewSet):
    queryset = Review.objects.none()
    permission_classes = [AllowAny]
    serializer_class = ReviewOutput
    filterset_class = ReviewFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "rating": "rating"}

    def get_queryset(self) -> QuerySet[Review]:
        return review_list_visible_to(self.request.user)


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
        review = review_create(job_id=job.pk, actor=request.user, **data)
        return Response(ReviewOutput(review).data, status=status.HTTP_201_CREATED)
