"""What a user does with what he was told."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import clock
from notifications.models import Notification
from notifications.selectors import notification_get_locked_of


@transaction.atomic
def notification_read(*, notification_id: UUID, actor: User) -> Notification:
    """Mark one's own notification as read; the first time stays.

    :raises NotFound: if there is none, or it is another's
    """
    notification = notification_get_locked_of(user=actor, notification_id=notification_id)
    if notification.read_at is None:
        notification.read_at = clock.now()
        notification.save(update_fields=["read_at"])
    return notification


@transaction.atomic
def notification_read_all(*, actor: User) -> int:
    """Mark all one's unread notifications as read; return how many."""
    return Notification.objects.filter(user=actor, read_at__isnull=True).update(read_at=clock.now())
