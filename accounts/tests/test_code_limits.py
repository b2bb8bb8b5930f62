"""How many codes there are within an hour, for whom, and how many guesses."""

from datetime import timedelta

import pytest

from accounts.enums import UserStatus
from accounts.errors import CodeInvalid, InvalidCredentials
from accounts.models import CodeChallenge
from accounts.services import (
    code_request,
    session_open_by_code,
    user_register,
    user_verify,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, BY_PHONE, PHONE, wrong
from fixmate.core import clock
from fixmate.core.context import Context, entered
from fixmate.core.errors import Invalid
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


# The hourly cap


def test_a_new_challenge_does_not_reset_the_hourly_cap(phone_user, texts, settings):
    settings.CODES_PER_HOUR = 3

    for _ in range(5):
        code_request(phone=PHONE)

    assert CodeChallenge.objects.count() == 3
    assert CodeChallenge.objects.filter(closed_at__isnull=True).count() == 1


def test_the_cap_is_of_the_address_whatever_account_asks(settings, texts):
    settings.CODES_PER_HOUR = 2
    for number in range(3):
        user_register(**BY_PHONE | {"first_name": f"Ada {number}"})
        texts()
    client = client_for(UserFactory(email="bob@example.com", password=PASSWORD))

    asked = client.post(f"{AUTH}/change-address", {"phone": PHONE, "current_password": PASSWORD})

    assert asked.status_code == 202
    assert len(texts()) == CodeChallenge.objects.count() == 2


def test_the_cap_is_of_the_account_whatever_the_address(settings):
    settings.CODES_PER_HOUR = 2
    user = UserFactory(password=PASSWORD)
    for digit in range(4):
        body = {"phone": f"+1202555014{digit}", "current_password": PASSWORD}
        client_for(user).post(f"{AUTH}/change-address", body)

    assert CodeChallenge.objects.filter(user=user).count() == 2


def test_the_cap_is_over_after_an_hour(phone_user, settings, noon):
    settings.CODES_PER_HOUR = 1
    code_request(phone=PHONE)
    code_request(phone=PHONE)
    CodeChallenge.objects.update(created_at="2026-03-02T11:00Z")

    code_request(phone=PHONE)

    assert CodeChallenge.objects.count() == 2


def test_beyond_the_cap_the_code_before_stays_good(texted_code, settings):
    settings.CODES_PER_HOUR = 1
    user_register(**BY_PHONE)
    code = texted_code()
    with pytest.raises(CodeInvalid):
        user_verify(phone=PHONE, code=wrong(code))

    code_request(phone=PHONE)

    assert user_verify(phone=PHONE, code=code).status == UserStatus.ACTIVE


# Strangers who ask and guess

HOME, STRANGER = "192.0.2.1", "198.51.100.9"


def at(address, call, **kwargs):
    with entered(Context(ip_address=address)):
        return call(phone=PHONE, **kwargs)


def test_a_stranger_who_asks_without_end_locks_nobody_out(phone_user, texted_code):
    for _ in range(20):
        at(STRANGER, code_request)
    asked = CodeChallenge.objects.count()
    at(HOME, code_request)

    opened = at(HOME, session_open_by_code, code=texted_code())

    assert (asked, opened.user) == (4, phone_user)


def test_what_a_stranger_asks_for_voids_nobodys_code(phone_user, texted_code):
    at(HOME, code_request)
    code = texted_code()
    at(STRANGER, code_request)

    assert at(HOME, session_open_by_code, code=code).user == phone_user
    assert CodeChallenge.objects.filter(closed_at=None).count() == 0


def test_a_stranger_who_guesses_leaves_the_owner_his_last_try(phone_user, texted_code):
    at(HOME, code_request)
    code = texted_code()
    for _ in range(9):
        with pytest.raises(InvalidCredentials):
            at(STRANGER, session_open_by_code, code=wrong(code))

    tries = CodeChallenge.objects.get().tries

    assert tries == 2
    assert at(HOME, session_open_by_code, code=code).user == phone_user


def test_of_all_guesses_within_an_hour_fifteen_are_looked_at(phone_user, texted_code, texts, noon):
    for number in range(8):
        network = f"192.0.2.{number // 3}"
        with clock.frozen(noon + timedelta(minutes=number)):
            at(network, code_request)
            code = texted_code()
            for _ in range(3):
                with pytest.raises(InvalidCredentials):
                    at(network, session_open_by_code, code=wrong(code))

    tries = sum(CodeChallenge.objects.values_list("tries", flat=True))

    assert (CodeChallenge.objects.count(), tries) == (8, 15)
    with clock.frozen(noon + timedelta(minutes=7)), pytest.raises(InvalidCredentials):
        at(network, session_open_by_code, code=code)


def test_a_code_is_good_where_it_was_not_asked_for(phone_user, texted_code):
    """Asked for at home and typed on the way."""
    at(HOME, code_request)

    assert at(STRANGER, session_open_by_code, code=texted_code()).user == phone_user


def test_all_who_ask_together_are_bounded_too(phone_user, settings):
    for number in range(30):
        at(f"192.0.2.{number}", code_request)

    assert CodeChallenge.objects.count() == settings.CODES_PER_HOUR == 10


@pytest.mark.parametrize("phone", ["+1 202 555 0143 ext 7", "+12025550143x7"])
def test_an_extension_is_no_part_of_a_number(phone):
    with pytest.raises(Invalid):
        user_register(**{**BY_PHONE, "phone": phone})
