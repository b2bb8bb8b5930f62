from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from fixmate.core.triggers import frozen_columns
from payments.enums import Provider

_IS_LEFT = Q(applied_at__isnull=True)


@frozen_columns("provider", "event_id", "type", "kind", "ref", "received_at")
@frozen_columns("applied_at", once="applied_at", name="applied_once")
class WebhookEvent(models.Model):
    """What a provider told us, each thing once: a row of the inbox is committed with the work that it orders.

    It is left until the object it is about has been read anew and what that says is ours; purged long after.
    """

    # Fields
    provider = models.CharField(max_length=20, choices=Provider.choices)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, default="", blank=True, help_text="of the object; blank where we want none")
    ref = models.CharField(max_length=255, default="", blank=True, help_text="the provider's id of the object")
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="when the sweep takes it up, if it is left by then")
    last_error = models.CharField(max_length=1000, default="", blank=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once"),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="webhook_event_provider_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at", "id"], condition=_IS_LEFT, name="webhook_event_left"),
            models.Index(fields=["provider", "ref"], name="webhook_event_about"),
            models.Index(fields=["received_at"], name="webhook_event_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    def put_off(self, *, error: str, until: datetime) -> None:
        self.tries += 1
        self.last_error, self.next_try_at = error[:1000], until
