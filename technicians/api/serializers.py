from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.enums import UserStatus
from catalog.api.serializers import ServiceBrief
from catalog.enums import TechnicianTier
from fixmate.core.api.keywords import together
from fixmate.core.api.serializers import (
    InputSerializer,
    LatitudeField,
    LongitudeField,
    OutputSerializer,
    ReasonInput,
)
from technicians.availability import Slot
from technicians.enums import DocumentKind, DocumentStatus, Verification, Weekday
from technicians.models import Document

_HOUR = "%H:%M"
_MAX_SERVICES, _MAX_SLOTS, _MAX_YEARS, _MAX_RADIUS_KM, _MAX_ACCURACY_M = 50, 70, 80, 100, 1_000_000


# Profiles


@extend_schema_field({"type": "string", "format": "time-zone"})
class ZoneField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=50, help_text="IANA name, such as America/New_York.", **kwargs)


class ApplicationInput(InputSerializer):
    bio = serializers.CharField(max_length=2000, allow_blank=True)
    years_experience = serializers.IntegerField(min_value=0, max_value=_MAX_YEARS)
    service_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=_MAX_SERVICES)
    latitude = LatitudeField(help_text="Of the base.")
    longitude = LongitudeField(help_text="Of the base.")
    travel_radius_km = serializers.FloatField(min_value=1, max_value=_MAX_RADIUS_KM)
    time_zone = ZoneField(required=False)
    also: ClassVar[dict[str, Any]] = together("latitude", "longitude")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "travel_radius_km" in attrs:
            attrs["travel_radius_m"] = round(attrs.pop("travel_radius_km") * 1000)
        return attrs


class PlaceOutput(OutputSerializer):
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()


class PositionOutput(PlaceOutput):
    accuracy_m = serializers.FloatField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    location_at = serializers.DateTimeField(help_text="When it was last confirmed, by our clock.")


class AspectMeansOutput(OutputSerializer):
    """Mean stars of what reviews may rate by itself; null while none does."""

    punctual = serializers.FloatField(allow_null=True)
    quality = serializers.FloatField(allow_null=True)
    price = serializers.FloatField(allow_null=True)
    conduct = serializers.FloatField(allow_null=True)


