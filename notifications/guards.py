"""What notifications add to an account's life."""

from accounts.hooks import ExportPart, erased_by, exported_as
from fixmate.core.casefiles import case_told_by
from notifications.case import PARTS
from notifications.models import Notification
from notifications.services.erasure import notification_erase

erased_by(notification_erase)
exported_as(
    ExportPart(
        "notifications",
        "What you were told.",
        ("id", "kind", "payload", "created_at", "read_at"),
        lambda user: Notification.objects.filter(user=user),
    )
)
case_told_by(*PARTS)
