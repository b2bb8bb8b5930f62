import django_filters

from fixmate.core.api.filters import FilterSet, TruthFilter

_STARS = [(stars, str(stars)) for stars in range(1, 6)]


class TechnicianReviewFilter(FilterSet):
    rating = django_filters.TypedChoiceFilter(choices=_STARS, coerce=int)


class ReviewFilter(TechnicianReviewFilter):
    technician = django_filters.UUIDFilter(field_name="technician_id")
    job = django_filters.UUIDFilter(field_name="job_id")


class StaffReviewFilter(ReviewFilter):
    is_hidden = TruthFilter(field_name="is_hidden")
