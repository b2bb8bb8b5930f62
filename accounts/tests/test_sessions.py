from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from accounts.api.tokens import pair_of
from accounts.enums import SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountSuspended, InvalidCredentials, TokenInvalid
from accounts.models import Session, User
from accounts.services import session_end, session_open, session_refresh, session_require_usable, sessions, user_suspend
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from fixmate.core import clock
from fixmate.core.context import Context, entered
from fixmate.core.ids import uuid7

pytestmark = pytest.mark.django_db
PHONE = Context(user_agent="FixMate/1.0 (phone)", ip_address="198.51.100.7", request_id="r-1")
OTHER = Context(user_agent="curl/8")


@pytest.fixture
def session(user):
    with entered(PHONE):
        return session_open(email=user.email, password=PASSWORD)


def refresh(session: Session, jti=None, context: Context = PHONE) -> Session:
    with entered(context):
        return session_refresh(session_id=session.pk, refresh_jti=jti or session.refresh_jti)


# Login


def test_session_open_remembers_where_from(user, noon):
    with entered(PHONE):
        opened = session_open(email=" Ada@Example.com", password=PASSWORD)

    held = Session.objects.get()
    assert (held, held.user, held.ended_at) == (opened, user, None)
    assert (held.created_at, held.refreshed_at, held.expires_at) == (noon, noon, noon + timedelta(days=7))
    assert (held.user_agent, held.ip_address) == ("FixMate/1.0 (phone)", "198.51.100.7")
    assert kinds(user) == [SecurityEventKind.LOGIN]


def test_a_pending_account_may_log_in():
    UserFactory(email="ada@example.com", password=PASSWORD, status=UserStatus.PENDING)

    assert session_open(email="ada@example.com", password=PASSWORD).user.status == UserStatus.PENDING


@pytest.mark.parametrize(
    ("held", "typed"),
    [({}, "not the password"), ({"password": None}, PASSWORD), ({"email": "else@example.com"}, PASSWORD)],
    ids=["wrong", "unusable", "unknown"],
)
def test_session_open_refuses_alike(held, typed):
    UserFactory(**{"email": "ada@example.com", "password": PASSWORD, **held})

    with pytest.raises(InvalidCredentials) as refusal:
        session_open(email="ada@example.com", password=typed)

    assert (refusal.value.text, refusal.value.details) == (InvalidCredentials.message, {})
    assert Session.objects.count() == 0
    assert kinds() == [SecurityEventKind.LOGIN_REFUSED]


@pytest.mark.parametrize("held", [{}, {"password": None}, {"email": "else@example.com"}])
def test_session_open_hashes_once_whatever_it_finds(held, monkeypatch):
    UserFactory(**{"email": "ada@example.com", "password": PASSWORD, **held})
    hashed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: hashed.append(1) or encode(self, *args))

    with pytest.raises(InvalidCredentials):
        session_open(email="ada@example.com", password="not the password")

    assert len(hashed) == 1


def test_session_open_tells_the_owner_of_a_suspended_account():
    suspended = UserFactory(email="ada@example.com", password=PASSWORD, status=UserStatus.SUSPENDED)

    with pytest.raises(AccountSuspended):
        session_open(email="ada@example.com", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        session_open(email="ada@example.com", password="not the password")

    assert Session.objects.count() == 0
    assert kinds(suspended) == [SecurityEventKind.LOGIN_REFUSED] * 2


def test_session_open_refuses_a_password_that_was_replaced_meanwhile(user, monkeypatch):
    user.password = "the hash of another"
    monkeypatch.setattr(sessions, "user_get_locked", lambda _id: user)

    with pytest.raises(InvalidCredentials):
        session_open(email="ada@example.com", password=PASSWORD)

    assert Session.objects.count() == 0
    assert kinds(user) == [SecurityEventKind.LOGIN_REFUSED]


# Refresh


def test_session_refresh_rotates_and_slides(session, noon):
    rotated = refresh(session)

    held = Session.objects.get()
    assert (held.refresh_jti, held.previous_jti) == (rotated.refresh_jti, session.refresh_jti)
    assert held.refresh_jti != session.refresh_jti
    assert (held.refreshed_at, held.expires_at) == (noon, noon + timedelta(days=7))


def test_session_refresh_repeated_at_once_by_the_same_device_goes_on(session):
    first = refresh(session)

    again = refresh(session)

    assert (again.refresh_jti, again.refreshed_at) == (first.refresh_jti, first.refreshed_at)
    assert Session.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("context", "later"),
    [(OTHER, timedelta(seconds=1)), (PHONE, timedelta(seconds=11))],
    ids=["another device", "too late"],
)
def test_session_refresh_with_a_used_token_ends_the_family(session, user, context, later):
    newest = refresh(session)

    with clock.frozen(newest.refreshed_at + later), pytest.raises(TokenInvalid):
        refresh(session, context=context)

    assert Session.objects.get().end_reason == SessionEnd.REUSE
    assert kinds(user)[-1] == SecurityEventKind.REFRESH_REUSED
    with pytest.raises(TokenInvalid):
        refresh(session, jti=newest.refresh_jti)


def test_session_refresh_with_the_token_before_the_last_ends_the_family(session):
    refresh(refresh(session))

    with pytest.raises(TokenInvalid):
        refresh(session)

    assert Session.objects.get().end_reason == SessionEnd.REUSE


def test_session_refresh_refuses_a_session_that_ran_out(session):
    with clock.frozen(session.expires_at), pytest.raises(TokenInvalid):
        refresh(session)

    held = Session.objects.get()
    assert (held.refresh_jti, held.ended_at) == (session.refresh_jti, None)


def test_session_refresh_refuses_what_is_not_there():
    with pytest.raises(TokenInvalid):
        session_refresh(session_id=uuid7(), refresh_jti=uuid4())


def test_session_refresh_tells_a_suspended_owner(session, user):
    user_suspend(user_id=user.pk, actor=UserFactory(admin=True), reason="Abuse")

    with pytest.raises(AccountSuspended):
        refresh(session)

    assert Session.objects.get().refresh_jti == session.refresh_jti


def test_session_of_a_deleted_account_is_not_usable():
    with pytest.raises(TokenInvalid):
        session_require_usable(Session(user=User(status=UserStatus.DELETED)))


# End


def test_session_end_ends_once(session, user):
    session_end(session_id=session.pk)
    ended_at = Session.objects.get().ended_at

    session_end(session_id=session.pk)
    session_end(session_id=uuid7())

    held = Session.objects.get()
    assert (held.ended_at, held.end_reason) == (ended_at, SessionEnd.LOGOUT)
    assert kinds(user) == [SecurityEventKind.LOGIN, SecurityEventKind.LOGOUT]


# The last day of a session


def test_however_often_it_is_refreshed_a_session_ends(session, noon, settings):
    settings.SESSION_MAX = timedelta(days=9)
    Session.objects.update(created_at=noon - timedelta(days=5), expires_at=noon + timedelta(days=2))

    rotated = refresh(session)

    assert rotated.expires_at == noon + timedelta(days=4)
    with clock.frozen(rotated.expires_at), pytest.raises(TokenInvalid):
        refresh(rotated)


def test_no_token_outlives_its_session(user, noon, settings):
    settings.SESSION_MAX = timedelta(minutes=10)

    opened = session_open(email=user.email, password=PASSWORD)
    pair = pair_of(opened)

    assert opened.expires_at == noon + timedelta(minutes=10)
    assert pair.expires_in == 600
