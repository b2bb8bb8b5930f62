from notifications.models import Notification


def payload_of(kind, user):
    return Notification.objects.get(kind=kind, user=user).payload


def kinds_told(user):
    """Return what the user was told, the oldest first."""
    return list(Notification.objects.filter(user=user).order_by("id").values_list("kind", flat=True))
