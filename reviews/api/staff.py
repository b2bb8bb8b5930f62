from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.viewsets import StaffViewSet
from fixmate.core.api.serializers import ReasonInput
from reviews.api.filters import StaffReviewFilter
from reviews.api.serializers import StaffReviewOutput
from reviews.errors import ReviewHidden, ReviewNotHidden
from reviews.models import Review
from reviews.selectors import review_list_for_staff
from reviews.services import review_hide, review_show

_REASON = OpenApiExample("Why", value={"reason": "It names a neighbour."}, request_only=True)


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(summary="List reviews, hidden ones too", operation_id="admin_reviews_list"),
    retrieve=extend_schema(summary="Read a review and who hid it", operation_id="admin_reviews_read"),
)
class StaffReviewViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[Review]):
    step_up = frozenset({"hide", "show"})
    refusals = {"hide": (ReviewHidden,), "show": (ReviewNotHidden,)}
    queryset = Review.objects.none()
    serializer_class = StaffReviewOutput
    filterset_class = StaffReviewFilter
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "rating": "rating"}

    def get_queryset(self) -> QuerySet[Review]:
        return review_list_for_staff()

    @extend_schema(
        summary="Hide a review",
        description="Nobody but staff sees it any more, and it counts no more.",
        operation_id="admin_reviews_hide",
        request=ReasonInput,
        examples=[_REASON],
    )
    @action(detail=True, methods=["post"])
    def hide(self, request: AuthedRequest, pk: str) -> Response:
        review, body = self.asked(ReasonInput)
        review_hide(review_id=review.pk, actor=request.user, **body)
        return self.answer(self.get_object())

    @extend_schema(
        summary="Show a hidden review again",
        operation_id="admin_reviews_show",
        request=ReasonInput,
        examples=[_REASON],
    )
    @action(detail=True, methods=["post"])
    def show(self, request: AuthedRequest, pk: str) -> Response:
        review, body = self.asked(ReasonInput)
        review_show(review_id=review.pk, actor=request.user, **body)
        return self.answer(self.get_object())
