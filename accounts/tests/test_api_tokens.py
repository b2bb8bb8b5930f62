from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import jwt
import pytest
from django.conf import settings as configured

from accounts.enums import SessionEnd
from accounts.models import SecurityEvent, Session, User
from accounts.services import user_erase, user_suspend
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, bearer, error, post
from fixmate.core import clock
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


def forged(user, session, *, key=None, algorithm="HS256", **changes) -> str:
    at = int(datetime.now(UTC).timestamp())
    claims = {
        "token_type": "access",
        "sub": str(user.pk),
        "sid": str(session.pk),
        "jti": "1",
        "iat": at,
        "exp": at + 600,
        "aud": "fixmate-api",
        "iss": "fixmate",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, "" if algorithm == "none" else key or configured.SECRET_KEY, algorithm)


def test_a_token_made_like_ours_is_accepted(user, login):
    login(user)

    assert bearer(forged(user, Session.objects.get())).get(f"{AUTH}/me").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "k" * 64},
        {"algorithm": "none"},
        {"algorithm": "HS512"},
        {"token_type": "refresh"},
        {"token_type": None},
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"sid": None},
        {"sid": "no id"},
        {"sid": 7},
        {"sid": "01890000-0000-7000-8000-000000000000"},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_ours_is_refused(user, login, changes):
    login(user)

    answer = bearer(forged(user, Session.objects.get(), **changes)).get(f"{AUTH}/me")

    assert error(answer) == (401, "TOKEN_INVALID")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


FORM = "application/x-www-form-urlencoded"


def test_refresh_takes_the_form_of_oauth2_clients(user, login):
    refresh_token = login(user)["refresh_token"]
    grant = {"grant_type": "refresh_token", "client_id": "panel", "client_secret": "", "scope": ""}
    grant["allow_redirects"] = "True"  # of no meaning here: requests-oauthlib sends it along

    answer = post("refresh", urlencode({**grant, "refresh_token": refresh_token}), content_type=FORM)
    again = post("refresh", {"refresh_token": answer.json()["refresh_token"]})

    assert (answer.status_code, again.status_code) == (200, 200)
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"grant_type": "refresh_token"}, (400, "VALIDATION_ERROR")),
        ({"grant_type": "refresh_token", "refresh_token": ""}, (400, "VALIDATION_ERROR")),
        ({"grant_type": "refresh_token", "refresh_token": "x" * 4001}, (400, "VALIDATION_ERROR")),
        ({"refresh_token": "x"}, (401, "TOKEN_INVALID")),
    ],
)
def test_a_form_that_refreshes_nothing_is_refused_as_json_is(fields, refusal):
    assert error(post("refresh", urlencode(fields), content_type=FORM)) == refusal
    assert error(post("refresh", {name: fields[name] for name in fields if name != "grant_type"})) == refusal


def test_a_host_whose_clock_lags_takes_fresh_tokens(user):
    """The database dates tokens: to a web host five minutes behind it they come from the future."""
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=5)):
        tokens = post("login", {"email": user.email, "password": PASSWORD}).json()
        me = bearer(tokens["access_token"]).get(f"{AUTH}/me")
        renewed = post("refresh", {"refresh_token": tokens["refresh_token"]})

    assert (me.status_code, renewed.status_code) == (200, 200)


@pytest.mark.parametrize(("offset", "is_good"), [(-31, False), (-5, True), (31, True)])
def test_a_token_is_over_when_it_says_so_give_or_take_half_a_minute(user, login, offset, is_good):
    login(user)
    ends = int(datetime.now(UTC).timestamp()) + offset

    answer = bearer(forged(user, Session.objects.get(), exp=ends)).get(f"{AUTH}/me")

    assert answer.status_code == (200 if is_good else 401)


def test_a_token_of_later_is_refused(user, login):
    login(user)

    answer = bearer(forged(user, Session.objects.get(), nbf=int(datetime.now(UTC).timestamp()) + 60)).get(f"{AUTH}/me")

    assert error(answer) == (401, "TOKEN_INVALID")


def test_deletion_bites_at_the_next_request(user, login):
    tokens = login(user)
    user_erase(user_id=user.pk)

    access = bearer(tokens["access_token"]).get(f"{AUTH}/me")
    refresh = post("refresh", {"refresh_token": tokens["refresh_token"]})

    assert error(access) == error(refresh) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize(("header", "code"), [("Bearer", "TOKEN_INVALID"), ("Basic YTpi", "AUTHENTICATION_REQUIRED")])
