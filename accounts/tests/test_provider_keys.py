"""Where the keys of providers come from, by a real server: when it is asked, and what a login gets when it fails."""

import json
import threading
import time

import pytest
from django.db import connection

from accounts import provider_keys
from accounts.models import Session, SocialIdentity, SpentToken, User
from accounts.provider_keys import KeyRing, KeysAway, keys_read
from accounts.tests.helpers import error, post
from accounts.tests.providers import CLIENT_IDS, KeyServer, jwk, key_set, token
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.races import at_once


@pytest.fixture
def server():
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
def ring(server):
    return KeyRing(server.url)


@pytest.fixture
def passed(monkeypatch):
    """Return the call that lets seconds pass for the ring."""
    offset = [0.0]
    monkeypatch.setattr(provider_keys, "monotonic", lambda: time.monotonic() + offset[0])

    def let_pass(seconds):
        offset[0] += seconds

    return let_pass


# Reading a set


def test_keys_are_those_for_signing_that_can_be_used():
    entries = [
        jwk("k1"),
        jwk("ec1"),
        jwk("k2", use=None, alg=None),
        jwk("k3", use="enc"),
        jwk("k4", kid=None),
        jwk("k5", kty="XYZ", alg=None),
    ]

    keys = keys_read(json.dumps({"keys": entries}))

    assert {name: key.algorithm_name for name, key in keys.items()} == {"k1": "RS256", "ec1": "ES256", "k2": "RS256"}


@pytest.mark.parametrize(
    "document", ["{}", "[]", "7", "not json", '{"keys": []}', '{"keys": 7}', '{"keys": [7]}', b"\xff\xfe\x00"]
)
def test_nonsense_is_no_key_set(document):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        keys_read(document)


# When the provider is asked


def test_the_set_is_asked_for_once_and_as_it_should_be(ring, server):
    server.body = key_set("k1", "ec1").encode()

    found = [ring.key(name).key_id for name in ("k1", "ec1", "k1")]

    assert found == ["k1", "ec1", "k1"]
    ((path, headers),) = server.asked
    assert (path, headers["Accept-Encoding"]) == ("/keys", "identity")


@pytest.mark.parametrize(
    ("headers", "kept_s"),
    [
        ({"Cache-Control": "public, max-age=20000, must-revalidate"}, 20_000),
        ({"Cache-Control": "public, max-age=20000", "Age": "5000"}, 15_000),
        ({"Cache-Control": "public, max-age=20000", "Age": "old"}, 20_000),
        ({"Cache-Control": "max-age=0"}, 60),
        ({"Cache-Control": "no-store"}, 3600),
        ({"Cache-Control": "max-age=99999999"}, 86_400),
        ({}, 3600),
    ],
)
def test_an_answer_is_kept_as_long_as_it_says(headers, kept_s, ring, server, passed):
    server.headers = headers
    ring.key("k1")

    passed(kept_s - 5)
    ring.key("k1")
    assert len(server.asked) == 1
    passed(10)
    ring.key("k1")

    assert len(server.asked) == 2


def test_an_unknown_key_is_asked_for_once_a_minute(ring, server, passed):
    assert ring.key("k1") is not None
    server.body = key_set("k1", "k2").encode()

    assert [ring.key(f"made up {number}") for number in range(50)] == [None] * 50
    assert (ring.key("k2"), len(server.asked)) == (None, 1)
    passed(61)
    assert ring.key("k2").key_id == "k2"
    assert [ring.key(f"made up {number}") for number in range(50)] == [None] * 50

    assert len(server.asked) == 2


def test_a_key_that_is_gone_is_not_taken_any_more(ring, server, passed):
    ring.key("k1")
    server.body = key_set("k2").encode()
    passed(20_001)

    assert ring.key("k1") is None
    assert ring.key("k2") is not None


def test_many_at_once_ask_once(ring, server):
    def answer_late(handler):
        time.sleep(0.3)
        server.answer_plainly(handler)

    server.answer = answer_late

    found = at_once(*[lambda: ring.key("k1")] * 8)

    assert [key.key_id for key in found] == ["k1"] * 8
    assert len(server.asked) == 1


# When it fails


def drip(server):
    """Send a byte now and then: never silent for long, and never done."""

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not handler.server.ended.is_set():
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    server.ended = threading.Event()
    server.answer = answer


def be_silent(server):
    server.ended = threading.Event()
    server.answer = lambda handler: server.ended.wait(5)


def be_huge(server):
    server.body = key_set().encode() + b" " * 70_000


def be_packed(server):
    server.headers = {"Content-Encoding": "gzip"}
    server.body = b"\x1f\x8b" + b"\x00" * 100


def redirect(server):
    server.status, server.headers = 302, {"Location": server.url + "/elsewhere"}


def fail(server):
    server.status = 500


def talk_nonsense(server):
    server.body = b"<html>Sign in to the wireless network</html>"


def have_no_keys(server):
    server.body = b'{"keys": []}'


def be_deep(server):
    server.body = b"[" * 50_000


def be_away(server):
    server.close()


FAULTS = [drip, be_silent, be_huge, be_packed, redirect, fail, talk_nonsense, have_no_keys, be_deep, be_away]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(provider_keys, "_TIMEOUT", 0.4)
    monkeypatch.setattr(provider_keys, "_TOTAL_S", 0.4)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_login_is_refused_for_now_and_nothing_is_written(fault, server, impatient, settings):
    settings.GOOGLE_CLIENT_IDS, settings.GOOGLE_KEYS_URL = [CLIENT_IDS["GOOGLE"]], server.url
    fault(server)

    answer = post("social", {"provider": "GOOGLE", "id_token": token()})
    again = post("social", {"provider": "GOOGLE", "id_token": token()})

    assert error(answer) == error(again) == (503, "SOCIAL_PROVIDER_AWAY")
    assert answer.headers["Retry-After"] == "5"
    assert len(server.asked) <= 1  # the second time nobody was asked
    for model in (User, SocialIdentity, SpentToken, Session, OutboxMessage):
        assert model.objects.count() == 0
    if hasattr(server, "ended"):
        server.ended.set()


def test_after_the_pause_it_is_asked_again(server, passed, monkeypatch):
    ring = KeyRing(server.url)
    ring._breaker._pause_s = 0.1
    fail(server)
    with pytest.raises(KeysAway, match="answered 500"):
        ring.key("k1")
    server.status = 200
    time.sleep(0.15)

    assert ring.key("k1").key_id == "k1"


def test_known_keys_are_good_while_the_provider_is_away(ring, server, passed):
    ring.key("k1")
    fail(server)
    passed(61)

    with pytest.raises(KeysAway):
        ring.key("made up")

    assert ring.key("k1").key_id == "k1"


def test_an_address_that_is_none_is_away():
    with pytest.raises(KeysAway):
        KeyRing("http://[").key("k1")


# With a transaction


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_provider_is_asked(server, settings, monkeypatch):
    settings.APPLE_CLIENT_IDS, settings.APPLE_KEYS_URL = [CLIENT_IDS["APPLE"]], server.url
    seen, fetch = [], provider_keys._fetch
    monkeypatch.setattr(provider_keys, "_fetch", lambda url: seen.append(connection.in_atomic_block) or fetch(url))

    answer = post("social", {"provider": "APPLE", "id_token": token("APPLE")})

    assert (answer.status_code, seen) == (200, [False])
