"""Tokens of lives that are over, tokens in odd places, and headers of odd shapes: each is a 401 in the envelope."""

import pytest
from django.test import Client

from accounts.models import Session
from accounts.services import session_end, user_erase
from accounts.tests.helpers import AUTH, bearer, post
from accounts.tests.tokens import claims_of, made, refused, refused_everywhere
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(user, login):
    login(user)
    return Session.objects.get()


# Lives that are over


def test_a_token_of_an_ended_session_is_refused(session):
    token = made({"alg": "HS256"}, claims_of(session))
    session_end(session_id=session.pk)

    refused(bearer(token).get(f"{AUTH}/me"))


def test_a_token_of_a_deleted_account_is_refused(session):
    token = made({"alg": "HS256"}, claims_of(session))
    user_erase(user_id=session.user_id)

    refused(bearer(token).get(f"{AUTH}/me"))


def test_access_and_refresh_tokens_do_not_stand_in_for_each_other(user, login):
    tokens = login(user)

    refused(bearer(tokens["refresh_token"]).get(f"{AUTH}/me"))
    refused(post("refresh", {"refresh_token": tokens["access_token"]}))


# Shapes


@pytest.mark.parametrize(
    "token",
    [
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "=.=.=",
        "null",
        "undefined",
        "\u00e9",
        "%00",
        "'--",
    ],
)
def test_what_is_no_token_is_refused(session, token):
    refused_everywhere(token)


@pytest.mark.parametrize("place", ["header", "claims", "signature"])
@pytest.mark.parametrize("size", [4_000, 1_000_000])
def test_a_huge_token_is_refused_though_our_key_signed(session, place, size):
    padding = "x" * size
    header = {"alg": "HS256", **({"x": padding} if place == "header" else {})}
    claims = claims_of(session, **({"x": padding} if place == "claims" else {}))
    signature = padding if place == "signature" else None

    refused(bearer(made(header, claims, signature=signature)).get(f"{AUTH}/me"))


@pytest.mark.parametrize("change", ["cut", "flipped", "swapped"])
def test_a_good_token_that_was_touched_is_refused(user, login, change):
    good = login(user)["access_token"]
    header, claims, signature = good.split(".")
    touched = {
        "cut": good[:-1],
        "flipped": f"{header}.{claims}.{('B' if signature[0] == 'A' else 'A') + signature[1:]}",
        "swapped": f"{claims}.{header}.{signature}",
    }[change]

    refused(bearer(touched).get(f"{AUTH}/me"))


# The request around it


@pytest.mark.parametrize(
    "shape",
    [
        "Bearer",
        "Bearer ",
        "bearer {}",
        "BEARER {}",
        "Bearer{}",
        "Bearer Bearer {}",
        "Bearer {} {}",
        "Bearer {}, Bearer {}",
        "Bearer {},Bearer {}",
        "Bearer bad,Bearer {}",
        'Bearer "{}"',
        "Bearer <{}>",
        "Bearer token={}",
        "Token {}",
        "JWT {}",
        "Basic {}",
        "{}",
        "Bearer \u00e9{}",
        "Bearer \u20ac",
        "Bearer \u2028{}",
        "Bearer\u00a0{}",
    ],
)
def test_a_header_of_another_shape_is_refused(user, login, shape):
    good = login(user)["access_token"]
    client = client_for()
    client.credentials(HTTP_AUTHORIZATION=shape.format(good, good))

    refused(client.get(f"{AUTH}/me"))


@pytest.mark.parametrize("name", ["token", "access_token", "jwt", "authorization", "Authorization"])
def test_a_token_outside_the_header_is_not_looked_at(user, login, name):
    good = login(user)["access_token"]
    client = Client()
    client.cookies[name] = good

    refused(client.get(f"{AUTH}/me", {name: good}))
    refused(client.get(f"{AUTH}/me", headers={"X-Access-Token": good, "Cookie": f"{name}={good}"}))
    refused(client.post(f"{AUTH}/change-password", {name: good}, content_type="application/json"))


def test_a_bad_token_is_refused_where_none_is_needed(session):
    """Whoever shows one is taken at his word, or an app would not notice that it is logged out."""
    refused(bearer(made({"alg": "none"}, claims_of(session), signature="")).get("/api/v1/services"))
