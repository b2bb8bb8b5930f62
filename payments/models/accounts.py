from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from fixmate.core.triggers import frozen_columns
from payments.enums import Provider
from technicians.models import Technician

_HAS_REF = ~Q(ref="")


@frozen_columns("technician_id", "provider", "created_at")
class PayoutAccount(models.Model):
    """A technician's account with an online provider, as the provider described it last.

    Once it is ready, what he earned is transferred to it without anybody's doing.
    """

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="payout_accounts")
    provider = models.CharField(max_length=20, choices=Provider.choices)
    ref = models.CharField(max_length=255, default="", blank=True, help_text="the provider's id of the account")
    link = models.CharField(
        max_length=2000, default="", blank=True, help_text="where the technician tells the provider who he is"
    )
    link_expires_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True, help_text="since when the provider takes transfers to it")
    read_at = models.DateTimeField(null=True, help_text="when the reading of it began that stands here")
    paused_until = models.DateTimeField(null=True, help_text="after a transfer that was refused nothing is sent before")
    created_at = models.DateTimeField()

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["technician", "provider"], name="payout_account_once"),
            models.UniqueConstraint(fields=["ref", "provider"], condition=_HAS_REF, name="payout_account_of_one"),
            models.CheckConstraint(
                condition=~Q(provider=Provider.OFFLINE) & Q(provider__in=Provider.values),
                name="payout_account_of_one_online",
            ),
            models.CheckConstraint(condition=Q(ready_at__isnull=True) | _HAS_REF, name="payout_account_ready_has_ref"),
            models.CheckConstraint(
                condition=Q(link="") ^ Q(link_expires_at__isnull=False), name="payout_account_link_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.ref or self.pk}"

    # Facts
    @property
    def is_ready(self) -> bool:
        return self.ready_at is not None

    def is_paused(self, at: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > at

    def has_link(self, at: datetime) -> bool:
        """Tell whether the link can still be opened."""
        return self.link_expires_at is not None and self.link_expires_at > at
