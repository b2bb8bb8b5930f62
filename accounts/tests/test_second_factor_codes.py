"""Codes of the second factor: which are good, how often, and what the rows tell of them."""

import pytest
from django.conf import settings as django_settings
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.devices import RECOVERY_CODES, Authenticator, RecoveryCodes
from accounts.errors import (
    InvalidCredentials,
    SecondFactorMissing,
    SecondFactorRefused,
)
from accounts.models import Session
from accounts.services import (
    second_factor_begin,
    second_factor_confirm,
    second_factor_show,
    session_open,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from accounts.tests.second_factors import STEP_S, code_of, enrol, wrong_code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steady")]


# Codes


def test_login_asks_for_it_and_notes_when_it_was_shown(holder, device):
    with pytest.raises(SecondFactorMissing):
        session_open(email=holder.email, password=PASSWORD)
    session = session_open(email=holder.email, password=PASSWORD, otp=code_of(device))

    assert session.second_factor_at == session.created_at
    assert kinds(holder)[1:] == ["LOGIN_REFUSED", "LOGIN"]


def test_a_wrong_code_is_refused_like_a_wrong_password(holder, device):
    for password, otp in ((PASSWORD, wrong_code(device)), ("wrong", code_of(device)), ("wrong", None)):
        with pytest.raises(InvalidCredentials):
            session_open(email=holder.email, password=password, otp=otp)

    assert Session.objects.filter(ended_at=None).count() == 0
    assert kinds(holder)[1:] == ["FACTOR_REFUSED", *["LOGIN_REFUSED"] * 3]


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, False), (0, True), (1, True), (2, False)])
def test_one_step_is_tolerated_and_none_before_the_last(holder, device, steps, is_good):
    """Enrolment used the code of the step before: that one, and all before, are used up."""
    try:
        second_factor_show(user_id=holder.pk, otp=code_of(device, steps=steps))
        was_good = True
    except SecondFactorRefused:
        was_good = False

    assert was_good is is_good


def test_tolerance_does_not_creep(holder, device, steady):
    second_factor_show(user_id=holder.pk, otp=code_of(device, steps=1))
    steady.shift(STEP_S)

    with pytest.raises(SecondFactorRefused):
        second_factor_show(user_id=holder.pk, otp=code_of(device, steps=2))


def test_a_code_is_good_once(holder, device):
    code = code_of(device)
    second_factor_show(user_id=holder.pk, otp=code)

    with pytest.raises(SecondFactorRefused):
        second_factor_show(user_id=holder.pk, otp=code)


def test_after_wrong_codes_a_pause_doubles_and_stops_doubling(holder, device, steady):
    for pause_s in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512):
        with pytest.raises(SecondFactorRefused):
            second_factor_show(user_id=holder.pk, otp=wrong_code(device))
        steady.shift(pause_s - 0.5)
        with pytest.raises(SecondFactorRefused):
            second_factor_show(user_id=holder.pk, otp=code_of(device))
        steady.shift(0.5)

    second_factor_show(user_id=holder.pk, otp=code_of(device))


@pytest.mark.parametrize("write", [str, str.upper, lambda code: code.replace("-", "")])
def test_a_recovery_code_stands_in_once(staff, write):
    code = write(enrol(staff)[3])

    session = session_open(email=staff.email, password=PASSWORD, otp=code)
    with pytest.raises(InvalidCredentials):
        session_open(email=staff.email, password=PASSWORD, otp=code)

    assert session.second_factor_at is not None
    assert StaticToken.objects.count() == RECOVERY_CODES - 1
    assert kinds(staff)[1:] == ["RECOVERY_CODE_USED", "LOGIN", "FACTOR_REFUSED", "LOGIN_REFUSED"]


def test_another_ones_recovery_code_is_none(holder):
    other = UserFactory(admin=True, password=PASSWORD)

    with pytest.raises(SecondFactorRefused):
        second_factor_show(user_id=holder.pk, otp=enrol(other)[0])


def test_recovery_codes_are_drawn_anew_in_place_of_the_old(staff):
    codes = enrol(staff)

    RecoveryCodes.objects.get().draw()

    assert StaticToken.objects.count() == RECOVERY_CODES
    with pytest.raises(SecondFactorRefused):
        second_factor_show(user_id=staff.pk, otp=codes[0])


def test_rows_alone_give_neither_key_nor_codes(staff, settings):
    given = second_factor_begin(user_id=staff.pk, current_password=PASSWORD)
    device = Authenticator.objects.get()
    stored = TOTPDevice.objects.get()
    codes = second_factor_confirm(user_id=staff.pk, otp=code_of(device))

    held = set(StaticToken.objects.values_list("token", flat=True))
    assert held.isdisjoint({code.replace("-", "") for code in codes})
    assert given.secret not in str(stored.config_url)  # what django-otp itself would make of the row
    right = device.bin_key
    settings.SECRET_KEY = django_settings.SECRET_KEY[::-1]
    assert device.bin_key != right
