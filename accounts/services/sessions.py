"""Sessions: one login on one device, a family of refresh tokens of which only the newest is good."""

from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.addresses import Address, address_of
from accounts.enums import CodePurpose, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountSuspended, InvalidCredentials, ReauthenticationRequired, TokenInvalid
from accounts.models import Session, User
from accounts.selectors import session_find_locked, user_find, user_find_locked, user_get_locked
from accounts.services import spent
from accounts.services.codes import code_try
from accounts.services.factors import factor_refusal
from accounts.services.security import security_event_add
from fixmate.core import clock, context
from fixmate.core.errors import DomainError, NotFound

# Login


def session_open(
    *, password: str, email: str | None = None, phone: str | None = None, otp: str | None = None
) -> Session:
    """Log in. An account that is unknown, has no password or another one: the same refusal after the same work.

    The password is checked before the transaction: hashing is slow, and on SQLite one writer waits for the other.

    :raises InvalidCredentials: if address and password do not belong together, or the second factor is wrong
    :raises SecondFactorMissing: if they do, and there is a second factor to give
    :raises AccountSuspended: if they do and the account is suspended
    """
    user = user_find(address_of(email=email, phone=phone))
    is_right = (user or User(password=make_password(None))).check_password(password)
    if user is None or not is_right:
        security_event_add(SecurityEventKind.LOGIN_REFUSED, user=user)
        raise InvalidCredentials
    return _opened(_session_open_checked(user, otp))


@transaction.atomic
def _session_open_checked(checked: User, otp: str | None) -> Session | DomainError:
    """Open a session, or return the refusal, so that its record is committed."""
    user = user_get_locked(checked.pk)
    if user.password != checked.password:  # replaced while we hashed
        return _refused(user, InvalidCredentials())
    return _session_open(user, otp)


def session_open_by_code(
    *, code: str, email: str | None = None, phone: str | None = None, otp: str | None = None
) -> Session:
    """Log in by the code that was sent to a proven address. A wrong try counts although the call is refused.

    :raises InvalidCredentials: if the code is wrong, used, too old or tried too often, or there is no such account
    :raises AccountSuspended: if it is right and the account was suspended meanwhile
    """
    address = address_of(email=email, phone=phone)
    if spent.is_spent(CodePurpose.LOGIN, address.value):
        raise InvalidCredentials
    return _opened(_session_open_by_code(address, code, otp))


@transaction.atomic
def _session_open_by_code(address: Address, code: str, otp: str | None) -> Session | DomainError:
    user = user_find_locked(address)
    if not code_try(user, CodePurpose.LOGIN, code, address) or user is None:
        return _refused(user, InvalidCredentials())
    return _session_open(user, otp)


def _session_open(user: User, otp: str | None = None, identity_id: UUID | None = None) -> Session | DomainError:
    """Open a session for who has shown who he is, in every way but the second factor. The caller holds his lock."""
    refusal = factor_refusal(user, otp)
    if refusal or not user.is_active:
        return _refused(user, refusal or AccountSuspended())
    security_event_add(SecurityEventKind.LOGIN, user=user)
    return session_add(user, identity_id)


def session_add(user: User, identity_id: UUID | None = None) -> Session:
    """Add a session of somebody who has shown all he has to show, the second factor too where there is one."""
    at, where = clock.now(), context.current()
    return Session.objects.create(
        user=user,
        created_at=at,
        refreshed_at=at,
        expires_at=_expiry(at, opened_at=at),
        authenticated_at=at,
        refresh_jti=uuid4(),
        user_agent=where.user_agent,
        ip_address=where.ip_address,
        second_factor_at=at if user.has_second_factor else None,
        identity_id=identity_id,
    )


def session_open_shown(user: User, *, identity_id: UUID | None) -> Session | DomainError:
    """Open a session for who has shown elsewhere who he is, or return the refusal, so that its record is committed.

    The caller holds the user's lock.
    """
    return _session_open(user, identity_id=identity_id)


def session_replace(session: Session, user: User) -> Session:
    """Go on under another id with a second factor shown now: what was known of the session is void.

    It is no login: the new one ends when the old one would have. The caller holds the locks of both.
    """
    _session_close(session, reason=SessionEnd.FACTOR, at=clock.now())
    renewed = session_add(user)
    renewed.created_at, renewed.authenticated_at = session.created_at, session.authenticated_at
    renewed.expires_at = _expiry(renewed.refreshed_at, opened_at=session.created_at)
    renewed.save(update_fields=["created_at", "authenticated_at", "expires_at"])
    return renewed


def _refused(user: User | None, refusal: DomainError) -> DomainError:
    security_event_add(SecurityEventKind.LOGIN_REFUSED, user=user)
    return refusal


def _opened(outcome: Session | DomainError) -> Session:
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


# Refresh


