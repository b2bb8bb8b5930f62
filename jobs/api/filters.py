import django_filters

from fixmate.core.api.filters import FilterSet, MomentFilter, people_search
from jobs.enums import JobStatus
from jobs.models import Job


class JobFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=JobStatus.choices)
    service = django_filters.UUIDFilter(field_name="service_id")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    scheduled_after = MomentFilter(field_name="scheduled_for", lookup_expr="gte")
    scheduled_before = MomentFilter(field_name="scheduled_for", lookup_expr="lt")

    class Meta:
        model = Job
        fields: list[str] = []


class StaffJobFilter(JobFilter):
    customer = django_filters.UUIDFilter(field_name="customer_id", label="The id of an account.")
    technician = django_filters.UUIDFilter(field_name="technician_id", label="The id of a technician.")
    search = people_search("customer__")
