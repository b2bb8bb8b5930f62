from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Case, Q, When
from django.utils import timezone

from accounts.enums import DISPATCH_JOB, CodePurpose, Role, SecurityEventKind, SessionEnd, UserStatus
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.triggers import append_only

DELETED_NAME = ("Deleted", "user")


_IS_PENDING = Q(status=UserStatus.PENDING)
_IS_PROVEN = ~Q(status=UserStatus.PENDING)
PROVEN_FIRST = Case(When(_IS_PENDING, then=1), default=0)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Return who has proven the address; without one, who has registered it."""
        found = self.filter(email=(username or "").strip().lower()).order_by(PROVEN_FIRST).first()
        if found is None:
            raise self.model.DoesNotExist
        return found


class User(StateModel, AbstractBaseUser):
    """An account with exactly one role."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Unique where they are proven: an unproven one is somebody's word, and refusing one that is taken would tell who
    # is a customer. The address an account is registered under is proven by leaving PENDING; any other one by its code.
    email = models.EmailField(null=True, db_index=True)
    phone = models.CharField(max_length=20, null=True, db_index=True)
    phone_verified_at = models.DateTimeField(null=True)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    role = models.CharField(max_length=20, choices=Role.choices)
    is_dispatcher = models.BooleanField(default=False, help_text="staff who may give jobs to technicians by hand")
    status = StateField(choices=UserStatus.choices, default=UserStatus.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    avatar = models.FileField(max_length=200, default="", db_default="", blank=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("user_status_known", UserStatus),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=Q(is_dispatcher=False) | Q(role=Role.ADMIN), name="user_dispatcher_is_staff"
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(phone__isnull=False) | Q(status=UserStatus.DELETED),
                name="user_has_an_address",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[UserStatus.PENDING, UserStatus.DELETED])
                | Q(email__isnull=False)
                | Q(phone_verified_at__isnull=False),
                name="user_has_a_proven_address",
            ),
            models.CheckConstraint(
                condition=Q(phone_verified_at__isnull=True) | Q(phone__isnull=False), name="user_proven_phone_is_known"
            ),
            models.UniqueConstraint(fields=["email"], condition=_IS_PROVEN, name="user_email_proven_once"),
            models.UniqueConstraint(fields=["email"], condition=_IS_PENDING, name="user_email_pending_once"),
            models.UniqueConstraint(
                fields=["phone"], condition=Q(phone_verified_at__isnull=False), name="user_phone_proven_once"
            ),
            models.UniqueConstraint(
                fields=["phone"], condition=_IS_PENDING & Q(email__isnull=True), name="user_phone_pending_once"
            ),
            models.CheckConstraint(
                condition=Q(status=UserStatus.DELETED) ^ Q(deleted_at__isnull=True), name="user_deleted_has_time"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "-created_at"], name="user_role_created")]

    def __str__(self) -> str:
        return self.email or self.phone or f"deleted {self.pk}"

    # Facts
    @property
    def address(self) -> str:
        """Return where its owner is told things: by mail, by SMS without one; "" once it is deleted."""
        return self.email or self.phone or ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.status in (UserStatus.PENDING, UserStatus.ACTIVE)

    @property
    def is_verified(self) -> bool:
        is_verified: bool = self.status == UserStatus.ACTIVE
        return is_verified

    @property
    def is_staff(self) -> bool:
        """Tell whether the console is open to this account."""
        return self.role == Role.ADMIN and self.is_verified

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Staff see every page of the console; what they may change is each page's acts. Dispatching is a role more."""
        return self.is_staff and (perm != DISPATCH_JOB or self.is_dispatcher)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    # Transitions
    @transition(status, source=UserStatus.PENDING, target=UserStatus.ACTIVE)
    def verify(self, *, at: datetime) -> None:
        self.verified_at = at

    @transition(status, source=UserStatus.ACTIVE, target=UserStatus.SUSPENDED)
    def suspend(self) -> None:
        """The audit entry holds who and why."""

    @transition(status, source=UserStatus.SUSPENDED, target=UserStatus.ACTIVE)
    def reinstate(self) -> None:
        """The audit entry holds who and why."""

    @transition(status, source=UserStatus.ACTIVE, target=UserStatus.DELETED)
    def erase(self, *, at: datetime) -> None:
        """Leave the row as "deleted user": books, jobs and the audit trail refer to it."""
        self.deleted_at = at
        self.email = self.phone = self.phone_verified_at = self.last_login = None
        self.first_name, self.last_name = DELETED_NAME
        self.avatar = ""
        self.is_dispatcher = False
        self.set_unusable_password()


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
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=SessionEnd.choices, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refresh_jti"], name="session_refresh_jti_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | Q(ended_at__isnull=False, end_reason__in=SessionEnd.values),
                name="session_end_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user"], condition=Q(ended_at__isnull=True), name="session_open_of_user")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d}"


class CodeChallenge(models.Model):
    """A code somebody was sent. The code itself is never stored, only its keyed hash."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=CodePurpose.choices)
    address = models.CharField(
        max_length=254, default="", db_default="", help_text="where the code goes; emptied with the account"
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
                fields=["user", "purpose"], condition=Q(closed_at__isnull=True), name="code_one_open_per_purpose"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "created_at"], name="code_of_user"),
            models.Index(fields=["address", "created_at"], name="code_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


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
