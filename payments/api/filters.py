import django_filters

from fixmate.core.api.filters import FilterSet
from payments.enums import PaymentStatus


class PaymentFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=PaymentStatus.choices)
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