def test_a_header_without_a_token_is_refused(header, code):
    client = client_for()
    client.credentials(HTTP_AUTHORIZATION=header)

    assert error(client.get(f"{AUTH}/me")) == (401, code)


def test_a_request_is_authenticated_with_one_query(user, login, django_assert_num_queries):
    client = bearer(login(user)["access_token"])

    with django_assert_num_queries(1):
        answer = client.get(f"{AUTH}/me")

    assert answer.status_code == 200


def test_suspension_bites_at_the_next_request(user, login):
    tokens = login(user)
    user_suspend(user_id=user.pk, actor=UserFactory(admin=True), reason="Abuse")

    access = bearer(tokens["access_token"]).get(f"{AUTH}/me")
    refresh = post("refresh", {"refresh_token": tokens["refresh_token"]})

    assert error(access) == (403, "ACCOUNT_SUSPENDED")
    assert error(refresh) == (403, "ACCOUNT_SUSPENDED")


# Refresh


def test_refresh_repeated_by_the_same_device_gives_the_same_pair(user, login):
    tokens = login(user, **{"User-Agent": "phone"})

    pairs = [post("refresh", {"refresh_token": tokens["refresh_token"]}, headers={"User-Agent": "phone"}) for _ in "12"]

    assert [pair.status_code for pair in pairs] == [200, 200]
    assert pairs[0].json() == pairs[1].json()
    assert pairs[0].headers["Cache-Control"] == "no-store"


def test_refresh_reused_by_another_device_ends_the_family(user, login):
    tokens = login(user, **{"User-Agent": "phone"})
    newest = post("refresh", {"refresh_token": tokens["refresh_token"]}, headers={"User-Agent": "phone"}).json()

    stolen = post("refresh", {"refresh_token": tokens["refresh_token"]}, headers={"User-Agent": "thief"})

    assert error(stolen) == (401, "TOKEN_INVALID")
    assert Session.objects.get().end_reason == SessionEnd.REUSE
    assert error(post("refresh", {"refresh_token": newest["refresh_token"]})) == (401, "TOKEN_INVALID")
    assert error(bearer(newest["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")


def test_refresh_refuses_what_is_no_refresh_token(user, login):
    with clock.frozen(datetime.now(UTC) - timedelta(days=8)):
        too_old = login(user)["refresh_token"]
    access = login(user)["access_token"]

    answers = [post("refresh", {"refresh_token": token}) for token in (too_old, access, "rubbish", "a.b.c", "ü")]

    assert [error(answer) for answer in answers] == [(401, "TOKEN_INVALID")] * 5
    assert Session.objects.filter(ended_at__isnull=False).count() == 0


def test_no_token_is_stored(user, login):
    tokens = login(user)

    rows = str([list(model.objects.values()) for model in (User, Session, SecurityEvent)])

    assert tokens["access_token"] not in rows
    assert tokens["refresh_token"] not in rows


# Logout


@pytest.mark.parametrize("by", ["header", "body", "both"])
def test_logout_ends_the_session_and_both_its_tokens(user, login, by):
    tokens = login(user)
    client = client_for() if by == "body" else bearer(tokens["access_token"])
    body = {} if by == "header" else {"refresh_token": tokens["refresh_token"]}

    answers = [client.post(f"{AUTH}/logout", body).status_code for _ in "12"]

    assert answers == [204, 204]
    assert Session.objects.get().end_reason == SessionEnd.LOGOUT
    assert error(bearer(tokens["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert error(post("refresh", {"refresh_token": tokens["refresh_token"]})) == (401, "TOKEN_INVALID")


def test_logout_leaves_the_other_sessions(user, login):
    phone, laptop = login(user), login(user)

    bearer(phone["access_token"]).post(f"{AUTH}/logout")

    assert bearer(laptop["access_token"]).get(f"{AUTH}/me").status_code == 200


def test_logout_works_with_a_stale_access_token_beside_the_refresh_token(user, login):
    tokens = login(user)

    answer = bearer("stale").post(f"{AUTH}/logout", {"refresh_token": tokens["refresh_token"]})

    assert answer.status_code == 204
    assert Session.objects.get().end_reason == SessionEnd.LOGOUT


def test_logout_of_nobody_is_refused(user, login):
    login(user)

    assert error(post("logout")) == (401, "AUTHENTICATION_REQUIRED")
    assert error(bearer("rubbish").post(f"{AUTH}/logout")) == (401, "TOKEN_INVALID")
    assert error(post("logout", {"refresh_token": "rubbish"})) == (401, "TOKEN_INVALID")
    assert Session.objects.get().ended_at is None
