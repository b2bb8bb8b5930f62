"""Somebody registers an address while its owner waits for his code: whose account comes of it."""

import re

import pytest

from accounts.enums import Role, SessionEnd, UserStatus
from accounts.models import CodeChallenge, RegistrationEntry, Session, User
from accounts.services import code_request, session_open, user_register, user_verify
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, error, post
from fixmate.core.context import Context, entered
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"
HOME, STRANGER, ROAD = "192.0.2.1", "198.51.100.9", "203.0.113.7"
HIS = {**REGISTRATION, "first_name": "Mallory", "password": "mallorys phrase", "role": "TECHNICIAN"}


def register(body, address):
    with entered(Context(ip_address=address)):
        return user_register(**{**body, "role": Role(body["role"])})


def verify(code, address, **more):
    with entered(Context(ip_address=address)):
        return user_verify(email=EMAIL, code=code, **more)


@pytest.fixture
def codes(drain, mailoutbox):
    """Return the call that gives every code there was, oldest first."""

    def read() -> list[str]:
        drain()
        texts = [mail.body for mail in mailoutbox if mail.subject.startswith("Your FixMate code")]
        return [re.findall(r"^\d{6}$", text, re.MULTILINE)[0] for text in texts]

    return read


def owned(password=PASSWORD) -> tuple[str, str, str, bool]:
    user = User.objects.get()
    return user.status, user.first_name, user.role, user.check_password(password)


def test_the_owners_code_opens_what_the_owner_typed(codes):
    register(REGISTRATION, HOME)
    register(HIS, STRANGER)

    verify(codes()[0], HOME)

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)
    assert RegistrationEntry.objects.count() == 0


def test_the_code_of_the_stranger_is_no_good_where_the_owner_has_one(codes, monkeypatch):
    """The newer mail is the stranger's: typed by the owner it opens nothing, and his own goes on to."""
    drawn = iter([111111, 222222])  # by lot they are the same once in a million times
    monkeypatch.setattr("accounts.services.codes.secrets.randbelow", lambda _: next(drawn))
    register(REGISTRATION, HOME)
    register(HIS, STRANGER)
    first, second = codes()

    answer = client_for().post(f"{AUTH}/verify-otp", {"email": EMAIL, "code": second}, REMOTE_ADDR=HOME)

    assert error(answer) == (400, "CODE_INVALID")
    verify(first, HOME)
    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


def test_a_code_asked_for_again_opens_what_was_typed_from_there(codes):
    register(REGISTRATION, HOME)
    register(HIS, STRANGER)
    with entered(Context(ip_address=HOME)):
        code_request(email=EMAIL)

    verify(codes()[-1], HOME)

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


@pytest.mark.parametrize("order", [(REGISTRATION, HIS), (HIS, REGISTRATION)])
def test_typed_from_elsewhere_no_password_is_taken_over_and_the_owner_is_told(order, codes, mailoutbox, drain):
    for body, address in zip(order, (HOME, STRANGER), strict=True):
        register(body, address)

    verify(codes()[-1], ROAD)
    drain()

    user = User.objects.get()
    assert (user.status, user.has_usable_password()) == (UserStatus.ACTIVE, False)
    assert [mail.subject for mail in mailoutbox][-1] == "Choose a password for FixMate"
    assert mailoutbox[-1].to == [EMAIL]


def test_the_password_tells_whose_it_is_from_anywhere(codes):
    register(REGISTRATION, HOME)
    register(HIS, STRANGER)

    answer = client_for().post(
        f"{AUTH}/verify-otp", {"email": EMAIL, "code": codes()[-1], "password": PASSWORD}, REMOTE_ADDR=ROAD
    )

    assert answer.status_code == 200
    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


def test_the_password_tells_who_shares_a_network_with_a_stranger(codes):
    register(REGISTRATION, HOME)
    register(HIS, HOME)

    verify(codes()[-1], HOME, password=PASSWORD)

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


def test_a_password_nobody_registered_with_is_none(codes):
    register(REGISTRATION, HOME)

    verify(codes()[-1], HOME, password="another phrase of words")

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, False)


