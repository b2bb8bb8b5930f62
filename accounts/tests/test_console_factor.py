"""The console's door: password and code, a page to add a second factor, and acts that ask for it again."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.devices import Authenticator
from accounts.enums import SecurityEventKind, UserStatus
from accounts.models import Session, User
from accounts.services import second_factor_reset, session_open
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from accounts.tests.second_factors import (
    INDEX,
    LOGIN,
    PAGE,
    SHOW,
    STEP_S,
    code_of,
    console_login,
    is_in_console,
    wrong_code,
)
from fixmate.core.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steady")]
MINUTE_S = 60


@pytest.fixture(autouse=True)
def _required(settings):
    settings.STAFF_CONSOLE_2FA = True


# Login


def test_login_asks_for_the_code(client, holder):
    assert b'name="otp"' in client.get(LOGIN).content

    without = console_login(client, holder)
    wrong = console_login(client, holder, wrong_code(holder.authenticator))

    assert "Give the code of your authenticator as well." in without.content.decode()
    assert "Please enter the correct" in wrong.content.decode()
    assert not is_in_console(client)
    assert kinds(holder)[1:] == ["LOGIN_REFUSED", "FACTOR_REFUSED"]  # a wrong one is like a password of nobody's


def test_login_with_the_code_comes_in_and_rotates_the_key(client, holder):
    client.get(LOGIN)
    session = client.session
    session["fixed"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = fixed = session.session_key

    answer = console_login(client, holder, code_of(holder.authenticator))

    assert (answer.status_code, answer.url) == (302, INDEX)
    assert is_in_console(client)
    assert client.cookies["sessionid"].value != fixed
    stranger = Client()
    stranger.cookies["sessionid"] = fixed
    assert not is_in_console(stranger)


def test_a_code_may_be_typed_as_the_app_shows_it(client, holder):
    code = code_of(holder.authenticator)

    console_login(client, holder, f" {code[:3]} {code[3:]} ")

    assert is_in_console(client)


def test_a_code_is_good_once_at_both_doors(client, holder):
    code = code_of(holder.authenticator)
    session_open(email=holder.email, password=PASSWORD, otp=code)

    console_login(client, holder, code)

    assert not is_in_console(client)


def test_who_has_one_is_asked_where_it_is_not_required(client, holder, settings):
    settings.STAFF_CONSOLE_2FA = False
    assert b'name="otp"' not in client.get(LOGIN).content

    asked = console_login(client, holder)

    assert b'name="otp"' in asked.content
    assert console_login(client, holder, code_of(holder.authenticator)).status_code == 302
    assert is_in_console(client)


def test_who_has_none_comes_in_where_it_is_not_required(client, staff, settings):
    settings.STAFF_CONSOLE_2FA = False

    console_login(client, staff)

    assert is_in_console(client)
    assert client.get(PAGE).status_code == 200


def test_an_incomplete_form_is_refused(client, staff):
    assert client.post(LOGIN, {"username": staff.email}).status_code == 200
    assert kinds() == []


# Enrolment


def test_staff_without_one_come_no_further_than_the_page_to_add_it(client, staff):
    console_login(client, staff)

    for name in ("index", "accounts_user_changelist", "core_auditentry_changelist", "password_change"):
        answer = client.get(reverse(f"admin:{name}"), follow=True)
        assert answer.redirect_chain[-1][0].startswith(PAGE + "?next=")
    act = client.post(reverse("admin:accounts_user_act", args=[UserFactory().pk, "suspend"]), {"reason": "Abuse"})
    assert act.url.startswith(LOGIN)
    assert AuditEntry.objects.count() == 0
    assert SHOW != PAGE == client.get(SHOW).url


def test_the_page_is_for_staff(client):
    for user in (None, UserFactory(), UserFactory(admin=True, status=UserStatus.SUSPENDED)):
        if user:
            client.force_login(user)
        for page in (PAGE, SHOW):
            assert client.get(page).url.startswith(LOGIN)


def test_adding_one_in_the_console(client, staff):
    elsewhere = Client()
    console_login(elsewhere, staff)
    console_login(client, staff)
    before = client.session.session_key

    begun = client.post(PAGE, {"act": "begin", "current_password": PASSWORD})
    device = Authenticator.objects.get()
    html = begun.content.decode()
    assert device.secret in html
    assert re.search(r"<svg [^>]*>", html)
    assert "script-src" not in begun["Content-Security-Policy"]
    assert "no-store" in begun["Cache-Control"]
    wrong = client.post(PAGE, {"act": "confirm", "otp": wrong_code(device)})
    assert device.secret not in wrong.content.decode()
    assert "The code is wrong" in wrong.content.decode()
    Authenticator.objects.update(throttling_failure_count=0)
    added = client.post(PAGE, {"act": "confirm", "otp": code_of(device)})

    assert len(re.findall(r"<code>[a-z2-7]{5}-[a-z2-7]{5}</code>", added.content.decode())) == 10
    assert User.objects.get().authenticator == device
    assert client.session.session_key != before
    assert is_in_console(client)
    assert elsewhere.get(PAGE).url.startswith(LOGIN)  # the session from before is over
    assert kinds(staff)[-1] == SecurityEventKind.FACTOR_ADDED


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"act": "begin", "current_password": "wrong"}, "Give your current password"),
        ({"act": "begin"}, "This field is required"),
        ({"act": "confirm", "otp": "123456"}, "nothing was begun"),
        ({"act": "confirm"}, "This field is required"),
        ({"act": "remove", "otp": "123456"}, "There is no second factor yet"),
        ({"act": "remove"}, "This field is required"),
        ({"act": "explode"}, "Show first that it is you"),
    ],
)
def test_refusals_are_shown(client, staff, form, text):
    console_login(client, staff)

    answer = client.post(PAGE, form)

    assert answer.status_code == 200
    assert text in answer.content.decode()


def test_tries_are_limited(client, staff, settings):
    settings.RATES = {**settings.RATES, "second_factor": "1/m"}
    console_login(client, staff)

    answers = [client.post(PAGE, {"act": "begin", "current_password": "wrong"}).content.decode() for _ in range(2)]

    assert ["Too many tries" in html for html in answers] == [False, True]


def test_staff_without_one_can_leave(client, staff):
    console_login(client, staff)

    client.post(reverse("admin:logout"))

    assert client.get(PAGE).url.startswith(LOGIN)


# Removal and reset


def test_removing_it_keeps_this_session_and_ends_the_others(console, holder, steady):
    session_open(email=holder.email, password=PASSWORD, otp=code_of(holder.authenticator, steps=1))
    steady.shift(2 * STEP_S)
    page = console.get(PAGE).content.decode()
    assert "Recovery codes left: 10" in page

    answer = console.post(PAGE, {"act": "remove", "otp": code_of(holder.authenticator)})

    assert answer.url == PAGE
    assert User.objects.get().authenticator is None
    assert Session.objects.filter(ended_at=None).count() == 0
    assert not is_in_console(console)
    assert b"Add a second factor" in console.get(PAGE).content


def test_a_reset_ends_sessions_of_the_console(console, holder):
    second_factor_reset(user_id=holder.pk, reason="Lost phone")

    assert console.get(PAGE).url.startswith(LOGIN)


def test_devices_are_not_edited_in_the_console(console):
    for model in ("otp_totp/totpdevice", "otp_static/staticdevice"):
        assert console.get(f"/admin/{model}/").status_code == 404
