"""Showing again who one is, and passwords: set, changed, forgotten and replaced."""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.addresses import Address, address_of, kind_of
from accounts.enums import CodePurpose, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import CodeInvalid, ReauthenticationRequired
from accounts.events import PasswordReplaced
from accounts.models import Session, SocialIdentity, User
from accounts.passwords import password_normalise
from accounts.selectors import challenge_find_to_try, user_find_locked, user_get, user_get_locked
from accounts.services import spent
from accounts.services.codes import code_issue, code_try, codes_void
from accounts.services.mail import owner_tell
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all
from fixmate.core import clock, events
from fixmate.core.errors import Invalid
from fixmate.core.networks import client_network


def password_check(password: str, user: User) -> None:
    """:raises Invalid: if it is refused"""
    try:
        validate_password(password_normalise(password), user)
    except ValidationError as exc:
        raise Invalid(password=list(exc.messages)) from exc


def password_hash(password: str, user: User) -> str:
    """Judge and hash a password: before any transaction, and before anybody has looked whether the address is free.

    :raises Invalid: if it is refused
    """
    password_check(password, user)
    return make_password(password_normalise(password))


def _new_password_hash(password: str, user: User) -> str:
    """:raises Invalid: under the name that a replacing password has"""
    try:
        return password_hash(password, user)
    except Invalid as exc:
        raise Invalid(new_password=exc.details["password"]) from exc


# Showing again who one is


def user_reauthenticate(user: User, *, current_password: str | None, code: str | None) -> None:
    """Make sure that who is logged in is its owner, by the password or by a LOGIN code, which is used up.

    Call it with no transaction open: hashing is slow, and a wrong try of a code is to be committed.

    :raises ReauthenticationRequired: if neither is right
    """
    if current_password is not None and user.check_password(current_password):
        return
    if code is not None and _own_code_is_right(user.pk, code):
        return
    security_event_add(SecurityEventKind.REAUTH_REFUSED, user=user)
    raise ReauthenticationRequired


@transaction.atomic
def _own_code_is_right(user_id: UUID, code: str) -> bool:
    user = user_get_locked(user_id)
    challenge = challenge_find_to_try(
        user_id=user_id, purpose=CodePurpose.LOGIN, asked_from=client_network(), at=clock.now()
    )
    if challenge is None:
        return False
    return code_try(user, CodePurpose.LOGIN, code, Address(kind_of(challenge.address), challenge.address))


def session_reauthenticate(
    *, user_id: UUID, session_id: UUID, current_password: str | None = None, code: str | None = None
) -> None:
    """Let the session do for `REAUTHENTICATION_MINUTES` what asks for it: see `session_require_fresh`.

    :raises ReauthenticationRequired: if neither the password nor a LOGIN code is right
    """
    user_reauthenticate(user_get(user_id), current_password=current_password, code=code)
    held = Session.objects.filter(pk=session_id, user_id=user_id, ended_at__isnull=True)
    held.update(authenticated_at=clock.now())


# Changing


def password_change(
    *,
    user_id: UUID,
    session_id: UUID | None,
    new_password: str,
    current_password: str | None = None,
    code: str | None = None,
) -> None:
    """Set another password; the session it was asked from goes on, the others end. The owner is told.

    A LOGIN code stands in for the password where there is none, so that a phone account can set its first one.

    :raises Invalid: if the new password is refused
    :raises ReauthenticationRequired: if the current password, or without one the code, is not right
    """
    checked = user_get(user_id)
    new_hash = _new_password_hash(new_password, checked)
    user_reauthenticate(
        checked, current_password=current_password, code=None if checked.has_usable_password() else code
    )
    _password_change(checked, new_hash, session_id)


@transaction.atomic
def _password_change(checked: User, new_hash: str, session_id: UUID | None) -> None:
    user = user_get_locked(checked.pk)
    if user.password != checked.password or not user.is_active:  # replaced, suspended or deleted while we hashed
        raise ReauthenticationRequired
    _password_replace(user, new_hash, kept_session_id=session_id)
    security_event_add(SecurityEventKind.PASSWORD_CHANGED, user=user)


def _password_replace(user: User, new_hash: str, *, kept_session_id: UUID | None = None) -> None:
    user.password = new_hash
    user.save(update_fields=["password"])
    session_end_all(user=user, reason=SessionEnd.PASSWORD, kept_session_id=kept_session_id)
    codes_void(user)
    # Whoever was in with a sign-in of his own is out; the owner's is added again when he uses it, and he is told.
    SocialIdentity.objects.filter(user=user).delete()
    events.publish(PasswordReplaced(user_id=user.pk))


def password_replaced_tell(*, user_id: UUID, occasion: int) -> None:
    """Tell the owner that the password is another one. Call it with no transaction open."""
    owner_tell(user_get(user_id), template="password_replaced", occasion=occasion)


# Forgotten


@transaction.atomic
def password_forgotten(*, email: str | None = None, phone: str | None = None) -> None:
    """Have a code for a new password sent, if the address has a working account. Says nothing either way.

    :raises Invalid: if nobody can have this address
    """
    address = address_of(email=email, phone=phone)
    user = user_find_locked(address)
    if user is not None and _may_reset(user):
        code_issue(user, CodePurpose.RESET, address)
    security_event_add(SecurityEventKind.CODE_REQUESTED, user=user)


def password_reset(*, code: str, new_password: str, email: str | None = None, phone: str | None = None) -> None:
    """Replace the password by the code; every session ends, and the owner is told.

    The new password is judged and hashed before anybody looks whether there is such an account.

    :raises Invalid: if the password is refused
    :raises CodeInvalid: if the code is wrong, used, too old or tried too often, or the address has no account
    """
    address = address_of(email=email, phone=phone)
    new_hash = _new_password_hash(new_password, User(**{address.kind: address.value}))
    if spent.is_spent(CodePurpose.RESET, address.value) or not _password_reset(address, code, new_hash):
        raise CodeInvalid


@transaction.atomic
def _password_reset(address: Address, code: str, new_hash: str) -> bool:
    """Replace the password, or return False, so that the try is committed."""
    user = user_find_locked(address)
    if not code_try(user, CodePurpose.RESET, code, address) or user is None or not _may_reset(user):
        security_event_add(SecurityEventKind.CODE_REFUSED, user=user)
        return False
    _password_replace(user, new_hash)
    security_event_add(SecurityEventKind.PASSWORD_RESET, user=user)
    return True


def _may_reset(user: User) -> bool:
    """Who has proven no address registers again instead."""
    return user.is_active and user.status != UserStatus.PENDING
