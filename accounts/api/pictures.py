from pathlib import PurePath
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from accounts.api.requests import AuthedRequest
from accounts.models import User
from accounts.selectors import user_with_picture_seen_by
from fixmate.core.api.downloads import PICTURES, AnyAccept, private_download
from fixmate.core.api.schema import LOCATION, download_of
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.files import IMAGE_FORMATS

_CONTENT_TYPES = {f".{extension}": content_type for content_type, (_, extension) in IMAGE_FORMATS.items()}


@extend_schema(tags=["auth"])
class PictureViewSet(GenericViewSet[User]):
    queryset = User.objects.none()
    lookup_value_converter = "uuid"
    request: AuthedRequest

    @extend_schema(
        operation_id="users_avatar",
        summary="Read somebody's picture",
        description="One's own; the other party's of a job that is going on; staff, anybody's.",
        parameters=[LOCATION],
        responses=download_of(*PICTURES),
    )
    @action(detail=True, methods=["get"], content_negotiation_class=AnyAccept)
    def avatar(self, request: AuthedRequest, pk: UUID) -> HttpResponseBase:
        user = user_with_picture_seen_by(request.user, user_id=pk)
        suffix = PurePath(str(user.avatar.name)).suffix
        return private_download(user.avatar, name=f"avatar{suffix}", content_type=_CONTENT_TYPES[suffix])
