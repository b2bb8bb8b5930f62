from django.db import transaction

from accounts.models import User
from notifications.models import Delivery, Notification


@transaction.atomic
def notification_erase(user: User) -> None:
    """Forget what somebody was told; what is still to be sent is not."""
    Delivery.objects.filter(notification__user=user).delete()
    Notification.objects.filter(user=user).delete()
