"""Tokens made to deceive: each is a 401 in the envelope, whatever of it is odd, and nothing crashes on it."""

import hashlib
import hmac

import pytest
from django.conf import settings as configured

from accounts.models import Session
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, bearer, post
from accounts.tests.tokens import HASHES, PUBLIC_KEY, claims_of, made, now, part, refused, refused_everywhere

pytestmark = pytest.mark.django_db
EVIL_URL = "http://169.254.169.254/keys.json"


@pytest.fixture
def session(user, login):
    login(user)
    return Session.objects.get()


def test_a_token_put_together_like_ours_is_accepted(session):
    """The control: were this refused, the others would show nothing."""
    assert bearer(made({"alg": "HS256", "typ": "JWT"}, claims_of(session))).get(f"{AUTH}/me").status_code == 200


# The algorithm


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", " none", "none ", "", None, 0, True, ["none"], {}])
@pytest.mark.parametrize("signature", ["", None, "AAAA"], ids=["unsigned", "our signature", "any"])
def test_without_an_algorithm_no_token_is_good(session, alg, signature):
    refused_everywhere(made({"alg": alg, "typ": "JWT"}, claims_of(session), signature=signature))


@pytest.mark.parametrize(
    "alg", ["HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256", ["HS256"], "HS256,none"]
)
def test_another_algorithm_is_refused_though_our_key_signed(session, alg):
    header = {"alg": alg, "typ": "JWT"}
    signed = f"{part(header)}.{part(claims_of(session))}"
    hash_of = HASHES.get(alg, hashlib.sha256) if isinstance(alg, str) else hashlib.sha256
    signature = part(hmac.new(configured.SECRET_KEY.encode(), signed.encode(), hash_of).digest())

    refused_everywhere(f"{signed}.{signature}")


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, [], "HS256", None, 1, b"\xff", b"{", b"[" * 1400])
def test_a_header_that_names_no_algorithm_is_refused(session, header):
    refused_everywhere(made(header, claims_of(session)))


@pytest.mark.parametrize(
    "key", ["", " ", "secret", "0" * 64, PUBLIC_KEY, PUBLIC_KEY.strip(), "null", "fixmate", "HS256"], ids=repr
)
def test_another_key_is_refused(session, key):
    refused_everywhere(made({"alg": "HS256", "typ": "JWT"}, claims_of(session), key))


# What a header may point to


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"kid": "../../../../dev/null"}, ""),
        ({"kid": "/proc/sys/kernel/randomize_va_space"}, "2\n"),
        ({"kid": "x' UNION SELECT 'attacker' -- "}, "attacker"),
        ({"kid": EVIL_URL}, "attacker"),
        ({"kid": "| sleep 10"}, "attacker"),
        ({"kid": 0}, "attacker"),
        ({"kid": None}, "attacker"),
        ({"kid": ["a"]}, "attacker"),
        ({"jku": EVIL_URL}, "attacker"),
        ({"jwk": {"kty": "oct", "k": part(b"attacker")}}, "attacker"),
        ({"jwk": PUBLIC_KEY}, PUBLIC_KEY),
        ({"x5u": EVIL_URL}, "attacker"),
        ({"x5c": [part(b"attacker")]}, "attacker"),
        ({"x5t": part(b"attacker")}, "attacker"),
        ({"zip": "DEF"}, "attacker"),
        ({"cty": "JWT"}, "attacker"),
    ],
    ids=str,
)
def test_a_header_does_not_choose_the_key(session, header, key):
    refused_everywhere(made({"alg": "HS256", "typ": "JWT", **header}, claims_of(session), key))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": ["fixmate"], "fixmate": True},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"crit": {"b64": 1}},
    ],
    ids=str,
)
def test_what_we_would_have_to_understand_is_refused_though_our_key_signed(session, header):
    refused_everywhere(made({"alg": "HS256", "typ": "JWT", **header}, claims_of(session)))


# The claims


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "fixmate"},
        {"aud": []},
        {"aud": ["other"]},
        {"aud": "fixmate-api "},
        {"aud": 1},
        {"iss": None},
        {"iss": "fixmate.evil"},
        {"iss": ["fixmate"]},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 0},
        {"exp": -1},
        {"exp": 10**400},
        {"exp": 1e300},
        {"exp": [1]},
        {"exp": True},
        {"nbf": 10**12},
        {"nbf": "later"},
        {"nbf": [1]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "01890000-0000-7000-8000-000000000000"},
        {"sid": None},
        {"sid": ""},
        {"sid": "1 OR 1=1"},
        {"sid": ["a"]},
        {"sid": {"a": 1}},
        {"sid": 10**40},
        {"sid": "01890000-0000-7000-8000-000000000000"},
        {"jti": None},
        {"jti": 7},
        {"jti": ["a"]},
        {"token_type": None},
        {"token_type": "refresh"},
        {"token_type": "ACCESS"},
        {"token_type": ["access"]},
        {"token_type": "sliding"},
    ],
    ids=str,
)
def test_an_access_token_with_a_wrong_claim_is_refused_though_our_key_signed(session, changes):
    refused(bearer(made({"alg": "HS256", "typ": "JWT"}, claims_of(session, **changes))).get(f"{AUTH}/me"))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "fixmate"},
        {"iss": None},
        {"exp": None},
        {"exp": 0},
        {"exp": 10**400},
        {"exp": 1e300},
        {"nbf": 10**12},
        {"sid": None},
        {"sid": ["a"]},
        {"sid": 10**40},
        {"sid": "01890000-0000-7000-8000-000000000000"},
        {"jti": None},
        {"jti": "no id"},
        {"token_type": "access"},
        {"token_type": None},
    ],
    ids=str,
)
def test_a_refresh_token_with_a_wrong_claim_is_refused_though_our_key_signed(session, changes):
    token = made({"alg": "HS256", "typ": "JWT"}, claims_of(session, **{"token_type": "refresh", **changes}))

    refused(post("refresh", {"refresh_token": token}))

    held = Session.objects.get()
    assert (held.ended_at, held.refresh_jti) == (None, session.refresh_jti)


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"{", b"\xff", b"[" * 1400])
def test_claims_that_are_no_object_are_refused_though_our_key_signed(session, payload):
    refused_everywhere(made({"alg": "HS256", "typ": "JWT"}, payload))


def test_the_session_of_somebody_else_is_not_taken_over(session, login):
    other = UserFactory(email="bob@example.com", password=PASSWORD)

    refused(bearer(made({"alg": "HS256"}, claims_of(session, sub=str(other.pk)))).get(f"{AUTH}/me"))


@pytest.mark.parametrize(("claim", "skew"), [("exp", -11), ("nbf", 12)])
def test_skew_beyond_the_leeway_is_refused(session, claim, skew):
    assert configured.SIMPLE_JWT["LEEWAY"] == 10

    refused(bearer(made({"alg": "HS256"}, claims_of(session, **{claim: now() + skew}))).get(f"{AUTH}/me"))
