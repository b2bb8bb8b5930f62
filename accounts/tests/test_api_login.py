import jwt
import pytest
from django.conf import settings as configured

from accounts.enums import UserStatus
from accounts.models import Session
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, bearer, error, masked, post
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


def test_login_gives_a_pair_with_these_claims(user):
    answer = post("login", {"email": "ADA@example.com", "password": PASSWORD})

    body, session = answer.json(), Session.objects.get()
    access, refresh = (
        jwt.decode(body[name], configured.SECRET_KEY, ["HS256"], audience="fixmate-api", issuer="fixmate")
        for name in ("access_token", "refresh_token")
    )
    common = {
        "sub": str(user.pk),
        "email": "ada@example.com",
        "user_type": "CUSTOMER",
        "sid": str(session.pk),
        "iss": "fixmate",
        "aud": "fixmate-api",
        "iat": int(session.refreshed_at.timestamp()),
    }
    assert (body["token_type"], body["expires_in"], body["user"]["role"]) == ("bearer", 1800, "CUSTOMER")
    assert answer.headers["Cache-Control"] == "no-store"
    assert access == {**common, "token_type": "access", "jti": access["jti"], "exp": common["iat"] + 1800}
    assert refresh == {
        **common,
        "token_type": "refresh",
        "jti": str(session.refresh_jti),
        "exp": int(session.expires_at.timestamp()),
    }
    assert access["jti"] != refresh["jti"]


def test_login_takes_the_oauth2_password_form(user):
    form = {
        "grant_type": "password",
        "username": "ada@example.com",
        "password": PASSWORD,
        "scope": "",
        "client_id": "app",
        "client_secret": "",
    }

    answer = client_for().post(
        f"{AUTH}/login",
        "&".join(f"{name}={value.replace(' ', '+')}" for name, value in form.items()),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == str(user.pk)


def test_login_form_is_bounded(settings):
    answer = client_for().post(
        f"{AUTH}/login",
        "username=" + "a" * settings.MAX_BODY_BYTES,
        content_type="application/x-www-form-urlencoded",
    )

    assert error(answer) == (413, "PAYLOAD_TOO_LARGE")


def test_forms_are_for_login_alone():
    answer = client_for().post(f"{AUTH}/register", "a=b", content_type="application/x-www-form-urlencoded")

    assert error(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_login_refuses_unknown_wrong_and_unusable_alike(user):
    UserFactory(email="bob@example.com")

    wrong_one = masked(post("login", {"email": "ada@example.com", "password": "not the password"}))
    unusable = masked(post("login", {"email": "bob@example.com", "password": "not the password"}))
    unknown = masked(post("login", {"email": "nobody@example.com", "password": "not the password"}))

    assert (wrong_one["status"], wrong_one["body"]["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    assert wrong_one["headers"]["WWW-Authenticate"] == 'Bearer realm="api"'
    assert wrong_one == unusable == unknown


def test_login_tells_a_suspended_owner():
    UserFactory(email="ada@example.com", password=PASSWORD, status=UserStatus.SUSPENDED)

    assert error(post("login", {"email": "ada@example.com", "password": PASSWORD})) == (403, "ACCOUNT_SUSPENDED")


@pytest.mark.parametrize("path", ["login", "refresh", "register", "send-otp", "verify-otp"])
def test_a_stale_token_in_the_header_does_not_bar_the_way_in(path):
    answer = bearer("stale").post(f"{AUTH}/{path}", {})

    assert error(answer) == (400, "VALIDATION_ERROR")


def test_login_is_limited_and_says_when_to_come_back(user, settings):
    settings.RATES = {**settings.RATES, "login": "3/m"}
    body = {"email": "ada@example.com", "password": "not the password"}
    first = [post("login", body).status_code for _ in range(3)]

    answer = post("login", {**body, "password": PASSWORD})

    assert first == [401] * 3
    assert error(answer) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert Session.objects.count() == 0


@pytest.mark.parametrize(
    ("rate", "path"), [("register", "register"), ("codes", "send-otp"), ("codes", "verify-otp"), ("refresh", "refresh")]
)
def test_every_way_in_is_limited(rate, path, settings):
    settings.RATES = {**settings.RATES, rate: "1/m"}
    first = post(path)

    assert first.status_code == 400
    assert error(post(path)) == (429, "RATE_LIMITED")
