from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from fixmate.core.api.permissions import IsVerified
from fixmate.core.api.serializers import NoBody
from fixmate.core.api.viewsets import GenericViewSet
from notifications.api.filters import NotificationFilter
from notifications.api.serializers import NOTIFICATION_EXAMPLE, NotificationOutput, UnreadCountOutput
from notifications.models import Notification
from notifications.selectors import notification_count_unread, notification_list_of
from notifications.services import notification_read, notification_read_all

TAGS = ["notifications"]
_EXAMPLE = OpenApiExample("A technician was found", value=NOTIFICATION_EXAMPLE, response_only=True)


@extend_schema_view(
    list=extend_schema(operation_id="notifications_list", summary="What I was told, the newest first", tags=TAGS)
)
class NotificationViewSet(mixins.ListModelMixin, GenericViewSet[Notification]):
    request: AuthedRequest
    permission_classes = [IsVerified]
    serializer_class = NotificationOutput
    filterset_class = NotificationFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return notification_list_of(self.request.user)

    @extend_schema(
        operation_id="notifications_unread_count",
        summary="How many I have not read",
        tags=TAGS,
        responses=UnreadCountOutput,
        filters=False,
    )
    @action(detail=False, url_path="unread-count", pagination_class=None, filterset_class=None)
    def unread_count(self, request: AuthedRequest) -> Response:
        return Response(UnreadCountOutput({"unread": notification_count_unread(request.user)}).data)

    @extend_schema(
        operation_id="notifications_read",
        summary="Mark one as read",
        tags=TAGS,
        request=NoBody,
        responses=NotificationOutput,
        examples=[_EXAMPLE],
    )
    @action(detail=True, methods=["post"])
    def read(self, request: AuthedRequest, pk: str) -> Response:
        notification = self.get_object()
        NoBody.parse(request.data)
        notification = notification_read(notification_id=notification.pk, actor=request.user)
        return Response(NotificationOutput(notification).data)

    @extend_schema(
        operation_id="notifications_read_all",
        summary="Mark all as read",
        tags=TAGS,
        request=NoBody,
        responses={204: OpenApiResponse(description="All are read.")},
    )
    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request: AuthedRequest) -> Response:
        NoBody.parse(request.data)
        notification_read_all(actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
