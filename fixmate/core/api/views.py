from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from fixmate.core.api.parsers import BoundedMultiPartParser
from fixmate.core.api.permissions import IsVerified
from fixmate.core.api.serializers import UploadInput, UploadOutput
from fixmate.core.files import upload_create


class UploadViewSet(GenericViewSet):
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
        data = UploadInput.parse(request.data)
        upload = upload_create(owner=request.user, **data)
        return Response(UploadOutput(upload).data, status=status.HTTP_201_CREATED)
