"""The second factor of staff: begun, confirmed, shown again, removed, and reset for who has lost it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from accounts.devices import Authenticator, RecoveryCodes
from accounts.enums import SecurityEventKind, SessionEnd
from accounts.errors import (
    EnrolmentNotBegun,
    ReauthenticationRequired,
    SecondFactorAbsent,
    SecondFactorPresent,
    SecondFactorRefused,
)
from accounts.events import SecondFactorAdded, SecondFactorRemoved
from accounts.models import Session, User
from accounts.selectors import (
    authenticator_find_begun,
    session_find_locked,
    session_list_of,
    user_get,
    user_get_locked,
)
from accounts.services.credentials import user_reauthenticate
from accounts.services.factors import factor_try, factors_forget
from accounts.services.mail import owner_tell
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all, session_replace, session_require_usable
from fixmate.core import audit, events
from fixmate.core.errors import DomainError, Forbidden

BEGUN_FOR = timedelta(minutes=30)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is given to an authenticator app; it can be read at this moment alone."""

    secret: str
    otpauth_uri: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The recovery codes, which can be read at this moment alone, and the session that goes on."""

    recovery_codes: list[str]
    session: Session


def _done(outcome: T | DomainError) -> T:
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


# Enrolment


def second_factor_begin(*, user_id: UUID, current_password: str) -> Enrolment:
    """Make a key for an authenticator app; what was begun before is void. Nothing is asked for before it is confirmed.

    Call it with no transaction open: hashing is slow.

    :raises ReauthenticationRequired: if the password is not right
    :raises Forbidden: if the account is not working staff
    :raises SecondFactorPresent: if there is one
    """
    checked = user_get(user_id)
    user_reauthenticate(checked, current_password=current_password, code=None)
    return _second_factor_begin(checked)


@transaction.atomic
def _second_factor_begin(checked: User) -> Enrolment:
    user = _staff_locked(checked.pk)
    if user.password != checked.password:  # replaced while we hashed
        raise ReauthenticationRequired
    if user.has_second_factor:
        raise SecondFactorPresent
    factors_forget(user)
    begun = Authenticator.objects.create(user=user, name="authenticator", confirmed=False)
    return Enrolment(secret=begun.secret, otpauth_uri=begun.config_url)


def _staff_locked(user_id: UUID) -> User:
    user = user_get_locked(user_id)
    if not user.is_staff:
        raise Forbidden("Only staff have a second factor.")
    return user


def second_factor_confirm(*, user_id: UUID, otp: str) -> list[str]:
    """Take what was begun as the second factor, by a code of it; return the recovery codes. The owner is told.

    Every session over the API ends. A wrong try counts although the call is refused.

    :raises SecondFactorPresent: if there is one
    :raises EnrolmentNotBegun: if nothing was begun, or too long ago
    :raises SecondFactorRefused: if the code is not right
    """
    return _done(_second_factor_confirm(user_id, otp))


def second_factor_confirm_in_session(*, user_id: UUID, session_id: UUID | None, otp: str) -> Enrolled:
    """Do what `second_factor_confirm` does, but let the session go on under another id and new tokens.

    :raises TokenInvalid: if the session has ended
    """
    return _done(_second_factor_confirm_in_session(user_id, session_id, otp))


@transaction.atomic
def _second_factor_confirm_in_session(user_id: UUID, session_id: UUID | None, otp: str) -> Enrolled | DomainError:
    user_get_locked(user_id)
    before = session_require_usable(session_find_locked(session_id) if session_id else None)
    codes = _second_factor_confirm(user_id, otp)
    if isinstance(codes, DomainError):
        return codes
    return Enrolled(codes, session_replace(before, user_get_locked(user_id)))


@transaction.atomic
def _second_factor_confirm(user_id: UUID, otp: str) -> list[str] | DomainError:
    """Take it, or return the refusal, so that the try is committed."""
    user = _staff_locked(user_id)
    if user.has_second_factor:
        return SecondFactorPresent()
    begun = authenticator_find_begun(user, within=BEGUN_FOR)
    if begun is None:
        return EnrolmentNotBegun()
    if not begun.verify_token(otp):
        security_event_add(SecurityEventKind.FACTOR_REFUSED, user=user)
        return SecondFactorRefused()
    return _second_factor_take(user, begun)


def _second_factor_take(user: User, begun: Authenticator) -> list[str]:
    begun.confirmed = True
    begun.save(update_fields=["confirmed"])
    user.authenticator = begun
    user.save(update_fields=["authenticator"])
    session_end_all(user=user, reason=SessionEnd.FACTOR)
    security_event_add(SecurityEventKind.FACTOR_ADDED, user=user)
    events.publish(SecondFactorAdded(user_id=user.pk))
    codes: list[str] = RecoveryCodes.objects.create(user=user, name="recovery codes").draw()
    return codes


# Showing it again


def session_step_up(*, user_id: UUID, session_id: UUID | None, otp: str) -> Session:
    """Go on with the session as one whose second factor was shown just now, under another id and new tokens.

    A token somebody got hold of before does not gain by it. A wrong try counts although the call is refused.

    :raises TokenInvalid: if the session has ended
    :raises SecondFactorAbsent: if there is no second factor
    :raises SecondFactorRefused: if the code is not right
    """
    return _done(_session_step_up(user_id, session_id, otp))


@transaction.atomic
def _session_step_up(user_id: UUID, session_id: UUID | None, otp: str) -> Session | DomainError:
    user = _staff_locked(user_id)
    before = session_require_usable(session_find_locked(session_id) if session_id else None)
    refusal = _refusal(user, otp)
    if refusal:
        return refusal
    return session_replace(before, user)


def second_factor_show(*, user_id: UUID, otp: str) -> None:
    """Make sure that who is in the console has the second factor at hand. A wrong try counts.

    :raises SecondFactorAbsent: if there is no second factor
    :raises SecondFactorRefused: if the code is not right
    """
    _done(_second_factor_show(user_id, otp))


@transaction.atomic
def _second_factor_show(user_id: UUID, otp: str) -> DomainError | None:
    return _refusal(_staff_locked(user_id), otp)


def _refusal(user: User, otp: str) -> DomainError | None:
    if not user.has_second_factor:
        return SecondFactorAbsent()
    if not factor_try(user, otp):
        return SecondFactorRefused()
    security_event_add(SecurityEventKind.FACTOR_SHOWN, user=user)
    return None


# Its end


def second_factor_remove(*, user_id: UUID, otp: str, session_id: UUID | None = None) -> None:
    """Do without the second factor from now on, by a last code of it. The owner is told.

    The session it was asked from goes on as one that has shown none, the others end. A wrong try counts.

    :raises SecondFactorAbsent: if there is no second factor
    :raises SecondFactorRefused: if the code is not right
    """
    _done(_second_factor_remove(user_id, otp, session_id))


@transaction.atomic
def _second_factor_remove(user_id: UUID, otp: str, session_id: UUID | None) -> DomainError | None:
    user = _staff_locked(user_id)
    refusal = _refusal(user, otp)
    if refusal:
        return refusal
    _second_factor_drop(user, kept_session_id=session_id)
    security_event_add(SecurityEventKind.FACTOR_REMOVED, user=user)
    return None


@transaction.atomic
def second_factor_reset(*, user_id: UUID, reason: str) -> User:
    """Take the second factor away from who has lost it: everything of his ends, and he adds another one. Audited.

    Nobody resets over the console or the API: whoever may is whoever runs commands.

    :raises SecondFactorAbsent: if there is none
    :raises Invalid: if the reason is blank
    """
    user = user_get_locked(user_id)
    if not user.has_second_factor:
        raise SecondFactorAbsent
    _second_factor_drop(user)
    security_event_add(SecurityEventKind.FACTOR_RESET, user=user)
    audit.record(actor=None, action="accounts.staff.second_factor_reset", target=user, reason=reason)
    return user


def _second_factor_drop(user: User, *, kept_session_id: UUID | None = None) -> None:
    user.authenticator = None
    user.save(update_fields=["authenticator"])
    factors_forget(user)
    session_end_all(user=user, reason=SessionEnd.FACTOR, kept_session_id=kept_session_id)
    session_list_of(user).filter(ended_at__isnull=True).update(second_factor_at=None)
    events.publish(SecondFactorRemoved(user_id=user.pk))


# Telling the owner. Call these with no transaction open.


def second_factor_added_tell(*, user_id: UUID, occasion: int) -> None:
    owner_tell(user_get(user_id), template="second_factor_added", occasion=occasion)


def second_factor_removed_tell(*, user_id: UUID, occasion: int) -> None:
    owner_tell(user_get(user_id), template="second_factor_removed", occasion=occasion)
