"""Filters: an unknown value of a known parameter is 400; an unknown parameter is ignored."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

import django_filters
from django.db.models import Q, QuerySet
from django.forms import Field
from django.forms import ValidationError as FormError
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
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


class TruthField(Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if str(value).lower() not in ("true", "false"):
            raise FormError("Give true or false.", code="invalid")
        return str(value).lower() == "true"


@extend_schema_field({"type": "boolean"})
class TruthFilter(django_filters.Filter):  # type: ignore[misc]
    """`true` or `false`. The library's own takes any other word for a filter left out."""

    field_class = TruthField


class SearchFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Every word has to be in one of the columns, whatever its case. It reads row by row: for staff alone."""

    _MAX_WORDS: Final = 5

    def __init__(self, *columns: str, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)
        self.columns = columns

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        for word in value.split()[: self._MAX_WORDS]:
            qs = qs.filter(reduce(or_, (Q(**{f"{column}__icontains": word}) for column in self.columns)))
        return qs


def number_filter(least: float, most: float, **kwargs: Any) -> django_filters.NumberFilter:
    """Return a filter by a number within bounds, which the schema tells as well."""
    bounded = django_filters.NumberFilter(min_value=_exact(least), max_value=_exact(most), **kwargs)
    said = {"type": "number", "minimum": least, "maximum": most}
    return extend_schema_field(said)(bounded)


def _exact(bound: float) -> Decimal:
    return Decimal(str(bound))  # 0.1 as a float is more than the 0.1 somebody sends


def people_search(path: str = "") -> SearchFilter:
    """Return the search for people by name, e-mail address or phone number; `path` leads to the account."""
    names = ("first_name", "last_name", "email", "phone")
    return SearchFilter(*(f"{path}{name}" for name in names), label="Words of a name, an e-mail address or a number.")


def moment_of(params: Any, name: str) -> datetime | None:
    """Return the moment that a query parameter names, or None where it is not given.

    :raises ValidationError: if it is none
    """
    try:
        moment: datetime | None = MomentField(required=False).clean(params.get(name))
    except FormError as exc:
        raise ValidationError({name: exc.messages}) from exc
    return moment


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationError({name: [str(text) for text in texts] for name, texts in filterset.errors.items()})
        return filterset.qs
