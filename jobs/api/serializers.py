from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from accounts.models import User
from catalog.api.serializers import ServiceBrief
from fixmate.core.api.keywords import together
from fixmate.core.api.serializers import (
    InputSerializer,
    LatitudeField,
    LongitudeField,
    MoneyField,
    OutputSerializer,
    UploadIdsField,
)
from fixmate.core.geo import Point
from jobs.enums import DECIDED_REASONS, CancelReason, JobEventKind, JobOption, JobStatus, LineKind, PhotoKind
from jobs.models import Job, JobPhoto
from jobs.rules import options_of, start_code
from jobs.selectors import job_contacts_visible, job_technician_phone_visible

MAX_PHOTOS = 10
AREA_DECIMALS = 2  # about a kilometre
ASKED_REASONS = [choice for choice in CancelReason.choices if choice[0] not in DECIDED_REASONS]


# Bodies


class PositionInput(InputSerializer):
    latitude = LatitudeField(required=False)
    longitude = LongitudeField(required=False)
    also: ClassVar[dict[str, Any]] = together("latitude", "longitude")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        latitude, longitude = attrs.pop("latitude", None), attrs.pop("longitude", None)
        if (latitude is None) != (longitude is None):
            raise serializers.ValidationError({"latitude": ["Give latitude and longitude together."]})
        attrs["here"] = None if latitude is None or longitude is None else Point(latitude, longitude)
        return attrs


class JobRequestInput(InputSerializer):
    service_id = serializers.UUIDField()
    description = serializers.CharField(max_length=2000)
    address = serializers.CharField(max_length=300)
    latitude = LatitudeField()
    longitude = LongitudeField()
    scheduled_for = serializers.DateTimeField(required=False, allow_null=True, help_text="Without it: now.")
    photos = UploadIdsField(required=False, max_length=MAX_PHOTOS, source="photo_ids")


