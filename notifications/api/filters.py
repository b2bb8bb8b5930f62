from typing import Any

from django.db.models import QuerySet
from django_filters import ChoiceFilter, FilterSet

from notifications.enums import Kind
from notifications.models import Notification


class NotificationFilter(FilterSet):  # type: ignore[misc]
    unread = ChoiceFilter(choices=[("true", "Unread"), ("false", "Read")], method="filter_unread")
    kind = ChoiceFilter(choices=Kind.choices)

    class Meta:
        model = Notification
        fields: list[str] = []

    def filter_unread(self, queryset: QuerySet[Notification], name: str, value: str) -> Any:
        return queryset.filter(read_at__isnull=value == "true")
