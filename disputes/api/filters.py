import django_filters
from django.db.models import QuerySet

from disputes.enums import DisputeCategory, DisputeStatus
from disputes.models import Dispute
from fixmate.core import clock
from fixmate.core.api.filters import FilterSet, TruthFilter


class DisputeFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=DisputeStatus.choices)
    category = django_filters.ChoiceFilter(choices=DisputeCategory.choices)
    job = django_filters.UUIDFilter(field_name="job_id")
    overdue = TruthFilter(method="by_overdue", label="Whether a deadline has run out.")

    def by_overdue(self, disputes: QuerySet[Dispute], _name: str, is_overdue: bool) -> QuerySet[Dispute]:
        at = clock.now()
        return disputes.filter(due_at__lt=at) if is_overdue else disputes.filter(due_at__gte=at)
