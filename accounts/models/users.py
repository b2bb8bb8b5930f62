from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password, verify_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Case, Q, When
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.devices import Authenticator
from accounts.enums import DISPATCH_JOB, Role, UserStatus
from accounts.hashers import work_evened
from accounts.passwords import hash_read, password_normalise
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import RETURN_VALUE, StateField, StateModel, state_constraint, transition

DELETED_NAME = ("Deleted", "user")

_IS_PENDING = Q(status=UserStatus.PENDING)
_IS_PROVEN = ~Q(status=UserStatus.PENDING)
PROVEN_FIRST = Case(When(_IS_PENDING, then=1), default=0)
_SUSPENDED_AS = [(status.value, status.label) for status in (UserStatus.ACTIVE, UserStatus.RESTRICTED)]


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
    suspended_as = models.CharField(
        max_length=20, choices=_SUSPENDED_AS, default="", db_default="", help_text="what a suspended account was before"
    )
    verified_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    avatar = models.FileField(max_length=200, default="", db_default="", blank=True)
    # The one that is asked for; a row of the user's that is not named here was begun and never confirmed.
    # No index: nobody looks an account up by it, and one device in a while is deleted.
    authenticator = models.ForeignKey(
        Authenticator, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("user_status_known", UserStatus),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=~Q(status=UserStatus.RESTRICTED) | ~Q(role=Role.ADMIN), name="user_restricted_is_no_staff"
            ),
            models.CheckConstraint(
                condition=Q(suspended_as="")
                | Q(status=UserStatus.SUSPENDED, suspended_as__in=[value for value, _ in _SUSPENDED_AS]),
                name="user_suspended_as_is_of_suspended",
            ),
            models.CheckConstraint(
                condition=Q(is_dispatcher=False) | Q(role=Role.ADMIN), name="user_dispatcher_is_staff"
            ),
            models.CheckConstraint(
                condition=Q(authenticator__isnull=True) | (Q(role=Role.ADMIN) & ~Q(status=UserStatus.DELETED)),
                name="user_second_factor_is_staff",
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
        indexes: ClassVar = [
            models.Index(fields=["role", "-created_at"], name="user_role_created"),
            models.Index(fields=["role", "status"], name="user_by_role_and_status"),
        ]

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
        return self.status in (UserStatus.PENDING, UserStatus.ACTIVE, UserStatus.RESTRICTED)

    @property
    def is_verified(self) -> bool:
        """Tell whether the account may go on with what it has; a restricted one may."""
        return self.status in (UserStatus.ACTIVE, UserStatus.RESTRICTED)

    @property
    def may_begin(self) -> bool:
        """Tell whether the account may begin something: order a job, or be offered one."""
        may_begin: bool = self.status == UserStatus.ACTIVE
        return may_begin

    @property
    def is_staff(self) -> bool:
        """Tell whether the console is open to this account."""
        return self.role == Role.ADMIN and self.is_verified

    @property
    def has_second_factor(self) -> bool:
        return self.authenticator_id is not None

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session of the console is bound to: the password, and the second factor there is."""
        bound = f"{self.password}:{self.authenticator_id or ''}"
        return salted_hmac("accounts.console_session", bound, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Staff see every page of the console; what they may change is each page's acts. Dispatching is a role more."""
        return self.is_staff and (perm != DISPATCH_JOB or self.is_dispatcher)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    # Password
    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else password_normalise(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether this is the password; a right one gets a hash of today, and each refusal costs the same work."""
        typed, stored = password_normalise(raw_password or ""), hash_read(self.password)
        is_right, must_update = verify_password(typed, stored)
        if not is_right:
            work_evened(typed, stored)
            return False
        return self._hash_renew(typed) if must_update else True

    def _hash_renew(self, typed: str) -> bool:
        """Put a new hash in the place of the one that was checked, and of no other; return whether the password stands.

        Somebody may have chosen another one meanwhile, or logged in and renewed it.
        """
        row = User.objects.filter(pk=self.pk)
        checked, self.password = self.password, make_password(typed)
        if row.filter(password=checked).update(password=self.password):
            return True
        self.password = row.values_list("password", flat=True).first() or ""
        return verify_password(typed, self.password)[0]

    # Transitions
    @transition(status, source=UserStatus.PENDING, target=UserStatus.ACTIVE)
    def verify(self, *, at: datetime) -> None:
        self.verified_at = at

    @transition(status, source=[UserStatus.ACTIVE, UserStatus.RESTRICTED], target=UserStatus.SUSPENDED)
    def suspend(self) -> None:
        """The audit entry holds who and why."""
        self.suspended_as = self.status

    @transition(status, source=UserStatus.ACTIVE, target=UserStatus.RESTRICTED)
    def restrict(self) -> None:
        """The audit entry holds who and why."""

    @transition(
        status,
        source=[UserStatus.SUSPENDED, UserStatus.RESTRICTED],
        target=RETURN_VALUE(UserStatus.ACTIVE, UserStatus.RESTRICTED),
    )
    def reinstate(self) -> UserStatus:
        """Take back what was done last: a restriction survives the suspension that came after it."""
        before, self.suspended_as = self.suspended_as, ""
        return UserStatus(before or UserStatus.ACTIVE)

    @transition(status, source=[UserStatus.ACTIVE, UserStatus.RESTRICTED], target=UserStatus.DELETED)
    def erase(self, *, at: datetime) -> None:
        """Leave the row as "deleted user": books, jobs and the audit trail refer to it."""
        self._anonymise(at)

    @transition(status, source=UserStatus.PENDING, target=UserStatus.DELETED)
    def lapse(self, *, at: datetime) -> None:
        """Nobody has proven the address in time. The row stays: security events refer to it, and never change."""
        self._anonymise(at)

    def _anonymise(self, at: datetime) -> None:
        self.deleted_at = at
        self.email = self.phone = self.phone_verified_at = self.last_login = None
        self.first_name, self.last_name = DELETED_NAME
        self.avatar = ""
        self.is_dispatcher = False
        self.authenticator = None
        self.set_unusable_password()
