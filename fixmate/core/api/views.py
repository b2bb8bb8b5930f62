from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from fixmate.core.api.downloads import DOCUMENTS, AnyAccept, linked_download
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import BoundedMultiPartParser
from fixmate.core.api.permissions import IsVerified
from fixmate.core.api.serializers import UploadInput, UploadOutput
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.files import upload_keep, upload_prepare
from fixmate.core.models import Upload


class UploadViewSet(LimitsMixin, GenericViewSet):
    limits = {"create": "uploads"}
    permission_classes = [IsVerified]
    parser_classes = [BoundedMultiPartParser]

    @extend_schema(
        operation_id="uploads_create",
        summary="Send in a photo or a piece of evidence",
        description="A job, a completion or a dispute uses the id up; unused, it is gone after a day.",
        tags=["uploads"],
        request={"multipart/form-data": UploadInput},
        responses={201: UploadOutput},
        examples=[
            OpenApiExample(
                "A photo",
                response_only=True,
                value={
                    "id": "01968a3c-52b0-7a31-9c5e-0f6d2b1a7e44",
                    "purpose": "JOB_PHOTO",
                    "content_type": "image/jpeg",
                    "size_bytes": 184032,
                },
            )
        ],
    )
    def create(self, request: Request) -> Response:
        return Response(UploadOutput(upload_keep(self.prepared)).data, status=status.HTTP_201_CREATED)

    def prepare(self, request: Request) -> Upload:
        return upload_prepare(owner=request.user, **UploadInput.parse(request.data))


class FileViewSet(GenericViewSet):
    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = AnyAccept
    lookup_url_kwarg = "token"
    lookup_value_regex = r"[\w:-]{1,1000}"

    @extend_schema(
        operation_id="files_retrieve",
        summary="Download by a link",
        description="Where a download answers with a redirect. The link is the permission; after a minute it is 404.",
        tags=["uploads"],
        parameters=[OpenApiParameter("token", str, OpenApiParameter.PATH, description="The signed link.")],
        responses={(200, *DOCUMENTS): OpenApiTypes.BINARY},
    )
    def retrieve(self, request: Request, token: str) -> FileResponse:
        return linked_download(token)
