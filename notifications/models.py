from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from notifications.enums import Channel, DeliveryStatus, Kind


class Notification(models.Model):
    """What someone is told. Written with the event's reaction; `subject_key` makes a doubled event write it once."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    subject_key = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="notification_kind_known"),
            models.UniqueConstraint(fields=["user", "kind", "subject_key"], name="notification_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_of_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"


class Delivery(models.Model):
    """The telling of one notification over one channel."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, default="", blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="delivery_channel_known"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once_per_channel"),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENT) ^ Q(sent_at__isnull=True), name="delivery_sent_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(status=DeliveryStatus.PENDING), name="delivery_pending")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.status}"
