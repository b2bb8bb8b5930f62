import django_filters
from django.db.models import QuerySet

from fixmate.core.api.filters import FilterSet
from jobs.enums import JobStatus
from matching.enums import OfferStatus
from matching.models import Offer


class OfferFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=OfferStatus.choices, method="by_status")
    job = django_filters.UUIDFilter(field_name="job_id")

    class Meta:
        model = Offer
        fields: list[str] = []

    def by_status(self, offers: QuerySet[Offer], name: str, statuses: list[str]) -> QuerySet[Offer]:
        """An open offer counts only while its job is looking: the rest is about to be taken back."""
        offers = offers.filter(status__in=statuses)
        return offers.filter(job__status=JobStatus.MATCHING) if statuses == [OfferStatus.PENDING] else offers
