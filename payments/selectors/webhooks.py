from datetime import datetime

from django.db.models import QuerySet

from payments.models import WebhookEvent


def webhook_ids_left(*, due_at: datetime, limit: int) -> list[int]:
    """Return what is left of the inbox and due to be tried, the longest due first."""
    left = WebhookEvent.objects.filter(applied_at__isnull=True, next_try_at__lte=due_at)
    return list(left.order_by("next_try_at", "id").values_list("pk", flat=True)[:limit])


def webhook_list_left(*, received_before: datetime) -> QuerySet[WebhookEvent]:
    """Return what was received before then and is left still."""
    return WebhookEvent.objects.filter(applied_at__isnull=True, received_at__lt=received_before)
