"""Filters: an unknown value of a known parameter is 400; an unknown parameter is ignored."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.forms import ValidationError as FormError
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError


class FilterSet(django_filters.FilterSet):  # type: ignore[misc]
    """Base of every app's filters: known to mypy in this one place."""


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    def to_python(self, value: Any) -> datetime | None:
        try:
            moment: datetime | None = super().to_python(value)
            return moment and moment.astimezone(UTC)
        except OverflowError as exc:  # a moment at the edge of the calendar, in another zone
            raise FormError(self.error_messages["invalid"], code="invalid") from exc


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment in ISO 8601. The library's own lets the last day of the year 9999 through to the database."""

    field_class = MomentField


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationError({name: [str(text) for text in texts] for name, texts in filterset.errors.items()})
        return filterset.qs
