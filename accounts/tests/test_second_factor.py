"""The second factor as the services keep it: what is good once, what is counted, and what a copy of the rows gives."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.devices import RECOVERY_CODES, Authenticator, RecoveryCodes
from accounts.enums import SessionEnd, UserStatus
from accounts.errors import (
    EnrolmentNotBegun,
    ReauthenticationRequired,
    SecondFactorAbsent,
    SecondFactorMissing,
    SecondFactorPresent,
    SecondFactorRefused,
    TokenInvalid,
)
from accounts.models import Session, User
from accounts.services import second_factor as module
from accounts.services import (
    second_factor_begin,
    second_factor_confirm,
    second_factor_confirm_in_session,
    second_factor_remove,
    second_factor_reset,
    second_factor_show,
    session_end,
    session_open,
    session_step_up,
    user_erase,
    user_suspend,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from accounts.tests.second_factors import begun, code_of, enrol, wrong_code
from fixmate.core.errors import Forbidden, Invalid
from fixmate.core.models import AuditEntry, OutboxMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steady")]


# Enrolment


def test_begin_gives_a_key_and_asks_for_nothing_yet(staff):
    given = second_factor_begin(user_id=staff.pk, current_password=PASSWORD)

    assert given.otpauth_uri.startswith("otpauth://totp/FixMate%3Asam%40example.com?secret=")
    assert given.secret in given.otpauth_uri
    assert len(given.secret) == 32
    assert session_open(email=staff.email, password=PASSWORD).second_factor_at is None


def test_begin_needs_the_password(staff):
    with pytest.raises(ReauthenticationRequired):
        second_factor_begin(user_id=staff.pk, current_password="wrong")

    assert Authenticator.objects.count() == 0
    assert kinds(staff) == ["REAUTH_REFUSED"]


def test_begin_is_refused_if_the_password_was_replaced_meanwhile(staff, monkeypatch):
    monkeypatch.setattr(
        module, "user_reauthenticate", lambda user, **_: User.objects.filter(pk=user.pk).update(password="another")
    )

    with pytest.raises(ReauthenticationRequired):
        second_factor_begin(user_id=staff.pk, current_password=PASSWORD)

    assert Authenticator.objects.count() == 0


@pytest.mark.parametrize("fields", [{}, {"technician": True}, {"admin": True, "status": UserStatus.SUSPENDED}])
def test_nobody_but_working_staff_begins(fields):
    user = UserFactory(password=PASSWORD, **fields)

    with pytest.raises(Forbidden):
        second_factor_begin(user_id=user.pk, current_password=PASSWORD)

    assert Authenticator.objects.count() == 0


def test_beginning_anew_voids_what_was_begun(staff):
    before = begun(staff)
    now = begun(staff)

    with pytest.raises(SecondFactorRefused):
        second_factor_confirm(user_id=staff.pk, otp=code_of(before))
    assert Authenticator.objects.get() == now


def test_confirm_takes_it_ends_every_session_and_tells_the_owner(staff, drain, mailoutbox):
    session_open(email=staff.email, password=PASSWORD)
    device = begun(staff)

    codes = second_factor_confirm(user_id=staff.pk, otp=code_of(device))

    assert len(set(codes)) == len(codes) == RECOVERY_CODES
    assert User.objects.get().authenticator == device
    assert Session.objects.get().end_reason == SessionEnd.FACTOR
    assert kinds(staff) == ["LOGIN", "FACTOR_ADDED"]
    drain()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([staff.email], "Your FixMate account has a second factor")
    ]


def test_confirm_in_a_session_goes_on_in_another_one(staff):
    before = session_open(email=staff.email, password=PASSWORD)
    device = begun(staff)

    enrolled = second_factor_confirm_in_session(user_id=staff.pk, session_id=before.pk, otp=code_of(device))

    assert enrolled.session.pk != before.pk
    assert enrolled.session.second_factor_at >= enrolled.session.created_at == before.created_at
    assert enrolled.session.authenticated_at == before.authenticated_at
    assert Session.objects.get(ended_at=None) == enrolled.session


@pytest.mark.parametrize("is_in_session", [True, False])
def test_a_wrong_code_confirms_nothing_and_is_counted(staff, is_in_session):
    session = session_open(email=staff.email, password=PASSWORD)
    device, more = begun(staff), {"session_id": session.pk} if is_in_session else {}
    confirm = second_factor_confirm_in_session if is_in_session else second_factor_confirm

    with pytest.raises(SecondFactorRefused):
        confirm(user_id=staff.pk, otp=wrong_code(device), **more)

    assert User.objects.get().authenticator is None
    assert Session.objects.get(ended_at=None) == session
    assert kinds(staff) == ["LOGIN", "FACTOR_REFUSED"]
    assert Authenticator.objects.get().throttling_failure_count == 1
    assert OutboxMessage.objects.count() == 0


def test_what_nobody_began_or_too_long_ago_cannot_be_confirmed(staff, steady):
    with pytest.raises(EnrolmentNotBegun):
        second_factor_confirm(user_id=staff.pk, otp="123456")
    device = begun(staff)
    steady.shift(module.BEGUN_FOR.total_seconds())

    with pytest.raises(EnrolmentNotBegun):
        second_factor_confirm(user_id=staff.pk, otp=code_of(device))


def test_there_is_one_second_factor(holder, device):
    with pytest.raises(SecondFactorPresent):
        second_factor_begin(user_id=holder.pk, current_password=PASSWORD)
    with pytest.raises(SecondFactorPresent):
        second_factor_confirm(user_id=holder.pk, otp=code_of(device))

    assert Authenticator.objects.get() == device


# Showing it again


def test_step_up_goes_on_under_another_id(holder, device):
    before = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))

    session = session_step_up(user_id=holder.pk, session_id=before.pk, otp=code_of(device, steps=1))

    assert session.pk != before.pk
    assert session.refresh_jti != before.refresh_jti
    assert session.second_factor_at >= before.second_factor_at
    assert (session.created_at, session.authenticated_at) == (before.created_at, before.authenticated_at)
    assert Session.objects.get(pk=before.pk).end_reason == SessionEnd.FACTOR
    assert kinds(holder)[-1] == "FACTOR_SHOWN"


def test_step_up_with_a_wrong_code_changes_nothing_but_the_count(holder, device):
    before = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))

    with pytest.raises(SecondFactorRefused):
        session_step_up(user_id=holder.pk, session_id=before.pk, otp=wrong_code(device))

    assert Session.objects.get(ended_at=None) == before
    assert kinds(holder)[-1] == "FACTOR_REFUSED"


def test_step_up_needs_a_session_that_stands(holder, device):
    before = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))
    session_end(session_id=before.pk)

    for session_id in (before.pk, None):
        with pytest.raises(TokenInvalid):
            session_step_up(user_id=holder.pk, session_id=session_id, otp=code_of(device, steps=1))

    second_factor_show(user_id=holder.pk, otp=code_of(device, steps=1))  # it was not used up


def test_who_has_none_cannot_show_or_remove_one(staff):
    session = session_open(email=staff.email, password=PASSWORD, otp="123456")

    for call in (
        lambda: session_step_up(user_id=staff.pk, session_id=session.pk, otp="123456"),
        lambda: second_factor_show(user_id=staff.pk, otp="123456"),
        lambda: second_factor_remove(user_id=staff.pk, otp="123456"),
        lambda: second_factor_reset(user_id=staff.pk, reason="Lost phone"),
    ):
        with pytest.raises(SecondFactorAbsent):
            call()

    assert session.second_factor_at is None
    assert AuditEntry.objects.count() == 0


# Its end


def test_remove_keeps_this_session_without_a_factor(holder, device, drain, mailoutbox):
    drain()
    other = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))
    kept = Session.objects.get(
        pk=session_step_up(user_id=holder.pk, session_id=other.pk, otp=code_of(device, steps=1)).pk
    )
    codes = RecoveryCodes.objects.get().draw()

    second_factor_remove(user_id=holder.pk, otp=codes[0], session_id=kept.pk)

    kept.refresh_from_db()
    assert (kept.ended_at, kept.second_factor_at) == (None, None)
    assert User.objects.get().authenticator is None
    assert (TOTPDevice.objects.count(), StaticToken.objects.count()) == (0, 0)
    assert kinds(holder)[-1] == "FACTOR_REMOVED"
    drain()
    assert mailoutbox[-1].subject == "Your FixMate account has no second factor"


def test_remove_with_a_wrong_code_removes_nothing(holder, device):
    with pytest.raises(SecondFactorRefused):
        second_factor_remove(user_id=holder.pk, otp=wrong_code(device))

    assert User.objects.get().authenticator == device


def test_reset_ends_everything_and_is_audited(holder, device):
    session_open(email=holder.email, password=PASSWORD, otp=code_of(device))

    second_factor_reset(user_id=holder.pk, reason="Lost phone, known by voice")

    entry = AuditEntry.objects.get()
    assert User.objects.get().authenticator is None
    assert Session.objects.filter(ended_at=None).count() == 0
    assert (entry.action, entry.reason) == ("accounts.staff.second_factor_reset", "Lost phone, known by voice")
    assert kinds(holder)[-1] == "FACTOR_RESET"
    assert session_open(email=holder.email, password=PASSWORD).second_factor_at is None


def test_reset_without_a_reason_resets_nothing(holder, device):
    with pytest.raises(Invalid):
        second_factor_reset(user_id=holder.pk, reason=" ")

    assert User.objects.get().authenticator == device


def test_suspended_staff_is_told_so_after_all_he_has_to_show(holder, device):
    user_suspend(user_id=holder.pk, actor=UserFactory(admin=True), reason="Abuse")

    with pytest.raises(SecondFactorMissing):
        session_open(email=holder.email, password=PASSWORD)
    with pytest.raises(Forbidden, match="suspended"):
        session_open(email=holder.email, password=PASSWORD, otp=code_of(device))
    with pytest.raises(Forbidden):
        second_factor_show(user_id=holder.pk, otp=code_of(device, steps=1))


def test_deletion_takes_the_devices_along(holder):
    user_erase(user_id=holder.pk)

    assert (TOTPDevice.objects.count(), StaticToken.objects.count()) == (0, 0)


# What the database holds


@pytest.mark.parametrize("fields", [{}, {"technician": True}])
def test_database_gives_a_second_factor_to_staff_alone(fields):
    user = UserFactory(**fields)
    device = Authenticator.objects.create(user=user, name="x")

    with pytest.raises(IntegrityError):
        User.objects.filter(pk=user.pk).update(authenticator=device)


def test_database_knows_no_factor_shown_before_the_session(holder, device):
    session = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))

    with pytest.raises(IntegrityError):
        Session.objects.update(second_factor_at=session.created_at - timedelta(seconds=1))


def test_console_sessions_are_bound_to_the_factor(staff):
    before = staff.get_session_auth_hash()
    enrol(staff)

    assert staff.get_session_auth_hash() != before
    assert timezone.now() - staff.authenticator.created_at < timedelta(minutes=1)
