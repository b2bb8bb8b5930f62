"""Accounts known by their phone number alone, from registration to farewell."""

from datetime import timedelta

import pytest

from accounts.enums import CodePurpose, SecurityEventKind, UserStatus
from accounts.errors import AccountTaken, InvalidCredentials
from accounts.models import CodeChallenge, Session, User
from accounts.services import (
    code_request,
    mail,
    session_open,
    session_open_by_code,
    user_register,
    user_suspend,
    user_verify,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, BY_PHONE, PHONE, REGISTRATION, bearer, error, kinds, masked, post, wrong
from fixmate.core import clock
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import Invalid
from fixmate.core.models import OutboxMessage
from fixmate.core.sms import SmsRefused
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


def test_register_verify_and_log_in_by_phone_and_code(texted_code):
    registered = post("register", BY_PHONE)
    verified = post("verify-otp", {"phone": PHONE, "code": texted_code()})
    asked = post("send-otp", {"phone": "202 555 0143"})
    tokens = post("login", {"phone": PHONE, "code": texted_code()}).json()
    me = bearer(tokens["access_token"]).get(f"{AUTH}/me").json()

    held = User.objects.get()
    assert (registered.status_code, registered.json()) == (202, {"status": "PENDING", "email": None, "phone": PHONE})
    assert (verified.status_code, verified.json()["status"]) == (200, "ACTIVE")
    assert asked.status_code == 202
    assert (me["email"], me["phone"], me["has_password"]) == (None, PHONE, False)
    assert held.phone_verified_at == held.verified_at is not None


def test_a_phone_account_may_have_a_password_as_well(texted_code):
    post("register", {**BY_PHONE, "password": PASSWORD})
    pending = post("login", {"phone": PHONE, "password": PASSWORD})
    post("verify-otp", {"phone": PHONE, "code": texted_code()})

    answers = [
        post("login", {"phone": PHONE, "password": PASSWORD}),
        client_for().post(
            f"{AUTH}/login",
            "username=%28202%29+555-0143&password=" + PASSWORD.replace(" ", "+"),
            content_type="application/x-www-form-urlencoded",
        ),
    ]

    assert pending.json()["user"]["status"] == "PENDING"
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("register", {"phone": None}, "password"),
        ("register", {"phone": None, "password": PASSWORD}, "email"),
        ("register", {"phone": "12"}, "phone"),
        ("register", {"phone": None, "email": "ada@example.com"}, "password"),
        ("login", {"phone": PHONE}, "password"),
        ("login", {"phone": PHONE, "password": PASSWORD, "code": "123456"}, "password"),
        ("login", {"code": "123456"}, "email"),
        ("login", {"phone": PHONE, "email": "ada@example.com", "code": "123456"}, "email"),
        ("login", {"phone": "12", "password": PASSWORD}, "phone"),
        ("send-otp", {}, "email"),
        ("forgot-password", {"phone": PHONE, "email": "ada@example.com"}, "email"),
    ],
    ids=str,
)
def test_a_body_names_one_address_and_one_proof(path, change, field):
    answer = post(path, {**BY_PHONE, **change} if path == "register" else change)

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]
    assert User.objects.count() == 0


def test_the_login_form_takes_no_name_that_is_no_address():
    form = {"username": "ada", "password": PASSWORD}

    answer = client_for().post(
        f"{AUTH}/login",
        "&".join(f"{name}={value.replace(' ', '+')}" for name, value in form.items()),
        content_type="application/x-www-form-urlencoded",
    )

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == ["username"]


def test_registering_a_proven_number_answers_alike_and_tells_its_owner(phone_user, texts):
    taken, free = masked(post("register", BY_PHONE)), masked(post("register", {**BY_PHONE, "phone": "2025550199"}))

    free["body"]["phone"] = PHONE
    assert taken == free
    assert User.objects.count() == 2
    assert [to for to, text in texts() if "You have one already" in text] == [PHONE]
    assert CodeChallenge.objects.filter(user=phone_user).count() == 0


def test_registering_over_a_pending_phone_account_replaces_it(texted_code):
    post("register", {**BY_PHONE, "first_name": "Mallory", "password": "mallorys phrase"})

    post("register", BY_PHONE)
    post("verify-otp", {"phone": PHONE, "code": texted_code()})

    held = User.objects.get()
    assert (held.first_name, held.has_usable_password(), held.status) == ("Ada", False, UserStatus.ACTIVE)


def test_a_number_beside_an_email_address_opens_nothing(mailed_code, texts):
    post("register", {**REGISTRATION, "phone": PHONE})
    post("verify-otp", {"email": "ada@example.com", "code": mailed_code()})

    post("send-otp", {"phone": PHONE})
    post("forgot-password", {"phone": PHONE})
    by_password = post("login", {"phone": PHONE, "password": PASSWORD})

    assert texts() == []
    assert error(by_password) == (401, "INVALID_CREDENTIALS")


def test_without_sms_nobody_registers_by_phone_alone(settings):
    settings.SMS_BACKEND = "none"

    with pytest.raises(Invalid):
        user_register(**BY_PHONE)
    user_register(**REGISTRATION | {"phone": PHONE})

    assert User.objects.get().email == "ada@example.com"