class JobStartInput(PositionInput):
    always = ("start_code",) if settings.START_CODE_REQUIRED else ()
    start_code = serializers.RegexField(r"^[0-9]{4}$", required=False, help_text="Four digits.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"start_code": "", **super().validate(attrs)}


class JobCompleteInput(PositionInput):
    work_summary = serializers.CharField(max_length=2000)
    final_amount = MoneyField(required=False, help_text="At most what the customer approved; without it, the quote.")
    photos = UploadIdsField(required=False, max_length=MAX_PHOTOS, source="photo_ids")


class JobCancelInput(InputSerializer):
    reason = serializers.ChoiceField(choices=ASKED_REASONS)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class JobNoShowInput(PositionInput):
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class JobRematchInput(InputSerializer):
    reason = serializers.CharField(max_length=1000, required=False, help_text="Staff say why; customers need not.")


class NoteInput(InputSerializer):
    note = serializers.CharField(max_length=2000)


# Answers


class JobPhotoOutput(OutputSerializer):
    id = serializers.UUIDField(source="upload_id")
    kind = serializers.ChoiceField(choices=PhotoKind.choices)
    content_type = serializers.CharField(source="upload.content_type")
    sha256 = serializers.CharField(source="upload.sha256")
    file_url = serializers.SerializerMethodField(help_text="Where to download it.")

    def get_file_url(self, photo: JobPhoto) -> str:
        return reverse("job-photo", args=[photo.job_id, photo.upload_id])


_TECHNICIAN = inline_serializer(
    "JobTechnician",
    {
        "id": serializers.UUIDField(),
        "first_name": serializers.CharField(),
        "rating": serializers.FloatField(allow_null=True),
        "phone": serializers.CharField(allow_null=True),
    },
    allow_null=True,
)
_CUSTOMER = inline_serializer(
    "JobCustomer",
    {
        "first_name": serializers.CharField(),
        "last_name": serializers.CharField(allow_null=True),
        "phone": serializers.CharField(allow_null=True),
        "email": serializers.CharField(allow_null=True),
    },
)


_OPTION = inline_serializer(
    "JobOption",
    {
        "action": serializers.ChoiceField(choices=JobOption.choices),
        "method": serializers.CharField(),
        "path": serializers.CharField(),
        "label": serializers.CharField(),
    },
    many=True,
)


def _option(option: JobOption, job: Job) -> dict[str, str]:
    path = {
        JobOption.REMATCH: reverse("job-rematch", args=[job.pk]),
        JobOption.ORDER_LATER: reverse("job-list"),
        JobOption.CANCEL: reverse("job-cancel", args=[job.pk]),
    }[option]
    return {"action": option.value, "method": "POST", "path": path, "label": option.label}


class JobOutput(OutputSerializer):
    """A job as one user may see it: contacts and the exact place by role and moment."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=JobStatus.choices)
    service = ServiceBrief()
    description = serializers.CharField()
    address = serializers.SerializerMethodField()
    latitude = serializers.SerializerMethodField()
    longitude = serializers.SerializerMethodField()
    scheduled_for = serializers.DateTimeField(allow_null=True)
    duration_minutes = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    assigned_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()
    cancelled_by = serializers.CharField()
    work_summary = serializers.CharField()
    price = serializers.SerializerMethodField()
    technician = serializers.SerializerMethodField()
    customer = serializers.SerializerMethodField()
    start_code = serializers.SerializerMethodField()
    photos = JobPhotoOutput(many=True, source="photos.all")
    options = serializers.SerializerMethodField(help_text="What its customer can do while it is UNMATCHED.")

    @property
    def _viewer(self) -> User:
        viewer: User = self.context["request"].user
        return viewer

    def _is_open(self, job: Job) -> bool:
        return job_contacts_visible(job=job, user=self._viewer, at=timezone.now())

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_address(self, job: Job) -> str | None:
        return job.address if self._is_open(job) else None

    def get_latitude(self, job: Job) -> float:
        return job.latitude if self._is_open(job) else round(job.latitude, AREA_DECIMALS)

    def get_longitude(self, job: Job) -> float:
        return job.longitude if self._is_open(job) else round(job.longitude, AREA_DECIMALS)

    @extend_schema_field(MoneyField())
    def get_price(self, job: Job) -> dict[str, str]:
        return MoneyField().to_representation(job.price_rows[-1].amount)  # type: ignore[attr-defined]

    @extend_schema_field(_TECHNICIAN)
    def get_technician(self, job: Job) -> dict[str, Any] | None:
        if job.technician is None:
            return None
        technician, user = job.technician, job.technician.user
        is_open = job_technician_phone_visible(job=job, user=self._viewer, at=timezone.now())
        return {
            "id": str(technician.pk),
            "first_name": user.first_name,
            "rating": technician.rating,
            "phone": user.phone if is_open else None,
        }

    @extend_schema_field(_CUSTOMER)
    def get_customer(self, job: Job) -> dict[str, Any]:
        is_open, customer = self._is_open(job), job.customer
        return {
            "first_name": customer.first_name,
            "last_name": customer.last_name if is_open else None,
            "phone": customer.phone if is_open else None,
            "email": customer.email if is_open else None,
        }

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_start_code(self, job: Job) -> str | None:
        is_his = job.customer_id == self._viewer.pk
        return start_code(job) if is_his and job.status == JobStatus.ASSIGNED else None

    @extend_schema_field(_OPTION)
    def get_options(self, job: Job) -> list[dict[str, str]]:
        is_his = job.customer_id == self._viewer.pk
        return [_option(option, job) for option in options_of(job, self._viewer)] if is_his else []


class JobEventOutput(OutputSerializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=JobEventKind.choices)
    status = serializers.ChoiceField(choices=JobStatus.choices)
    at = serializers.DateTimeField()
    actor_role = serializers.CharField()
    actor_name = serializers.CharField(source="actor.first_name", default=None, allow_null=True)
    note = serializers.CharField()


class LineOutput(OutputSerializer):
    """One line of an amount."""

    kind = serializers.ChoiceField(choices=LineKind.choices)
    description = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=10, decimal_places=4)
    unit_amount = MoneyField(help_text="What one of it costs.")
    amount = MoneyField(help_text="What the line comes to; below zero where something was left off.")


class CancelPreviewOutput(OutputSerializer):
    fee = MoneyField()
    lines = LineOutput(many=True, help_text="What the fee is made of; none where there is no fee.")
    free_until = serializers.DateTimeField(allow_null=True)
