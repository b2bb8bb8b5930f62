import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from fixmate.core.api.filters import FilterSet
from fixmate.core.geo import Point
from technicians.enums import DocumentKind, DocumentStatus, Verification
from technicians.models import Document, Technician
from technicians.selectors import technician_filter_near, technician_filter_rated

_DEFAULT_RADIUS_KM, _MAX_RADIUS_KM = 20, 200
_MAX_LATITUDE, _MAX_LONGITUDE = 90, 180


class PointField(forms.CharField):
    def clean(self, value: str) -> Point | None:
        text = super().clean(value)
        return _point(text) if text else None


def _point(text: str) -> Point:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as exc:
        raise forms.ValidationError("Give latitude,longitude.") from exc
    if not (abs(latitude) <= _MAX_LATITUDE and abs(longitude) <= _MAX_LONGITUDE):
        raise forms.ValidationError("There is no such place.")
    return Point(latitude, longitude)


@extend_schema_field(OpenApiTypes.STR)
class PointFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = PointField


class TechnicianFilter(FilterSet):
    service = django_filters.UUIDFilter(field_name="skills__service", label="The id of a service.")
    near = PointFilter(method="keep_near", label="latitude,longitude: the base lies within `radius_km`.")
    radius_km = django_filters.NumberFilter(
        method="keep_all",
        min_value=0.1,
        max_value=_MAX_RADIUS_KM,
        label=f"Used with `near`; {_DEFAULT_RADIUS_KM} if left out.",
    )
    min_rating = django_filters.NumberFilter(method="keep_rated", min_value=1, max_value=5, label="1 to 5.")

    class Meta:
        model = Technician
        fields: list[str] = []

    def keep_near(self, technicians: QuerySet[Technician], _name: str, point: Point) -> QuerySet[Technician]:
        radius_m = 1000 * float(self.form.cleaned_data["radius_km"] or _DEFAULT_RADIUS_KM)
        return technician_filter_near(
            technicians, latitude=point.latitude, longitude=point.longitude, radius_m=radius_m
        )

    def keep_rated(self, technicians: QuerySet[Technician], _name: str, minimum: float) -> QuerySet[Technician]:
        return technician_filter_rated(technicians, minimum=float(minimum))

    def keep_all(self, technicians: QuerySet[Technician], _name: str, _value: object) -> QuerySet[Technician]:
        return technicians


class StaffTechnicianFilter(FilterSet):
    verification = django_filters.MultipleChoiceFilter(choices=Verification.choices)
    service = django_filters.UUIDFilter(field_name="skills__service", label="The id of a service.")

    class Meta:
        model = Technician
        fields: list[str] = []


class StaffDocumentFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=DocumentStatus.choices)
    kind = django_filters.MultipleChoiceFilter(choices=DocumentKind.choices)
    technician = django_filters.UUIDFilter(field_name="technician_id", label="The id of a technician.")

    class Meta:
        model = Document
        fields: list[str] = []
