from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.enums import SecurityEventKind
from accounts.models.users import User
from fixmate.core.triggers import append_only


@append_only
class SecurityEvent(models.Model):
    """Logins, codes and tokens. Append-only and not chained, so that nobody can queue staff behind failed logins."""

    # Fields
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=SecurityEventKind.choices)
    at = models.DateTimeField()
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, default="")
    request_id = models.CharField(max_length=64, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=SecurityEventKind.values), name="security_event_kind_known")
        ]
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="security_event_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"
