"""Accounts that are there: their profile, staff accounts, suspension."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.addresses import email_normalise
from accounts.enums import Role, SessionEnd, UserStatus
from accounts.errors import AccountRestricted, AccountSuspended, AccountTaken, StaffNotRestricted
from accounts.events import UserReinstated, UserRestricted, UserSuspended
from accounts.models import User
from accounts.selectors import user_get_kept_locked, user_get_locked
from accounts.services.credentials import password_hash
from accounts.services.registration import user_add
from accounts.services.sessions import session_end_all
from fixmate.core import audit, clock, events
from fixmate.core.errors import Conflict, Forbidden

# Profile


@transaction.atomic
def user_profile_update(*, user_id: UUID, **changes: Any) -> User:
    """Change what is given of first_name and last_name. Addresses are proven first: see `address_change`."""
    user = user_get_kept_locked(user_id)
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    return user


def user_hold_working(user: User) -> None:
    """Lock the account for beginning something that must not meet its suspension or deletion halfway.

    :raises AccountRestricted: if it may begin nothing new
    :raises AccountSuspended: if it does not work any more
    """
    user_check_may_begin(user_get_locked(user.pk))


def user_check_may_begin(user: User) -> None:
    """:raises AccountRestricted: if the account may only finish what it has
    :raises AccountSuspended: if it does not work at all
    """
    if user.status == UserStatus.RESTRICTED:
        raise AccountRestricted
    if not user.may_begin:
        raise AccountSuspended


# Staff


def staff_create(*, email: str, password: str, first_name: str, last_name: str) -> User:
    """Make a working staff account. Audited.

    :raises AccountTaken: if the address has an account, whatever its role
    :raises Invalid: if the password is refused
    """
    user = User(email=email_normalise(email), role=Role.ADMIN, first_name=first_name, last_name=last_name)
    user.password = password_hash(password, user)
    return _staff_add(user)


@transaction.atomic
def _staff_add(user: User) -> User:
    user.verify(at=clock.now())
    if user_add(user) is not None:
        raise AccountTaken
    after = {"email": user.email, "role": user.role}
    audit.record(actor=None, action="accounts.staff.create", target=user, reason="Staff account created", after=after)
    return user


@transaction.atomic
def staff_appoint_dispatcher(*, user_id: UUID) -> User:
    """Let a staff account give jobs to technicians by hand. Idempotent; audited.

    Nobody appoints over the console or the API: whoever may is whoever runs commands.

    :raises Forbidden: if the account is not staff
    """
    user = user_get_locked(user_id)
    if user.role != Role.ADMIN:
        raise Forbidden("Only staff can be dispatchers.")
    if not user.is_dispatcher:
        _dispatcher_set(user, actor=None, reason="Dispatcher role given", value=True)
    return user


@transaction.atomic
def staff_dismiss_dispatcher(*, user_id: UUID, actor: User, reason: str) -> User:
    """Take the dispatcher role away. Audited.

    :raises Conflict: if the account has not got it
    :raises Invalid: if the reason is blank
    """
    user = user_get_locked(user_id)
    if not user.is_dispatcher:
        raise Conflict("This account is not a dispatcher's.")
    _dispatcher_set(user, actor=actor, reason=reason, value=False)
    return user


def _dispatcher_set(user: User, *, actor: User | None, reason: str, value: bool) -> None:
    before = user.is_dispatcher
    user.is_dispatcher = value
    user.save(update_fields=["is_dispatcher"])
    audit.record(
        actor=actor,
        action="accounts.staff.dispatcher",
        target=user,
        reason=reason,
        before={"is_dispatcher": before},
        after={"is_dispatcher": value},
    )


@transaction.atomic
def user_suspend(*, user_id: UUID, actor: User, reason: str) -> User:
    """Shut an account out: its sessions end at once, and it may not log in. Audited.

    :raises Forbidden: if it is one's own
    :raises IllegalTransition: if it is neither active nor restricted
    :raises Invalid: if the reason is blank
    """
    if user_id == actor.pk:
        raise Forbidden("You may not suspend yourself.")
    user = user_get_locked(user_id)
    before = user.status
    user.suspend()
    user.save(update_fields=["status", "suspended_as"])
    session_end_all(user=user, reason=SessionEnd.SUSPENDED)
    events.publish(UserSuspended(user_id=user.pk, reason=reason))
    _record(user, actor=actor, action="accounts.user.suspend", reason=reason, before=before)
    return user


@transaction.atomic
def user_restrict(*, user_id: UUID, actor: User, reason: str) -> User:
    """Let an account finish what it has, and order nothing, or be offered nothing, more. Audited.

    Its sessions go on. A technician goes offline, and an offer he has not answered is taken back.

    :raises StaffNotRestricted: if it is staff's
    :raises IllegalTransition: if it is not active
    :raises Invalid: if the reason is blank
    """
    user = user_get_locked(user_id)
    if user.role == Role.ADMIN:
        raise StaffNotRestricted
    before = user.status
    user.restrict()
    user.save(update_fields=["status"])
    events.publish(UserRestricted(user_id=user.pk, reason=reason))
    _record(user, actor=actor, action="accounts.user.restrict", reason=reason, before=before)
    return user


@transaction.atomic
def user_reinstate(*, user_id: UUID, actor: User, reason: str) -> User:
    """Lift a suspension, or else a restriction; who was suspended logs in anew. Audited.

    Who was restricted before he was suspended is so again.

    :raises IllegalTransition: if it is neither suspended nor restricted
    :raises Invalid: if the reason is blank
    """
    user = user_get_locked(user_id)
    before = user.status
    user.reinstate()
    user.save(update_fields=["status", "suspended_as"])
    events.publish(UserReinstated(user_id=user.pk, is_restricted=user.status == UserStatus.RESTRICTED))
    _record(user, actor=actor, action="accounts.user.reinstate", reason=reason, before=before)
    return user


def _record(user: User, *, actor: User, action: str, reason: str, before: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=user,
        reason=reason,
        before={"status": before},
        after={"status": user.status},
    )
