import django_filters

from fixmate.core.api.filters import FilterSet
from matching.enums import OfferStatus
from matching.models import Offer


class OfferFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=OfferStatus.choices)
    job = django_filters.UUIDFilter(field_name="job_id")

    class Meta:
        model = Offer
        fields: list[str] = []