def test_a_number_that_another_account_proved_meanwhile_is_taken(texted_code):
    user_register(**BY_PHONE)
    code = texted_code()
    UserFactory(email="bob@example.com", phone=PHONE, phone_verified_at="2026-01-01T00:00Z")

    with pytest.raises(AccountTaken):
        user_verify(phone=PHONE, code=code)

    pending = User.objects.get(email=None)
    assert (pending.status, pending.phone_verified_at) == (UserStatus.PENDING, None)
    assert CodeChallenge.objects.get().closed_at is not None


# Logging in by code


def test_a_wrong_login_code_answers_like_an_unknown_number(phone_user, texted_code):
    code_request(phone=PHONE)
    code = wrong(texted_code())

    known, unknown, untouched = (
        masked(post("login", {"phone": phone, "code": code})) for phone in (PHONE, "+12025550198", "+12025550197")
    )

    assert (known["status"], known["body"]["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    assert known == unknown == untouched


def test_a_login_code_works_once_and_three_wrong_ones_end_it(phone_user, texted_code):
    code_request(phone=PHONE)
    code = texted_code()
    session_open_by_code(phone=PHONE, code=code)
    with pytest.raises(InvalidCredentials):
        session_open_by_code(phone=PHONE, code=code)
    code_request(phone=PHONE)
    code = texted_code()
    for _ in range(3):
        with pytest.raises(InvalidCredentials):
            session_open_by_code(phone=PHONE, code=wrong(code))

    with pytest.raises(InvalidCredentials):
        session_open_by_code(phone=PHONE, code=code)

    assert Session.objects.count() == 1
    assert kinds(phone_user).count(SecurityEventKind.LOGIN_REFUSED) == 5


def test_who_was_suspended_since_the_code_was_sent_is_told(phone_user, texted_code):
    code_request(phone=PHONE)
    code = texted_code()
    user_suspend(user_id=phone_user.pk, actor=UserFactory(admin=True), reason="Abuse")

    assert error(post("login", {"phone": PHONE, "code": code})) == (403, "ACCOUNT_SUSPENDED")


def test_a_code_is_good_for_its_purpose_alone(phone_user, texted_code):
    code_request(phone=PHONE)
    code = texted_code()

    answers = [
        post("verify-otp", {"phone": PHONE, "code": code}),
        post("reset-password", {"phone": PHONE, "code": code, "new_password": "staple of another kind"}),
        client_for(phone_user).post(f"{AUTH}/confirm-address", {"phone": PHONE, "code": code}),
    ]

    assert [error(answer) for answer in answers] == [(400, "CODE_INVALID")] * 3
    assert CodeChallenge.objects.get().purpose == CodePurpose.LOGIN
    assert session_open_by_code(phone=PHONE, code=code).user == phone_user


def test_a_verification_code_does_not_log_in(texted_code):
    user_register(**BY_PHONE)

    with pytest.raises(InvalidCredentials):
        session_open_by_code(phone=PHONE, code=texted_code())

    assert User.objects.get().status == UserStatus.PENDING


def test_an_email_account_may_log_in_by_code_too(user, mailed_code):
    code_request(email=user.email)

    assert session_open_by_code(email=user.email, code=mailed_code()).user == user


def test_a_code_sent_to_one_address_is_no_good_for_the_other(mailed_code):
    UserFactory(email="ada@example.com", phone=PHONE, phone_verified_at="2026-01-01T00:00Z")
    code_request(email="ada@example.com")

    with pytest.raises(InvalidCredentials):
        session_open_by_code(phone=PHONE, code=mailed_code())


def test_staff_get_no_login_code():
    admin = UserFactory(admin=True, password=PASSWORD)

    code_request(email=admin.email)

    assert CodeChallenge.objects.count() == 0
    assert session_open(email=admin.email, password=PASSWORD).user == admin


# Whom SMS are sent to

JAMAICA = "+18762345678"


@pytest.mark.parametrize("path", ["register", "change-address"])
def test_no_code_goes_to_a_number_of_another_country(path):
    user = UserFactory(password=PASSWORD)
    body = {**BY_PHONE, "phone": JAMAICA} if path == "register" else {"phone": JAMAICA, "current_password": PASSWORD}

    answer = client_for(user if path != "register" else None).post(f"{AUTH}/{path}", body)

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == {"phone": ["No SMS are sent to such numbers."]}
    assert (User.objects.count(), CodeChallenge.objects.count()) == (1, 0)


def test_a_number_that_was_written_to_once_is_owed_nothing_any_more(settings):
    UserFactory(email=None, phone=JAMAICA)

    code_request(phone=JAMAICA)

    assert CodeChallenge.objects.count() == 0


def test_a_code_the_provider_will_never_take_is_not_tried_again(phone_user, monkeypatch, drain):
    def refuse(**_):
        raise SmsRefused("the provider answered 400")

    monkeypatch.setattr(mail, "sms_send", refuse)
    code_request(phone=PHONE)

    drain()

    assert OutboxMessage.objects.get().status == OutboxStatus.DONE


def test_a_code_beyond_the_cap_waits_and_comes_again(phone_user, settings, drain, texts):
    settings.SMS_PER_HOUR = 0
    code_request(phone=PHONE)
    drain()
    waiting = OutboxMessage.objects.get()
    settings.SMS_PER_HOUR = 10

    with clock.frozen(clock.now() + timedelta(minutes=1)):
        sent = texts()

    assert (waiting.status, waiting.attempts) == (OutboxStatus.READY, 1)
    assert [to for to, _ in sent] == [PHONE]
