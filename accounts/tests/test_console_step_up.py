"""Acts of the console that ask for the second factor again, and sessions of it that end."""

import pytest
from django.urls import reverse

from accounts.enums import SecurityEventKind
from accounts.models import Session, User
from accounts.services import session_open
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from accounts.tests.second_factors import (
    INDEX,
    SHOW,
    STEP_S,
    code_of,
    console_login,
    enrol,
    is_in_console,
    wrong_code,
)
from fixmate.core.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steady")]
MINUTE_S = 60


@pytest.fixture(autouse=True)
def _required(settings):
    settings.STAFF_CONSOLE_2FA = True


# Acts that ask again


@pytest.fixture
def act():
    return reverse("admin:accounts_user_act", args=[UserFactory().pk, "suspend"])


def test_a_fresh_factor_will_do(console, act, steady):
    steady.shift(9 * MINUTE_S)

    assert console.post(act, {"reason": "Abuse"}).status_code == 302
    assert AuditEntry.objects.get().action == "accounts.user.suspend"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_dangerous_act_asks_again_after_ten_minutes(console, act, holder, steady, method):
    steady.shift(11 * MINUTE_S)
    before = console.session.session_key

    first = getattr(console, method)(act, {"reason": "Abuse"})

    assert first.url.startswith(f"{SHOW}?next=%2Fadmin%2F")
    assert AuditEntry.objects.count() == 0
    assert is_in_console(console)
    wrong = console.post(first.url, {"otp": wrong_code(holder.authenticator)})
    assert "The code is wrong" in wrong.content.decode()
    steady.shift(5)
    shown = console.post(first.url, {"otp": code_of(holder.authenticator)})
    assert shown.url.startswith(act)
    assert console.session.session_key != before
    assert console.post(act, {"reason": "Abuse"}).status_code == 302
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("act", ["restrict", "reinstate", "dismiss"])
def test_the_other_dangerous_acts_ask_too(console, steady, act):
    steady.shift(11 * MINUTE_S)

    answer = console.post(reverse("admin:accounts_user_act", args=[UserFactory().pk, act]), {"reason": "x"})

    assert answer.url.startswith(SHOW)


def test_the_way_back_leads_nowhere_else(console, holder, steady):
    steady.shift(STEP_S)

    answer = console.post(f"{SHOW}?next=https://evil.example/", {"otp": code_of(holder.authenticator)})

    assert answer.url == INDEX


def test_where_it_is_not_required_no_act_asks(console, act, steady, settings):
    settings.STAFF_CONSOLE_2FA = False
    steady.shift(11 * MINUTE_S)

    assert console.post(act, {"reason": "Abuse"}).status_code == 302


# Time-outs and the password


def test_half_an_hour_without_use_ends_the_session(console, steady):
    steady.shift(30 * MINUTE_S)

    assert not is_in_console(console)


def test_a_working_day_ends_the_session(console, steady):
    for _ in range(12 * 3 - 1):
        steady.shift(20 * MINUTE_S)
        assert is_in_console(console)
    steady.shift(20 * MINUTE_S)

    assert not is_in_console(console)


def test_changing_the_password_is_told_and_ends_what_it_ends_elsewhere(client, staff, settings, drain, mailoutbox):
    settings.STAFF_CONSOLE_2FA = False
    session_open(email=staff.email, password=PASSWORD)
    console_login(client, staff)
    form = {
        "old_password": PASSWORD,
        "new_password1": "staple of another kind",
        "new_password2": "staple of another kind",
    }

    answer = client.post(reverse("admin:password_change"), form)

    assert answer.url == reverse("admin:password_change_done")
    assert User.objects.get().check_password("staple of another kind")
    assert is_in_console(client)
    assert Session.objects.filter(ended_at=None).count() == 0
    assert kinds(staff)[-1] == SecurityEventKind.PASSWORD_CHANGED
    drain()
    assert mailoutbox[-1].subject == "Your FixMate password was changed"


def test_a_password_that_is_refused_in_its_unicode_form_is_refused_on_the_page(client, staff, settings):
    settings.STAFF_CONSOLE_2FA = False
    console_login(client, staff)
    common = "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11"  # password1, in wide letters
    form = {"old_password": PASSWORD, "new_password1": common, "new_password2": common}

    answer = client.post(reverse("admin:password_change"), form)

    assert answer.status_code == 200
    assert "common" in answer.content.decode()
    assert User.objects.get().check_password(PASSWORD)


def test_the_password_is_not_guessed_for_ever_on_its_page(client, staff, settings):
    settings.STAFF_CONSOLE_2FA = False
    settings.RATES = {**settings.RATES, "password": "2/m"}
    console_login(client, staff)
    form = {
        "old_password": "wrong",
        "new_password1": "staple of another kind",
        "new_password2": "staple of another kind",
    }

    answers = [client.post(reverse("admin:password_change"), form).status_code for _ in range(3)]

    assert answers == [200, 200, 302]


def test_recovery_codes_open_the_console(client, staff):
    codes = enrol(staff)

    console_login(client, staff, codes[0])

    assert is_in_console(client)