class RateField(serializers.FloatField):
    """A share from 0 to 1; null while there is too little to tell."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1, allow_null=True, **kwargs)


class TechnicianOutput(OutputSerializer):
    """What anybody may know."""

    id = serializers.UUIDField()
    first_name = serializers.CharField(source="user.first_name")
    bio = serializers.CharField()
    years_experience = serializers.IntegerField()
    services = ServiceBrief(many=True)
    rating = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField()
    aspects = AspectMeansOutput()
    jobs_completed = serializers.IntegerField()
    completion_rate = RateField(help_text="Of the jobs he had, those he finished and did not give back.")
    punctuality_rate = RateField(help_text="Of the visits booked ahead, those that began in time.")
    rework_rate = RateField(help_text="Of the jobs he finished, those that a dispute found badly done.")


class ProfileOutput(TechnicianOutput):
    """What the technician himself knows; the view brings `documents_missing`."""

    last_name = serializers.CharField(source="user.last_name")
    verification = serializers.ChoiceField(Verification.choices)
    tier = serializers.ChoiceField(TechnicianTier.choices, help_text="At whose rates of the fee schedule he works.")
    applied_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    base = PlaceOutput(allow_null=True)
    travel_radius_km = serializers.FloatField()
    time_zone = serializers.CharField()
    is_online = serializers.BooleanField()
    online_since = serializers.DateTimeField(allow_null=True)
    position = PositionOutput(allow_null=True)
    acceptance_rate = RateField(help_text="Of the offers he saw or answered, those he accepted.")
    cooldown_until = serializers.DateTimeField(allow_null=True, help_text="No offers before; may lie in the past.")
    paused_until = serializers.DateTimeField(
        allow_null=True, help_text="No offers before, unless you resume; may lie in the past."
    )
    documents_missing = serializers.SerializerMethodField()

    def get_documents_missing(self, _technician: Any) -> list[str]:
        kinds: list[str] = self.context["documents_missing"]
        return kinds


class LocationInput(InputSerializer):
    latitude = LatitudeField()
    longitude = LongitudeField()
    accuracy_m = serializers.FloatField(min_value=0, max_value=_MAX_ACCURACY_M, required=False)
    recorded_at = serializers.DateTimeField(required=False, help_text="By the phone's clock; now if left out.")


# Documents


class DocumentInput(InputSerializer):
    kind = serializers.ChoiceField(DocumentKind.choices)
    file = serializers.FileField(help_text="JPEG, PNG, WebP or PDF, 5 MB at most.")
    expires_on = serializers.DateField(required=False)


class DocumentOutput(OutputSerializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(DocumentKind.choices)
    status = serializers.ChoiceField(DocumentStatus.choices)
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    expires_on = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    review_reason = serializers.CharField()


# Availability


class WeekdayField(serializers.ChoiceField):
    """The day's name outside, its number inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Weekday.names, **kwargs)

    def to_representation(self, value: Any) -> str:
        return Weekday(value).name

    def to_internal_value(self, data: Any) -> Any:
        return Weekday[super().to_internal_value(data)].value


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["08:00"]})
class HourField(serializers.TimeField):
    """Hours and minutes, as `08:00`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=_HOUR, input_formats=[_HOUR], **kwargs)


class SlotInput(InputSerializer):
    weekday = WeekdayField()
    starts_at = HourField()
    ends_at = HourField(help_text="00:00: the end of the day.")


class AvailabilityInput(InputSerializer):
    time_zone = ZoneField()
    slots = serializers.ListField(child=SlotInput(), max_length=_MAX_SLOTS, help_text="None: whenever online.")

    def validate_slots(self, slots: list[dict[str, Any]]) -> list[Slot]:
        return [Slot(**slot) for slot in slots]


class AvailabilityOutput(OutputSerializer):
    time_zone = serializers.CharField()
    slots = SlotInput(many=True)


class TimeOffInput(InputSerializer):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class TimeOffOutput(OutputSerializer):
    id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    note = serializers.CharField()


# For staff


class StaffFileOutput(DocumentOutput):
    file_url = serializers.SerializerMethodField(help_text="Where to download it.")

    def get_file_url(self, document: Document) -> str:
        return reverse("my-document-file", args=[document.pk])


class StaffTechnicianOutput(TechnicianOutput):
    user_id = serializers.UUIDField()
    last_name = serializers.CharField(source="user.last_name")
    email = serializers.CharField(source="user.email", allow_null=True)
    phone = serializers.CharField(source="user.phone", allow_null=True)
    user_status = serializers.ChoiceField(UserStatus.choices, source="user.status")
    verification = serializers.ChoiceField(Verification.choices)
    tier = serializers.ChoiceField(TechnicianTier.choices)
    applied_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    base = PlaceOutput(allow_null=True)
    travel_radius_km = serializers.FloatField()
    is_online = serializers.BooleanField()
    offers_received = serializers.IntegerField()
    jobs_assigned = serializers.IntegerField()
    jobs_released = serializers.IntegerField(help_text="Given back by the technician.")


class StaffProfileOutput(StaffTechnicianOutput, ProfileOutput):
    """One technician with his documents; the view brings them."""

    documents = serializers.SerializerMethodField()

    @extend_schema_field(StaffFileOutput(many=True))
    def get_documents(self, _technician: Any) -> list[dict[str, Any]]:
        return list(StaffFileOutput(self.context["documents"], many=True).data)


class TierInput(ReasonInput):
    tier = serializers.ChoiceField(TechnicianTier.choices)


class StaffDocumentOutput(StaffFileOutput):
    technician_id = serializers.UUIDField()
    first_name = serializers.CharField(source="technician.user.first_name")
    last_name = serializers.CharField(source="technician.user.last_name")
