"""Many at once, on PostgreSQL: SQLite has one writer and hides what goes wrong here."""

from functools import partial
from threading import Barrier

import pytest

from accounts.enums import SecurityEventKind, UserStatus
from accounts.models import CodeChallenge, Session, User
from accounts.selectors import session_find_with_user
from accounts.services import code_request, codes, session_open, session_refresh, sessions, user_register, user_verify
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import REGISTRATION, kinds, wrong
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_one_refresh_token_used_ten_times_at_once_has_one_continuation(login):
    user = UserFactory(password=PASSWORD)
    token = login(user)["refresh_token"]

    answers = at_once(*[lambda: client_for().post("/api/v1/auth/refresh", {"refresh_token": token})] * 10)

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({(answer.json()["access_token"], answer.json()["refresh_token"]) for answer in answers}) == 1
    assert Session.objects.get().ended_at is None


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


@pytest.mark.parametrize("right", [None, 7])
def test_of_twenty_guesses_at_once_three_are_looked_at(right, mailed_code, monkeypatch):
    user = UserFactory(email="ada@example.com", status=UserStatus.PENDING, verified_at=None)
    code_request(email=user.email)
    code = mailed_code()
    looked_at, compare = [], codes.constant_time_compare
    monkeypatch.setattr(codes, "constant_time_compare", lambda *both: looked_at.append(1) or compare(*both))

    guesses = [code if number == right else wrong(code) for number in range(20)]
    answers = at_once(*[partial(user_verify, email=user.email, code=guess) for guess in guesses])

    verified = [answer for answer in answers if isinstance(answer, User)]
    challenge = CodeChallenge.objects.get()
    assert len(looked_at) == challenge.tries <= 3
    assert (challenge.tries == 3) or verified
    assert len(verified) <= (right is not None)
    assert (User.objects.get().status == UserStatus.ACTIVE) is bool(verified)
    assert kinds(user).count(SecurityEventKind.CODE_REFUSED) == 20 - len(verified)


def test_eight_registrations_of_one_address_at_once_make_one_account():
    forms = [{**REGISTRATION, "first_name": f"Ada {number}"} for number in range(8)]
    registered = at_once(*[partial(user_register, **form) for form in forms])

    assert len(set(registered)) == 1
    assert User.objects.count() == 1
    assert CodeChallenge.objects.filter(closed_at__isnull=True).count() == 1
    assert kinds() == [SecurityEventKind.REGISTERED] * 8