def test_registering_twice_from_one_place_is_a_correction(codes):
    register(HIS, HOME)
    register(REGISTRATION, HOME)

    verify(codes()[-1], HOME)

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


def test_registering_twice_with_one_password_contests_nothing(codes):
    register(REGISTRATION, HOME)
    register({**REGISTRATION, "first_name": "Augusta"}, ROAD)

    verify(codes()[-1], STRANGER)

    assert owned() == (UserStatus.ACTIVE, "Augusta", Role.CUSTOMER, True)


def test_a_code_does_not_open_what_was_typed_after_it_was_asked_for(codes, settings):
    settings.CODES_PER_CLIENT = 1
    register(REGISTRATION, HOME)
    register(HIS, HOME)

    (code,) = codes()
    verify(code, HOME)

    assert owned() == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)


def test_sessions_of_the_strangers_password_end(codes):
    register(REGISTRATION, HOME)
    register(HIS, STRANGER)
    session = session_open(email=EMAIL, password="mallorys phrase")

    verify(codes()[0], HOME)

    assert Session.objects.get(pk=session.pk).end_reason == SessionEnd.PASSWORD


def test_sessions_of_ones_own_password_go_on(codes):
    register(REGISTRATION, HOME)
    session = session_open(email=EMAIL, password=PASSWORD)

    verify(codes()[0], HOME)

    assert Session.objects.get(pk=session.pk).ended_at is None


def test_an_account_from_before_is_opened_as_it_is(codes):
    UserFactory(email=EMAIL, status=UserStatus.PENDING, verified_at=None, password=PASSWORD)
    code_request(email=EMAIL)

    verify(codes()[0], HOME)

    assert owned()[3]


def test_an_account_from_before_is_not_taken_over_either(codes):
    UserFactory(email=EMAIL, status=UserStatus.PENDING, verified_at=None, password=PASSWORD)

    register(HIS, STRANGER)
    verify(codes()[0], HOME)

    assert User.objects.get().has_usable_password() is False


def test_what_the_same_client_typed_long_ago_is_forgotten(noon):
    register(HIS, HOME)
    RegistrationEntry.objects.update(created_at="2026-03-01T11:00Z")

    register(REGISTRATION, HOME)

    assert RegistrationEntry.objects.get().first_name == "Ada"


def test_the_way_of_the_app_goes_on_as_it_was(mailed_code):
    post("register", {**REGISTRATION, "password": "a first phrase"})
    post("register", REGISTRATION)
    post("verify-otp", {"email": EMAIL, "code": mailed_code()})

    assert post("login", {"email": EMAIL, "password": PASSWORD}).status_code == 200
    assert CodeChallenge.objects.filter(closed_at=None).count() == 0


@pytest.mark.parametrize(("where", "is_his"), [(HOME, True), (ROAD, False)])
def test_the_strangers_code_does_not_open_the_strangers_account_for_want_of_another(codes, settings, where, is_his):
    """The hour's codes are used up when the owner registers: he has none but the stranger's to type."""
    settings.CODES_PER_HOUR = 1
    register(HIS, STRANGER)
    register(REGISTRATION, HOME)

    (code,) = codes()
    verify(code, where)

    assert (owned()[3], owned("mallorys phrase")[3]) == (is_his, False)


def test_who_chose_no_password_is_not_told_to_choose_one(texted_code):
    body = {"phone": "+12025550143", "role": Role.CUSTOMER, "first_name": "Ada", "last_name": "Lovelace"}
    for address in (HOME, ROAD):
        with entered(Context(ip_address=address)):
            user_register(**body)
    code = texted_code()

    user_verify(phone=body["phone"], code=code)

    assert list(OutboxMessage.objects.filter(task="accounts.tell_opened_without_password")) == []


def test_a_password_typed_in_another_unicode_form_is_the_same(codes):
    register({**REGISTRATION, "password": "caf\u00e9 phrase of words"}, HOME)
    register(HIS, STRANGER)

    verify(codes()[-1], ROAD, password="cafe\u0301 phrase of words")

    assert owned("caf\u00e9 phrase of words") == (UserStatus.ACTIVE, "Ada", Role.CUSTOMER, True)
