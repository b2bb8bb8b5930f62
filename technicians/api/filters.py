import re

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field

from accounts.enums import UserStatus
from fixmate.core.api.filters import FilterSet, MomentFilter, TruthFilter, number_filter, people_search
from fixmate.core.geo import Point
from technicians.enums import DocumentKind, DocumentStatus, Verification
from technicians.models import Document, Technician
from technicians.selectors import technician_filter_near, technician_filter_rated

_DEFAULT_RADIUS_KM, _MAX_RADIUS_KM = 20, 200


# Decimal degrees; small ones as programs write them, 1e-07.
_DECIMALS = r"(\.[0-9]+)?(e-[0-9]{1,3})?"
_LATITUDE = rf"-?(90(\.0+)?|[1-8]?[0-9]{_DECIMALS})"
_LONGITUDE = rf"-?(180(\.0+)?|(1[0-7][0-9]|[1-9]?[0-9]){_DECIMALS})"
_POINT = rf"^{_LATITUDE}, ?{_LONGITUDE}$"


class PointField(forms.CharField):
    def clean(self, value: str) -> Point | None:
        text = super().clean(value)
        return _point(text) if text else None


def _point(text: str) -> Point:
    if not re.fullmatch(_POINT, text):
        raise forms.ValidationError("Give latitude,longitude of a place on the globe.")
    latitude, longitude = (float(part) for part in text.split(","))
    return Point(latitude, longitude)


@extend_schema_field({"type": "string", "pattern": _POINT})
class PointFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = PointField


class TechnicianFilter(FilterSet):
    service = django_filters.UUIDFilter(field_name="skills__service", label="The id of a service.")
    near = PointFilter(method="keep_near", label="latitude,longitude: the base lies within `radius_km`.")
    radius_km = number_filter(
        0.1, _MAX_RADIUS_KM, method="keep_all", label=f"Used with `near`; {_DEFAULT_RADIUS_KM} if left out."
    )
    min_rating = number_filter(1, 5, method="keep_rated", label="1 to 5.")

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
    user_status = django_filters.MultipleChoiceFilter(field_name="user__status", choices=UserStatus.choices)
    is_online = TruthFilter()
    service = django_filters.UUIDFilter(field_name="skills__service", label="The id of a service.")
    search = people_search("user__")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Technician
        fields: list[str] = []


class StaffDocumentFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=DocumentStatus.choices)
    kind = django_filters.MultipleChoiceFilter(choices=DocumentKind.choices)
    technician = django_filters.UUIDFilter(field_name="technician_id", label="The id of a technician.")
    search = people_search("technician__user__")
    expires_before = django_filters.DateFilter(field_name="expires_on", lookup_expr="lt")

    class Meta:
        model = Document
        fields: list[str] = []
