"""The audit trail, for staff to read. It stands here because nobody below knows both the trail and its readers."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from accounts.api.viewsets import StaffViewSet
from fixmate.core import audit
from fixmate.core.api.filters import FilterSet, MomentFilter
from fixmate.core.api.serializers import OutputSerializer
from fixmate.core.context import Source
from fixmate.core.models import AuditEntry

_SOURCES = [(source.value, source.value) for source in Source]


class AuditEntryOutput(OutputSerializer):
    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_id = serializers.UUIDField(allow_null=True, help_text="Null: a command, or the system itself.")
    actor_label = serializers.CharField()
    action = serializers.CharField(help_text="Such as `accounts.user.suspend`.")
    target_type = serializers.CharField(help_text="Such as `accounts.User`.")
    target_id = serializers.CharField()
    reason = serializers.CharField()
    source = serializers.ChoiceField(_SOURCES)  # type: ignore[assignment]
    ip_address = serializers.IPAddressField(allow_null=True)
    request_id = serializers.CharField()
    before = serializers.DictField()
    after = serializers.DictField()
    digest = serializers.CharField(help_text="Seals the entry and all before it.")


class AuditFilter(FilterSet):
    actor = django_filters.UUIDFilter(field_name="actor_id", label="The id of an account.")
    action = django_filters.CharFilter(max_length=100)
    target = django_filters.CharFilter(field_name="target_id", max_length=64, label="The id of what was acted upon.")
    target_type = django_filters.CharFilter(max_length=100, label="Such as `accounts.User`.")
    source = django_filters.ChoiceFilter(choices=_SOURCES)

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        """Add `from` and `to`: the first is a word of Python, and no attribute can be called so."""
        period = {
            "from": MomentFilter(field_name="at", lookup_expr="gte"),
            "to": MomentFilter(field_name="at", lookup_expr="lt"),
        }
        return {**super().get_filters(), **period}


@extend_schema(tags=["staff"])
@extend_schema_view(
    list=extend_schema(summary="Read the audit trail", operation_id="admin_audit_log_list"),
    retrieve=extend_schema(summary="Read an entry of the audit trail", operation_id="admin_audit_log_read"),
)
class AuditLogViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[AuditEntry]):
    serializer_class = AuditEntryOutput
    filterset_class = AuditFilter
    ordering = ("-sequence",)
    ordering_fields = {"sequence": "sequence"}
    lookup_field = "sequence"
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return audit.entries()
