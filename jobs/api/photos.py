"""Photos of a job, as files: for whoever is shown them on its page."""

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from accounts.api.requests import AuthedRequest
from fixmate.core.api.downloads import PICTURES, AnyAccept
from fixmate.core.api.permissions import IsVerified
from fixmate.core.api.schema import LOCATION, download_of
from fixmate.core.api.viewsets import GenericViewSet
from jobs.downloads import photo_response
from jobs.models import Job
from jobs.selectors import photo_get_visible_to


@extend_schema(tags=["jobs"])
class JobPhotoViewSet(GenericViewSet[Job]):
    queryset = Job.objects.none()
    permission_classes = [IsVerified]
    lookup_value_converter = "uuid"

    @extend_schema(
        operation_id="jobs_photo",
        summary="Download a photo of a job",
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
        return photo_response(photo_get_visible_to(user=request.user, job_id=pk, upload_id=upload_id))
