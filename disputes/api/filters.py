import django_filters

from disputes.enums import DisputeCategory, DisputeStatus
from fixmate.core.api.filters import FilterSet


class DisputeFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=DisputeStatus.choices)
    category = django_filters.ChoiceFilter(choices=DisputeCategory.choices)
    job = django_filters.UUIDFilter(field_name="job_id")
