import django_filters

from catalog.models import Service
from fixmate.core.api.filters import FilterSet


class ServiceFilter(FilterSet):
    category = django_filters.CharFilter(field_name="category__slug", label="The slug of a category.")
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name.")

    class Meta:
        model = Service
        fields: list[str] = []
