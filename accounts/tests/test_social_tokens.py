"""What a provider's token must be, and that it is good once."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import jwt
import pytest

from accounts.enums import SecurityEventKind, SocialProvider
from accounts.errors import ProviderTokenInvalid
from accounts.models import SecurityEvent, Session, SocialIdentity, SpentToken, User
from accounts.services import session_open_by_provider, spent_tokens_purge
from accounts.tasks import purge_spent_tokens
from accounts.tests.helpers import error, kinds, masked, post
from accounts.tests.providers import CLIENT_IDS, NONCE, claims_of, jwk, nonce_hash, private_key, sign_in, token
from fixmate.core import clock
from fixmate.core.models import OutboxMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("providers")]
WRITTEN = (User, SocialIdentity, Session, OutboxMessage)


BAD = {
    "another issuer": lambda: token(iss="https://accounts.example.com"),
    "no issuer": lambda: token(iss=None),
    "Apple's issuer": lambda: token(iss="https://appleid.apple.com"),
    "another app": lambda: token(aud="somebody.apps.googleusercontent.com"),
    "several apps": lambda: token(aud=[CLIENT_IDS["GOOGLE"], "somebody"]),
    "our app in a list": lambda: token(aud=[CLIENT_IDS["GOOGLE"]]),
    "no app": lambda: token(aud=None),
    "over": lambda: token(exp=int(clock.now().timestamp()) - 61),
    "no end": lambda: token(exp=None),
    "an end that is none": lambda: token(exp=float("nan")),
    "an endless end": lambda: token(exp=10**30),
    "an end in words": lambda: token(exp="tomorrow"),
    "an end that is true": lambda: token(exp=True),
    "not yet made": lambda: token(iat=int(clock.now().timestamp()) + 61),
    "not yet good": lambda: token(nbf=int(clock.now().timestamp()) + 61),
    "no beginning": lambda: token(iat=None),
    "no subject": lambda: token(sub=None),
    "an empty subject": lambda: token(sub=""),
    "a long subject": lambda: token(sub="1" * 256),
    "a number for a subject": lambda: token(sub=1077),
    "a broken subject": lambda: token(sub="10\x0077"),
    "another key of the same id": lambda: jwt.encode(
        jwt.decode(token(), options={"verify_signature": False}), private_key("k2"), "RS256", headers={"kid": "k1"}
    ),
    "an unknown key": lambda: token(key_id="k2"),
    "no key id": lambda: jwt.encode(claims_of(), private_key(), "RS256"),
    "a curve, from Google": lambda: token(key_id="ec1"),
    "RS256 with the curve's id": lambda: token(headers={"kid": "ec1"}),
    "none": lambda: jwt.encode({"sub": "1"}, "", "none", headers={"kid": "k1"}),
    "the public key as a secret": lambda: hmac_with_public_key(),
    "a key of its own": lambda: token(key_id="k2", headers={"jwk": jwk("k2"), "kid": "k2"}),
    "a key elsewhere": lambda: token(key_id="k2", headers={"jku": "https://evil.example/keys"}),
    "an extension": lambda: token(headers={"crit": ["exp"], "exp": 1}),
    "a nonce nobody gave": lambda: token(nonce=nonce_hash()),
    "changed": lambda: changed(token()),
    "cut": lambda: token()[:-20],
    "no token": lambda: "not a token",
    "three parts of nothing": lambda: "..",
    "other letters": lambda: "ü.ü.ü",
}


def hmac_with_public_key() -> str:
    """The oldest trick: the key everybody knows, taken for a shared secret."""
    part = [urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=") for it in ({"alg": "HS256", "kid": "k1"}, {})]
    body = jwt.decode(token(), options={"verify_signature": False})
    part[1] = urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=")
    secret = json.dumps(jwk("k1")).encode()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(b".".join(part), secret)
    return b".".join([*part, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def changed(good: str) -> str:
    head, body, signature = good.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    other = urlsafe_b64encode(json.dumps({**claims, "sub": "1078"}).encode()).decode().rstrip("=")
    return f"{head}.{other}.{signature}"


@pytest.mark.parametrize("made", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_refused_and_nothing_but_that_is_written(made):
    answer = post("social", {"provider": "GOOGLE", "id_token": made()})

    assert error(answer) == (401, "SOCIAL_TOKEN_INVALID")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    for model in (*WRITTEN, SpentToken):
        assert model.objects.count() == 0
    assert kinds() == [SecurityEventKind.LOGIN_REFUSED]


def test_every_refusal_of_a_token_looks_the_same():
    names = ("another issuer", "over", "another key of the same id", "no token")
    answers = [masked(post("social", {"provider": "GOOGLE", "id_token": BAD[name]()})) for name in names]

    assert answers[1:] == answers[:1] * 3


def test_a_secret_among_the_keys_signs_nothing(settings):
    secret = {"kty": "oct", "kid": "s1", "k": urlsafe_b64encode(b"s" * 32).decode().rstrip("=")}
    settings.GOOGLE_KEYS = json.dumps({"keys": [jwk("k1"), secret]})
    claims = jwt.decode(token(), options={"verify_signature": False})
    made = jwt.encode(claims, b"s" * 32, "HS256", headers={"kid": "s1"})

    assert error(post("social", {"provider": "GOOGLE", "id_token": made})) == (401, "SOCIAL_TOKEN_INVALID")


@pytest.mark.parametrize(
    "facts", [{"iss": "accounts.google.com"}, {"aud": "another.apps.googleusercontent.com"}, {"nbf": 1}]
)
def test_what_a_good_token_may_say(facts):
    assert sign_in(**facts).status_code == 200


def test_clocks_may_be_a_minute_apart():
    now = int(clock.now().timestamp())

    assert sign_in(iat=now + 50, nbf=now + 50).status_code == 200
    assert sign_in(exp=now - 50).status_code == 200


def test_googles_token_is_not_apples():
    assert error(post("social", {"provider": "APPLE", "id_token": token("GOOGLE")})) == (401, "SOCIAL_TOKEN_INVALID")


# Nonce


@pytest.mark.parametrize(
    ("held", "given", "is_good"),
    [
        (nonce_hash(), NONCE, True),
        (nonce_hash().upper(), NONCE, True),
        (nonce_hash(" blank "), " blank ", True),
        (nonce_hash(), nonce_hash(), False),
        (NONCE, NONCE, False),
        (nonce_hash(), "another", False),
        (nonce_hash(), None, False),
        (nonce_hash(""), "", None),
        (None, NONCE, False),
        (7, NONCE, False),
        (None, None, True),
    ],
)
def test_the_nonce_is_what_the_token_has_the_hash_of(held, given, is_good):
    answer = sign_in(body={"nonce": given}, nonce=held)

    if is_good:
        assert answer.status_code == 200
    else:
        wanted = (401, "SOCIAL_TOKEN_INVALID") if is_good is False else (400, "VALIDATION_ERROR")
        assert (error(answer), Session.objects.count()) == (wanted, 0)


# Once


def test_a_token_is_good_once():
    body = {"provider": "GOOGLE", "id_token": token()}
    first = post("social", body)
    again = post("social", body)

    assert (first.status_code, error(again)) == (200, (401, "SOCIAL_TOKEN_INVALID"))
    assert (Session.objects.count(), SpentToken.objects.count()) == (1, 1)
    assert SecurityEvent.objects.order_by("-id")[0].kind == SecurityEventKind.LOGIN_REFUSED


def test_a_signature_written_differently_makes_no_other_token():
    """The last letter of a signature has bits that no byte needs: there are several ways to write it."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = token(key_id="k1")
    twin = good[:-1] + letters[letters.index(good[-1]) ^ 1]
    head = good.rpartition(".")[2]
    assert urlsafe_b64decode(head + "==") == urlsafe_b64decode(twin.rpartition(".")[2] + "==")

    assert post("social", {"provider": "GOOGLE", "id_token": good}).status_code == 200
    assert error(post("social", {"provider": "GOOGLE", "id_token": twin})) == (401, "SOCIAL_TOKEN_INVALID")


def test_a_spent_token_is_kept_until_it_is_of_no_use_anyway():
    body = {"provider": "GOOGLE", "id_token": token()}
    post("social", body)
    expires_at = SpentToken.objects.get().expires_at

    with clock.frozen(expires_at - timedelta(seconds=1)):
        assert spent_tokens_purge() == 0
        assert error(post("social", body)) == (401, "SOCIAL_TOKEN_INVALID")
    with clock.frozen(expires_at):
        purge_spent_tokens()

    assert SpentToken.objects.count() == 0
    assert expires_at - clock.now() > timedelta(hours=1, minutes=59)


def test_neither_token_nor_nonce_nor_subject_is_logged(caplog, capsys):
    bad = token(nonce=nonce_hash(), aud="another")
    with pytest.raises(ProviderTokenInvalid):
        session_open_by_provider(provider=SocialProvider.GOOGLE, id_token=bad, nonce=NONCE)

    logged = caplog.text + "".join(capsys.readouterr())
    assert "social.token_refused" in logged
    for secret in (bad, NONCE, nonce_hash(), "1077", "ada@"):
        assert secret not in logged.lower()
