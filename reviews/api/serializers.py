from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from fixmate.core.api.serializers import InputSerializer, OutputSerializer, UploadIdsField
from reviews.models import ReviewPhoto
from technicians.enums import Aspect


class StarsField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=5, **kwargs)


class ReviewInput(InputSerializer):
    rating = StarsField()
    punctual = StarsField(required=False, allow_null=True)
    quality = StarsField(required=False, allow_null=True)
    price = StarsField(required=False, allow_null=True)
    conduct = StarsField(required=False, allow_null=True)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")
    photos = UploadIdsField(required=False, max_length=settings.REVIEW_MAX_PHOTOS, source="photo_ids")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {aspect.value: attrs.pop(aspect, None) for aspect in Aspect}
        return attrs | {"aspects": {name: stars for name, stars in given.items() if stars is not None}}


class ReplyInput(InputSerializer):
    text = serializers.CharField(max_length=2000)


class ReviewerOutput(OutputSerializer):
    first_name = serializers.CharField()


class ReviewPhotoOutput(OutputSerializer):
    id = serializers.UUIDField(source="upload_id")
    content_type = serializers.CharField(source="upload.content_type")
    file_url = serializers.SerializerMethodField(help_text="Where to download it.")

    def get_file_url(self, photo: ReviewPhoto) -> str:
        return reverse("review-photo", args=[photo.review_id, photo.upload_id])


class ReplyOutput(OutputSerializer):
    """What the technician answered."""

    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class ReviewOutput(OutputSerializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    rating = StarsField()
    punctual = StarsField(allow_null=True)
    quality = StarsField(allow_null=True)
    price = StarsField(allow_null=True)
    conduct = StarsField(allow_null=True)
    comment = serializers.CharField()
    photos = ReviewPhotoOutput(many=True, source="photos.all")
    reviewer = ReviewerOutput(source="customer")
    reply = ReplyOutput(allow_null=True)
    created_at = serializers.DateTimeField()


# For staff


class HidingOutput(OutputSerializer):
    is_hidden = serializers.BooleanField()
    actor_id = serializers.UUIDField()
    actor_name = serializers.CharField(source="actor.full_name")
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class StaffReviewOutput(ReviewOutput):
    customer_id = serializers.UUIDField()
    is_hidden = serializers.BooleanField(help_text="From everybody but staff, and from the rating.")
    hidings = HidingOutput(many=True, source="hidings.all")
