"""What asks for a fresh login: farewell and export."""

from datetime import timedelta

import pytest

from accounts.enums import SecurityEventKind, UserStatus
from accounts.models import Session, User
from accounts.services import code_request
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, bearer, error, kinds, logged_in, wrong
from fixmate.core import clock
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db
REFUSED = (403, "REAUTHENTICATION_REQUIRED")
ACTS = pytest.mark.parametrize(("method", "path", "good"), [("delete", "me", 204), ("get", "me/export", 200)])


@pytest.fixture
def stale(user):
    """A client whose login is eleven minutes ago."""
    client = logged_in(user)
    Session.objects.update(authenticated_at=clock.now() - timedelta(minutes=11))
    return client


def act(client, method, path):
    return getattr(client, method)(f"{AUTH}/{path}")


@ACTS
def test_a_fresh_login_is_enough(user, login, method, path, good):
    client = bearer(login(user)["access_token"])

    assert act(client, method, path).status_code == good


@ACTS
def test_a_login_long_ago_is_not(stale, user, method, path, good):
    answer = act(stale, method, path)

    assert error(answer) == REFUSED
    assert User.objects.get().status == UserStatus.ACTIVE
    assert kinds(user) == []


@ACTS
def test_showing_again_who_one_is_opens_it(stale, method, path, good):
    shown = stale.post(f"{AUTH}/reauthenticate", {"current_password": PASSWORD})

    assert (shown.status_code, shown.content) == (204, b"")
    assert act(stale, method, path).status_code == good


def test_a_login_code_shows_it_too_and_works_once(texted_code):
    user = UserFactory(email=None, phone="+12025550143")
    client = logged_in(user)
    Session.objects.update(authenticated_at=None)
    code_request(phone=user.phone)
    code = texted_code()

    answers = [client.post(f"{AUTH}/reauthenticate", {"code": given}) for given in (wrong(code), code, code)]

    assert [answer.status_code for answer in answers] == [403, 204, 403]
    assert act(client, "get", "me/export").status_code == 200


@pytest.mark.parametrize("proof", [{}, {"current_password": "wrong"}, {"code": "123456"}])
def test_a_wrong_proof_opens_nothing(stale, user, proof):
    answer = stale.post(f"{AUTH}/reauthenticate", proof)

    assert error(answer) == REFUSED
    assert error(act(stale, "delete", "me")) == REFUSED
    assert kinds(user) == [SecurityEventKind.REAUTH_REFUSED]


def test_it_is_shown_by_one_session_for_itself_alone(stale, user):
    logged_in(user).post(f"{AUTH}/reauthenticate", {"current_password": PASSWORD})

    assert error(act(stale, "delete", "me")) == REFUSED


def test_refreshing_is_no_login(user, login):
    tokens = login(user)
    Session.objects.update(authenticated_at=clock.now() - timedelta(minutes=11))
    renewed = client_for().post(f"{AUTH}/refresh", {"refresh_token": tokens["refresh_token"]}).json()

    assert error(act(bearer(renewed["access_token"]), "delete", "me")) == REFUSED


def test_passwords_are_not_tried_without_end(stale, settings):
    settings.RATES = {**settings.RATES, "password": "2/m"}

    found = [stale.post(f"{AUTH}/reauthenticate", {"current_password": "wrong"}).status_code for _ in range(3)]

    assert found == [403, 403, 429]


def test_a_session_from_before_has_to_show_it(user):
    client = logged_in(user)
    Session.objects.update(authenticated_at=None)

    assert error(act(client, "delete", "me")) == REFUSED


def test_without_a_session_there_is_nothing_to_open(user):
    """A request that was let in by something else than a token."""
    answer = client_for(user).post(f"{AUTH}/reauthenticate", {"current_password": PASSWORD})

    assert error(answer) == (401, "TOKEN_INVALID")
    assert error(act(client_for(user), "delete", "me")) == REFUSED