def session_refresh(*, session_id: UUID, refresh_jti: UUID) -> Session:
    """Go on with the session under a new refresh token; the old one is used up.

    A phone that lost the answer asks again: the token used last, from the same device within
    `REFRESH_REPLAY_WINDOW`, gets the same continuation. Any other token used before ends the whole session, and that is
    committed although the call is refused.

    :raises TokenInvalid: if the session has ended, its last day is over, or the token was used before
    :raises AccountSuspended: if the account is suspended
    """
    session = _session_refresh(session_id, refresh_jti)
    if session is None:
        raise TokenInvalid
    return session


@transaction.atomic
def _session_refresh(session_id: UUID, refresh_jti: UUID) -> Session | None:
    session = session_require_usable(session_find_locked(session_id))
    at = clock.now()
    if session.expires_at <= at:
        return None
    if refresh_jti == session.refresh_jti:
        return _session_rotate(session, at)
    if _is_replay(session, refresh_jti, at):
        return session
    _session_close(session, reason=SessionEnd.REUSE, at=at)
    security_event_add(SecurityEventKind.REFRESH_REUSED, user=session.user)
    return None


def session_require_usable(session: Session | None) -> Session:
    """Return the session if it is good. Suspension is told before the end it brought about: its owner learns why.

    :raises AccountSuspended: if its account is suspended
    :raises TokenInvalid: if there is none, it has ended, or its account is deleted
    """
    if session is not None and session.user.status == UserStatus.SUSPENDED:
        raise AccountSuspended
    if session is None or session.ended_at is not None or not session.user.is_active:
        raise TokenInvalid
    return session


def _session_rotate(session: Session, at: datetime) -> Session:
    where = context.current()
    session.previous_jti, session.refresh_jti = session.refresh_jti, uuid4()
    session.refreshed_at, session.expires_at = at, _expiry(at, opened_at=session.created_at)
    session.user_agent, session.ip_address = where.user_agent, where.ip_address
    session.save(
        update_fields=["previous_jti", "refresh_jti", "refreshed_at", "expires_at", "user_agent", "ip_address"]
    )
    return session


def _expiry(at: datetime, *, opened_at: datetime) -> datetime:
    """Return when a session ends that is refreshed now: however often it is, `SESSION_MAX_DAYS` are the end of it."""
    return min(at + settings.REFRESH_TOKEN_LIFETIME, opened_at + settings.SESSION_MAX)


def _is_replay(session: Session, refresh_jti: UUID, at: datetime) -> bool:
    return (
        refresh_jti == session.previous_jti
        and at - session.refreshed_at <= settings.REFRESH_REPLAY_WINDOW
        and context.current().user_agent == session.user_agent
    )


# What asks again who somebody is


def session_require_fresh(*, session_id: UUID | None) -> None:
    """Make sure that whoever holds the session has shown who he is within `REAUTHENTICATION_MINUTES`.

    :raises ReauthenticationRequired: if he has not
    """
    since = clock.now() - settings.REAUTHENTICATION_WINDOW
    fresh = Session.objects.filter(ended_at__isnull=True, authenticated_at__gt=since)
    if session_id is None or not fresh.filter(pk=session_id).exists():
        raise ReauthenticationRequired("Show again who you are first: POST /auth/reauthenticate.")


# End


@transaction.atomic
def session_end(*, session_id: UUID) -> None:
    """Log out: its refresh tokens and its access token are void. Ending it twice, or none at all, does nothing."""
    session = session_find_locked(session_id)
    if session is None or session.ended_at is not None:
        return
    _session_close(session, reason=SessionEnd.LOGOUT, at=clock.now())
    security_event_add(SecurityEventKind.LOGOUT, user=session.user)


@transaction.atomic
def session_revoke(*, user: User, session_id: UUID) -> None:
    """End one of one's own sessions from another. Ending it twice does nothing.

    :raises NotFound: if there is none, or it is another's
    """
    session = session_find_locked(session_id)
    if session is None or session.user_id != user.pk:
        raise NotFound
    if session.ended_at is None:
        _session_close(session, reason=SessionEnd.REVOKED, at=clock.now())
        security_event_add(SecurityEventKind.SESSION_REVOKED, user=user)


def session_end_all(*, user: User, reason: SessionEnd, kept_session_id: UUID | None = None) -> None:
    """End every session of the user but the one kept. The caller holds the user's lock, so none is being opened."""
    ended = Session.objects.filter(user=user, ended_at__isnull=True)
    if kept_session_id:
        ended = ended.exclude(pk=kept_session_id)
    ended.update(ended_at=clock.now(), end_reason=reason)


def _session_close(session: Session, *, reason: SessionEnd, at: datetime) -> None:
    session.ended_at, session.end_reason = at, reason
    session.save(update_fields=["ended_at", "end_reason"])
