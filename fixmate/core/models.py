from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from fixmate.core.enums import OutboxStatus, UploadPurpose
from fixmate.core.ids import uuid7
from fixmate.core.triggers import append_only


class OutboxMessage(models.Model):
    """One call of one subscriber's task, written in the transaction that causes it."""

    # Fields
    task = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=OutboxStatus.choices, default=OutboxStatus.READY)
    created_at = models.DateTimeField(default=timezone.now)
    run_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=OutboxStatus.values), name="outbox_status_known"),
            models.CheckConstraint(
                condition=~Q(status=OutboxStatus.DONE) | Q(done_at__isnull=False), name="outbox_done_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["run_at", "id"], condition=Q(status=OutboxStatus.READY), name="outbox_due"),
            models.Index(fields=["done_at"], condition=Q(status=OutboxStatus.DONE), name="outbox_done"),
            models.Index(fields=["id"], condition=Q(status=OutboxStatus.DEAD), name="outbox_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.pk} {self.status}"


class AuditHead(models.Model):
    """The end of the audit chain. One row; locking it puts writers in line."""

    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="audit_head_is_one_row")]

    def __str__(self) -> str:
        return f"#{self.sequence}"


@append_only
class AuditEntry(models.Model):
    """Who did what to what, why, from where, before and after; each row sealed with the digest of the one before."""

    # Fields
    sequence = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=100)
    target_type = models.CharField(max_length=100)
    target_id = models.CharField(max_length=64)
    reason = models.TextField()
    source = models.CharField(max_length=20)
    ip_address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name_plural = "audit entries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reason=""), name="audit_entry_has_reason"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="audit_entry_sequence_from_one"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["target_type", "target_id"], name="audit_entry_target"),
            models.Index(fields=["target_id", "-sequence"], name="audit_entry_of_target"),
            models.Index(fields=["actor_id", "-sequence"], name="audit_entry_of_actor"),
            models.Index(fields=["action", "-sequence"], name="audit_entry_of_action"),
            models.Index(fields=["at"], name="audit_entry_at"),
        ]

    def __str__(self) -> str:
        return f"#{self.sequence} {self.action} {self.target_type} {self.target_id}"


class RateCounter(models.Model):
    """A counter of the embedded default's limits, and of the limits when Redis is away."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.BigIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class IdempotencyClaim(models.Model):
    """A POST that named a key: who is working on it, and then what it was answered."""

    # Fields
    scope = models.CharField(max_length=64)  # whose key: an account's id, or for nobody a digest of what was sent
    key = models.CharField(max_length=255)
    path = models.TextField()
    body_hash = models.CharField(max_length=64)
    owner = models.UUIDField()
    locked_at = models.DateTimeField()
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_claim_once"),
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=200, status__lt=500) & ~Q(status__in=[409, 429]),
                name="idempotency_claim_keeps_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.path} {self.status or 'open'}"


class Heartbeat(models.Model):
    """When a background process was last at work: `/readyz` tells of one that has stopped."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class Upload(models.Model):
    """A file somebody sent in before saying what it belongs to; unused ones are purged."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=UploadPurpose.choices)
    file = models.FileField(max_length=200)
    content_type = models.CharField(max_length=50)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(purpose__in=UploadPurpose.values), name="upload_purpose_known"),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="upload_not_empty"),
        ]
        indexes: ClassVar = [
            models.Index(F("created_at"), condition=Q(used_at__isnull=True), name="upload_unused"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
