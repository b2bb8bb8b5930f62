"""Accounts: registered, verified, suspended."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.addresses import email_normalise, phone_normalise
from accounts.enums import Role, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountTaken, CodeInvalid
from accounts.events import RegistrationRepeated, UserRegistered, UserReinstated, UserSuspended
from accounts.hooks import make_profile
from accounts.models import User
from accounts.selectors import user_find_by_email_locked, user_get, user_get_locked
from accounts.services.codes import code_issue, code_try
from accounts.services.mail import mail_send
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all
from fixmate.core import audit, clock, events
from fixmate.core.errors import Conflict, Forbidden, Invalid

SELF_REGISTERED = (Role.CUSTOMER, Role.TECHNICIAN)
_REPLACED = ["password", "first_name", "last_name", "phone", "role"]


@dataclass(frozen=True, slots=True)
class Registration:
    """What may be told to whoever registers: the same for an address that is free and one that is taken."""

    email: str
    phone: str | None
    status: UserStatus = UserStatus.PENDING


# Registration


def user_register(
    *, email: str, phone: str | None, password: str, role: Role, first_name: str, last_name: str
) -> Registration:
    """Register an account and have its code sent. Whether the address is taken shows nowhere.

    Over an account that nobody verified, everything is replaced and its sessions end: whoever registered first has
    proven nothing. The owner of a working account is told by mail. The phone number is a contact datum nobody has
    proven, so two accounts may name the same one. Safe to call at once from many sides: one account comes of it.

    :raises Invalid: if the role is not open to registration, or the phone number or the password is refused
    """
    if role not in SELF_REGISTERED:
        raise Invalid(role=["Register as CUSTOMER or TECHNICIAN."])
    entry = User(
        email=email_normalise(email),
        phone=phone_normalise(phone) if phone else None,
        role=role,
        first_name=first_name,
        last_name=last_name,
    )
    _password_set(entry, password)
    _registration_keep(entry)
    return Registration(email=str(entry.email), phone=entry.phone)


def _password_set(user: User, password: str) -> None:
    """Hash the password before any transaction, and before anybody has looked whether the address is free."""
    try:
        validate_password(password, user)
    except ValidationError as exc:
        raise Invalid(password=list(exc.messages)) from exc
    user.password = make_password(password)


@transaction.atomic
def _registration_keep(entry: User) -> None:
    held = user_find_by_email_locked(str(entry.email)) or _user_add(entry)
    if held is None:
        make_profile(entry)
        code_issue(entry)
        events.publish(UserRegistered(user_id=entry.pk))
    elif held.status == UserStatus.PENDING:
        _registration_replace(held, entry)
    else:
        events.publish(RegistrationRepeated(user_id=held.pk))
    security_event_add(SecurityEventKind.REGISTERED, user=held or entry)


def _user_add(user: User) -> User | None:
    """Insert the account; return who holds its address, locked, if somebody took it since we looked."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        held = user_find_by_email_locked(str(user.email))
        if held is None:
            raise
        return held
    return None


def _registration_replace(held: User, entry: User) -> None:
    has_new_role = held.role != entry.role
    for name in _REPLACED:
        setattr(held, name, getattr(entry, name))
    held.save(update_fields=_REPLACED)
    if has_new_role:
        make_profile(held)
    session_end_all(user=held, reason=SessionEnd.PASSWORD)
    code_issue(held)


def registration_repeated_tell(*, user_id: UUID) -> None:
    """Tell the owner that somebody registered his address. Call it with no transaction open."""
    user = user_get(user_id)
    if user.email:
        mail_send(user, subject="You already have a FixMate account", template="already_registered")


# Verification


def user_verify(*, email: str, code: str) -> User:
    """Prove the address and open the account. A wrong try counts although the call is refused.

    :raises CodeInvalid: if the code is wrong, used, too old or tried too often, or there is nothing to verify
    """
    user = _user_verify(email, code)
    if user is None:
        raise CodeInvalid
    return user


@transaction.atomic
def _user_verify(email: str, code: str) -> User | None:
    user = user_find_by_email_locked(email)
    if user is None or not code_try(user, code):
        security_event_add(SecurityEventKind.CODE_REFUSED, user=user)
        return None
    user.verify(at=clock.now())
    user.save(update_fields=["status", "verified_at"])
    security_event_add(SecurityEventKind.CODE_ACCEPTED, user=user)
    return user


# Profile


@transaction.atomic
def user_profile_update(*, user_id: UUID, **changes: Any) -> User:
    """Change what is given of first_name, last_name and phone (None removes it).

    :raises Invalid: if nobody can have this phone number
    """
    user = user_get_locked(user_id)
    if changes.get("phone"):
        changes["phone"] = phone_normalise(changes["phone"])
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    return user


# Staff


def staff_create(*, email: str, password: str, first_name: str, last_name: str) -> User:
    """Make a working staff account. Audited.

    :raises AccountTaken: if the address has an account, whatever its role
    :raises Invalid: if the password is refused
    """
    user = User(email=email_normalise(email), role=Role.ADMIN, first_name=first_name, last_name=last_name)
    _password_set(user, password)
    return _staff_add(user)


@transaction.atomic
def _staff_add(user: User) -> User:
    user.verify(at=clock.now())
    if _user_add(user) is not None:
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
    :raises IllegalTransition: if it is not active
    :raises Invalid: if the reason is blank
    """
    if user_id == actor.pk:
        raise Forbidden("You may not suspend yourself.")
    user = user_get_locked(user_id)
    before = user.status
    user.suspend()
    user.save(update_fields=["status"])
    session_end_all(user=user, reason=SessionEnd.SUSPENDED)
    events.publish(UserSuspended(user_id=user.pk))
    _record(user, actor=actor, action="accounts.user.suspend", reason=reason, before=before)
    return user


@transaction.atomic
def user_reinstate(*, user_id: UUID, actor: User, reason: str) -> User:
    """Let a suspended account in again; it logs in anew. Audited.

    :raises IllegalTransition: if it is not suspended
    :raises Invalid: if the reason is blank
    """
    user = user_get_locked(user_id)
    before = user.status
    user.reinstate()
    user.save(update_fields=["status"])
    events.publish(UserReinstated(user_id=user.pk))
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
