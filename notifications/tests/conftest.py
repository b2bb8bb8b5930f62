import pytest
from django.db import transaction

from fixmate.core.enums import OutboxStatus
from fixmate.core.events import publish
from fixmate.core.models import OutboxMessage
from notifications.models import Notification


@pytest.fixture
def tell(drain):
    """Return the call that publishes an event and has this app alone react to it."""

    def told(event):
        with transaction.atomic():
            publish(event)
        OutboxMessage.objects.exclude(task__startswith="notifications.").delete()
        drain()
        assert not OutboxMessage.objects.exclude(status=OutboxStatus.DONE).exists()
        return [(row.user, row.kind) for row in Notification.objects.order_by("id").select_related("user")]

    return told
