from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from technicians.enums import DocumentKind, DocumentStatus
from technicians.models.technicians import Technician


class Document(StateModel):
    """A file a technician uploads; private."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    status = StateField(choices=DocumentStatus.choices, default=DocumentStatus.PENDING)
    file = models.FileField(max_length=200)
    content_type = models.CharField(max_length=50)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    expires_on = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    review_reason = models.CharField(max_length=1000, default="")
    reminded_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("document_status_known", DocumentStatus),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
            models.CheckConstraint(
                condition=~Q(status__in=[DocumentStatus.APPROVED, DocumentStatus.REJECTED])
                | Q(reviewed_at__isnull=False),
                name="document_reviewed_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_on"], condition=Q(status=DocumentStatus.APPROVED), name="document_expiry_due"
            ),
            models.Index(fields=["status", "-created_at"], name="document_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    # Transitions
    @transition(status, source=DocumentStatus.PENDING, target=DocumentStatus.APPROVED)
    def approve(self, *, reviewer: models.Model, reason: str, at: datetime) -> None:
        self._review(reviewer, reason, at)

    @transition(status, source=DocumentStatus.PENDING, target=DocumentStatus.REJECTED)
    def reject(self, *, reviewer: models.Model, reason: str, at: datetime) -> None:
        self._review(reviewer, reason, at)

    @transition(status, source=DocumentStatus.APPROVED, target=DocumentStatus.EXPIRED)
    def expire(self) -> None:
        """The day has come; the sweep calls this."""

    def _review(self, reviewer: models.Model, reason: str, at: datetime) -> None:
        self.reviewed_by = reviewer  # type: ignore[assignment]
        self.review_reason = reason
        self.reviewed_at = at
