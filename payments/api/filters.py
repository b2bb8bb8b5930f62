import django_filters

from fixmate.core.api.filters import FilterSet, TruthFilter
from payments.enums import ChargebackStatus, PaymentStatus, PayoutStatus, RefundStatus


class PaymentFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=PaymentStatus.choices)
    fee_owed = TruthFilter(
        field_name="fee_owed_minor",
        lookup_expr="isnull",
        exclude=True,
        help_text="Those over a cancellation fee in cash that was neither paid yet nor waived, or the others.",
    )
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")


class RefundFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=RefundStatus.choices)
    payment = django_filters.UUIDFilter(field_name="payment_id")
    dispute = django_filters.UUIDFilter(field_name="dispute_id")


class PayoutFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=PayoutStatus.choices)
    ordered_after = django_filters.IsoDateTimeFilter(field_name="ordered_at", lookup_expr="gte")
    ordered_before = django_filters.IsoDateTimeFilter(field_name="ordered_at", lookup_expr="lt")


class StaffPayoutFilter(PayoutFilter):
    technician = django_filters.UUIDFilter(field_name="technician_id")


class ChargebackFilter(FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=ChargebackStatus.choices)
    payment = django_filters.UUIDFilter(field_name="payment_id")
    job = django_filters.UUIDFilter(field_name="payment__job_id")
    due_before = django_filters.IsoDateTimeFilter(field_name="evidence_due_at", lookup_expr="lt")
