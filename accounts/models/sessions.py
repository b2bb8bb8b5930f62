from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.enums import SessionEnd, SocialProvider
from accounts.models.users import User
from fixmate.core.ids import uuid7


class Session(models.Model):
    """One login on one device: a family of refresh tokens, of which only the newest is good."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sessions")
    created_at = models.DateTimeField(default=timezone.now)
    refreshed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    refresh_jti = models.UUIDField()
    previous_jti = models.UUIDField(null=True)
    user_agent = models.CharField(max_length=200, default="")
    ip_address = models.GenericIPAddressField(null=True)
    authenticated_at = models.DateTimeField(null=True, help_text="when its holder last showed who he is")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=SessionEnd.choices, default="")
    second_factor_at = models.DateTimeField(null=True, help_text="when it was last shown; staff alone have one")
    # No reference: the sign-in may be removed, and the session is still known to have begun with it.
    identity_id = models.UUIDField(null=True, help_text="the provider's sign-in it began with")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refresh_jti"], name="session_refresh_jti_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | Q(ended_at__isnull=False, end_reason__in=SessionEnd.values),
                name="session_end_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(second_factor_at__isnull=True) | Q(second_factor_at__gte=F("created_at")),
                name="session_second_factor_is_its_own",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user"], condition=Q(ended_at__isnull=True), name="session_open_of_user")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d}"


class SocialIdentity(models.Model):
    """Whoever the provider says is this subject opens the account."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="identities")
    provider = models.CharField(max_length=20, choices=SocialProvider.choices)
    subject = models.CharField(max_length=255, help_text="the provider's own name of the person, which never changes")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(provider__in=SocialProvider.values), name="identity_provider_known"),
            models.CheckConstraint(condition=~Q(subject=""), name="identity_has_subject"),
            models.UniqueConstraint(fields=["provider", "subject"], name="identity_subject_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} of {self.user_id}"


class SpentToken(models.Model):
    """A provider's token that has opened a session; it opens no other. Gone once it is too old anyway."""

    # Fields
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["digest"], name="spent_token_once")]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="spent_token_expiry")]

    def __str__(self) -> str:
        return self.digest[:8]
