"""Many at once, on PostgreSQL: SQLite has one writer and hides what goes wrong here."""

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest

from accounts.enums import Role, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountTaken
from accounts.models import CodeChallenge, Session, User
from accounts.selectors import session_find_with_user
from accounts.services import (
    address_change,
    address_confirm,
    code_request,
    codes,
    password_forgotten,
    password_reset,
    session_open,
    session_open_by_code,
    session_refresh,
    sessions,
    user_register,
    user_verify,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, bearer, error, kinds, post, wrong
from fixmate.core import clock
from fixmate.core.context import Context, entered
from fixmate.core.errors import DomainError
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

PHONE = "+12025550143"
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_one_refresh_token_used_thirty_times_at_once_has_one_continuation(login, settings):
    settings.RATES = {**settings.RATES, "refresh": ""}
    user = UserFactory(password=PASSWORD)
    token = login(user)["refresh_token"]

    answers = at_once(*[lambda: client_for().post("/api/v1/auth/refresh", {"refresh_token": token})] * 30)
    session = Session.objects.get()
    with clock.frozen(session.refreshed_at + timedelta(seconds=11)):
        reused = client_for().post("/api/v1/auth/refresh", {"refresh_token": token})

    newest = {(answer.json()["access_token"], answer.json()["refresh_token"]) for answer in answers}
    assert [answer.status_code for answer in answers] == [200] * 30
    assert len(newest) == 1
    assert session.ended_at is None
    assert error(reused) == (401, "TOKEN_INVALID")
    assert Session.objects.get().end_reason == SessionEnd.REUSE
    for access, refresh in newest:
        assert error(bearer(access).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
        assert error(post("refresh", {"refresh_token": refresh})) == (401, "TOKEN_INVALID")


def test_without_the_lock_the_same_race_is_lost(monkeypatch):
    user = UserFactory(password=PASSWORD)
    session = session_open(email=user.email, password=PASSWORD)
    all_have_read = Barrier(4)

    def read_unlocked(session_id):
        found = session_find_with_user(session_id)
        all_have_read.wait(10)
        return found

    monkeypatch.setattr(sessions, "session_find_locked", read_unlocked)

    rotated = at_once(*[lambda: session_refresh(session_id=session.pk, refresh_jti=session.refresh_jti)] * 4)

    assert len({row.refresh_jti for row in rotated}) == 4


@pytest.mark.parametrize("right", [None, 50])
def test_of_a_hundred_guesses_at_once_three_are_looked_at(right, mailed_code, monkeypatch):
    user = UserFactory(email="ada@example.com", status=UserStatus.PENDING, verified_at=None)
    code_request(email=user.email)
    code = mailed_code()
    looked_at, compare = [], codes.constant_time_compare
    monkeypatch.setattr(codes, "constant_time_compare", lambda *both: looked_at.append(1) or compare(*both))

    guesses = [code if number == right else wrong(code) for number in range(100)]
    answers = at_once(*[partial(user_verify, email=user.email, code=guess) for guess in guesses])

    verified = [answer for answer in answers if isinstance(answer, User)]
    challenge = CodeChallenge.objects.get()
    assert len(looked_at) == challenge.tries <= 3
    assert (challenge.tries == 3) or verified
    assert len(verified) <= (right is not None)
    assert (User.objects.get().status == UserStatus.ACTIVE) is bool(verified)
    refused = kinds(user).count(SecurityEventKind.CODE_REFUSED)
    assert refused <= 100 - len(verified)  # where a cache stands in front, most never reach the database
    assert refused >= 3 or verified


NEW = "a phrase of words"
DOORS = {
    "log in": (code_request, lambda code: session_open_by_code(phone=PHONE, code=code)),
    "reset": (
        password_forgotten,
        lambda code: password_reset(phone=PHONE, code=code, new_password="a phrase of words"),
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("networks", [1, 100])
def test_a_hundred_guesses_at_any_door_from_any_networks_are_three(door, networks, texted_code, monkeypatch):
    UserFactory(email=None, phone=PHONE)
    ask, enter = DOORS[door]
    ask(phone=PHONE)
    code = texted_code()
    looked_at, compare = [], codes.constant_time_compare
    monkeypatch.setattr(codes, "constant_time_compare", lambda *both: looked_at.append(1) or compare(*both))

    def guess(number):
        with entered(Context(ip_address=f"198.51.100.{number % networks}")):
            return enter(code if number == 50 else wrong(code))

    outcomes = at_once(*[partial(guess, number) for number in range(100)])

    right = [outcome for outcome in outcomes if not isinstance(outcome, DomainError)]
    assert len(right) <= 1
    assert len(looked_at) == CodeChallenge.objects.get().tries <= 3


def test_eight_who_ask_at_once_from_one_network_have_one_code_out(settings):
    UserFactory(email=None, phone=PHONE)

    at_once(*[partial(code_request, phone=PHONE)] * 8)

    assert CodeChallenge.objects.count() == settings.CODES_PER_CLIENT
    assert CodeChallenge.objects.filter(closed_at__isnull=True).count() == 1


def test_eight_registrations_of_one_address_at_once_make_one_account(settings):
    settings.CODES_PER_HOUR = 8
    forms = [{**REGISTRATION, "first_name": f"Ada {number}"} for number in range(8)]
    registered = at_once(*[partial(user_register, **form) for form in forms])

    assert len(set(registered)) == 1
    assert User.objects.count() == 1
    assert CodeChallenge.objects.filter(closed_at__isnull=True).count() == 1
    assert kinds() == [SecurityEventKind.REGISTERED] * 8


def test_eight_registrations_of_one_number_at_once_make_one_account(settings):
    settings.CODES_PER_HOUR = 8
    form = {"phone": PHONE, "role": Role.CUSTOMER, "last_name": "Lovelace"}
    registered = at_once(*[partial(user_register, **form, first_name=f"Ada {number}") for number in range(8)])

    assert len(set(registered)) == 1
    assert (User.objects.count(), CodeChallenge.objects.filter(closed_at__isnull=True).count()) == (1, 1)


def test_of_two_accounts_that_prove_one_number_at_once_one_wins(texted_code):
    for _ in range(5):
        User.objects.update(phone=None, phone_verified_at=None)
        CodeChallenge.objects.all().delete()
        codes_by_user = {}
        for user in (UserFactory(password=PASSWORD), UserFactory(password=PASSWORD)):
            address_change(user_id=user.pk, phone=PHONE, current_password=PASSWORD)
            codes_by_user[user.pk] = texted_code()

        outcomes = at_once(
            *[partial(address_confirm, user_id=pk, phone=PHONE, code=code) for pk, code in codes_by_user.items()]
        )

        assert {type(outcome) for outcome in outcomes} == {User, AccountTaken}
        assert User.objects.filter(phone=PHONE, phone_verified_at__isnull=False).count() == 1


def test_one_login_code_used_ten_times_at_once_opens_one_session(texted_code):
    UserFactory(email=None, phone=PHONE)
    code_request(phone=PHONE)
    code = texted_code()

    outcomes = at_once(*[partial(session_open_by_code, phone=PHONE, code=code)] * 10)

    assert [isinstance(outcome, Session) for outcome in outcomes].count(True) == 1
    assert Session.objects.count() == 1
