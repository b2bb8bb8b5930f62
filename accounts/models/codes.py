from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.enums import CodePurpose, Role
from accounts.models.users import User
from fixmate.core.ids import uuid7


class RegistrationEntry(models.Model):
    """What somebody typed who registered an address that nobody has proven yet; gone once somebody has.

    Whoever registers over it adds one more. The code says which of them its owner meant.
    """

    # Fields
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    password = models.CharField(max_length=128)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    phone = models.CharField(max_length=20, null=True)
    role = models.CharField(max_length=20, choices=Role.choices)
    asked_from = models.CharField(max_length=64, default="", db_default="", help_text="the client's network")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role__in=[Role.CUSTOMER, Role.TECHNICIAN]), name="registration_entry_role_open"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} for {self.user_id}"


class CodeChallenge(models.Model):
    """A code somebody was sent. The code itself is never stored, only its keyed hash."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=CodePurpose.choices)
    address = models.CharField(
        max_length=254, default="", db_default="", help_text="where the code goes; emptied with the account"
    )
    asked_from = models.CharField(
        max_length=64, default="", db_default="", help_text="the client's network; emptied with the account"
    )
    registration = models.ForeignKey(
        RegistrationEntry, on_delete=models.SET_NULL, null=True, related_name="+", help_text="the newest of its time"
    )
    code_hash = models.CharField(max_length=64, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(purpose__in=CodePurpose.values), name="code_purpose_known"),
            models.UniqueConstraint(
                fields=["user", "purpose", "asked_from"],
                condition=Q(closed_at__isnull=True),
                name="code_one_open_per_client",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "created_at"], name="code_of_user"),
            models.Index(fields=["address", "created_at"], name="code_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


class AddressNotice(models.Model):
    """An address that is to hear that it is not the account's any more: no other row has it."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    address = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"for {self.user_id}"
