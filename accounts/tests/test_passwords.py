"""What may be a password, in which form it is kept, and hashes that other systems made."""

import hashlib
from functools import partial

import bcrypt
import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher, make_password

from accounts import hashers
from accounts.errors import InvalidCredentials
from accounts.models import Session, User
from accounts.services import password_change, session_open, staff_create, user_register
from accounts.services.credentials import password_hash
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, error, masked, post
from fixmate.core.errors import Invalid
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db
TRUE_HASHERS = configured.PASSWORD_HASHERS
ADA = {"email": "ada@example.com", "phone": "+12025550143", "first_name": "Augusta", "last_name": "Lovelace"}
LONG = "Ä" * 40 + " and what comes after the seventy-second byte"


@pytest.fixture
def true_hashers(settings):
    settings.PASSWORD_HASHERS = TRUE_HASHERS


# Rules

ALLOWED = {
    "eight characters": "brzlq wd",
    "digits alone": "84016297",
    "letters alone": "kvornbalq",
    "words": "correct horse battery",
    "sixty-four characters": "x9 " * 21 + "q",
    "128 characters": "ab c" * 32,
    "another script": "пятнадцать слонов",
    "emoji": "🔧🔩🪛🔨🪚🧰🚿🛁",
    "blanks around": "  zwölf affen  ",
    "a name within": "fixmate is not my bank",
    "the end of another number": "8842550143",
}
REFUSED = {
    "seven characters": ("brzlq w", "too short"),
    "129 characters": ("ab c" * 32 + "d", "too long: 128"),
    "in Django's list": ("password1", "too common"),
    "in capitals": ("PASSWORD1", "too common"),
    "with blanks around": (" password1 ", "too common"),
    "leaked, in zxcvbn's list alone": ("gjkysqgbpltw", "too common"),
    "a word": ("constitutional", "too common"),
    "a surname": ("fitzpatrick", "too common"),
    "full-width letters": ("ｐａｓｓｗｏｒｄ１", "too common"),
    "the name of the service": ("FixMate1", "name of this service"),
    "the name and signs": ("!fixmate-2026!", "name of this service"),
    "the name twice": ("fixmateFixMate", "name of this service"),
    "the e-mail address": ("Ada@Example.com", "similar to the email"),
    "what stands before the at sign": ("a.d.a.4.2", "own address"),
    "the number": ("+12025550143", "own address"),
    "the number as written at home": ("(202) 555-0143", "own address"),
    "the number from abroad": ("0012025550143", "own address"),
    "the number without its area": ("555-0143", "own address"),
    "the first name": ("augusta1", "too similar"),
}


@pytest.mark.parametrize("password", ALLOWED.values(), ids=ALLOWED.keys())
def test_a_password_may_be(password):
    assert identify_hasher(password_hash(password, User(**ADA))).verify(password, password_hash(password, User(**ADA)))


@pytest.mark.parametrize(("password", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_password_may_not_be(password, reason):
    with pytest.raises(Invalid) as refusal:
        password_hash(password, User(**ADA | ({"email": "a.d.a.4.2@example.com"} if "4.2" in password else {})))

    (text,) = refusal.value.details["password"]
    assert reason in text


def test_somebody_elses_address_is_a_password():
    assert password_hash("ada@example.com", User(email="bob@example.org"))
    assert password_hash("staple of another kind", User())


def test_every_way_to_set_one_has_the_rules(mailed_code):
    user = UserFactory(email="ada@example.com", password=PASSWORD)
    change = partial(password_change, user_id=user.pk, session_id=None, current_password=PASSWORD)
    ways = {
        "register": lambda: user_register(**{**REGISTRATION, "password": "fixmate2026"}),
        "staff": lambda: staff_create(email="s@example.com", password="fixmate2026", first_name="S", last_name="S"),
        "change": lambda: change(new_password="fixmate2026"),
    }

    for way in ways.values():
        with pytest.raises(Invalid):
            way()
    answer = post("reset-password", {"email": "ada@example.com", "code": "123456", "new_password": "fixmate2026"})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == {"new_password": ["This password is the name of this service."]}
    assert User.objects.get().check_password(PASSWORD)


def test_what_is_too_long_is_refused_before_it_is_hashed(monkeypatch, user):
    monkeypatch.setattr("accounts.services.credentials.make_password", lambda _: pytest.fail("hashed"))
    body = {"current_password": PASSWORD, "new_password": "ab c" * 32 + "d"}

    answer = client_for(user).post(f"{AUTH}/change-password", body)

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]["new_password"] == ["This password is too long: 128 characters at most."]


# One form

COMPOSED, DECOMPOSED = "m\u00f6wen und caf\u00e9s", "mo\u0308wen und cafe\u0301s"


@pytest.mark.parametrize(("chosen", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_one_letter_may_be_typed_in_two_ways(chosen, typed):
    assert chosen != typed
    user = UserFactory(email="ada@example.com", password=PASSWORD)
    password_change(user_id=user.pk, session_id=None, new_password=chosen, current_password=PASSWORD)

    assert post("login", {"email": "ada@example.com", "password": typed}).status_code == 200
    User.objects.update(password=make_password(None))
    user.set_password(chosen)
    assert user.check_password(typed)


def test_blanks_belong_to_the_password():
    user = UserFactory(email="ada@example.com", password="  zwölf affen  ")

    assert error(post("login", {"email": user.email, "password": "zwölf affen"})) == (401, "INVALID_CREDENTIALS")
    assert post("login", {"email": user.email, "password": "  zwölf affen  "}).status_code == 200


# Hashes of other systems


def hashed(password: str, form: str) -> str:
    """A real bcrypt hash, as the form has it."""
    salt = {"php": b"$2y$", "2a": b"$2a$"}.get(form, b"$2b$") + bcrypt.gensalt(4)[4:]
    if form == "sha256":
        digest = hashlib.sha256(password.encode()).hexdigest().encode()
        return f"bcrypt_sha256${bcrypt.hashpw(digest, salt).decode()}"
    data = bcrypt.hashpw(password.encode()[:72], salt).decode()
    return f"bcrypt${data}" if form in ("plain", "2a") else data


@pytest.mark.parametrize("form", ["sha256", "plain", "bare", "php", "2a"])
@pytest.mark.parametrize("password", [PASSWORD, LONG], ids=["short", "long"])
def test_a_bcrypt_hash_opens_its_account_and_is_replaced_by_argon2(form, password, true_hashers):
    user, stored = UserFactory(email="ada@example.com"), hashed(password, form)
    User.objects.update(password=stored)
    body = {"email": "ada@example.com", "password": password}

    refused = post("login", {**body, "password": "another long phrase"})
    kept = User.objects.get().password
    first = post("login", body)
    replaced = User.objects.get().password
    again = post("login", body)

    assert (error(refused), kept) == ((401, "INVALID_CREDENTIALS"), stored)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["user"] == {**again.json()["user"], "id": str(user.pk), "has_password": True}
    assert replaced.startswith("argon2")
    assert User.objects.get().password == replaced


def test_sha256_reads_the_whole_password_and_plain_bcrypt_72_bytes(true_hashers):
    user = UserFactory(email="ada@example.com")
    cut = LONG.encode()[:72].decode()

    User.objects.update(password=hashed(LONG, "sha256"))
    assert not User.objects.get().check_password(cut)
    User.objects.update(password=hashed(LONG, "plain"))
    assert User.objects.get().check_password(LONG)
    assert not User.objects.get(pk=user.pk).check_password(cut)  # argon2 by now


NO_HASHES = ["bcrypt$$2b$04$short", "$2b$04$" + "!" * 53, "bcrypt_sha256$$2b$xx", "bcrypt$ä", ""]


@pytest.mark.parametrize("stored", NO_HASHES)
def test_what_is_no_hash_has_no_password(stored, true_hashers):
    UserFactory(email="ada@example.com")
    User.objects.update(password=stored)

    assert error(post("login", {"email": "ada@example.com", "password": PASSWORD})) == (401, "INVALID_CREDENTIALS")
    assert User.objects.get().password == stored


def test_nothing_is_hashed_by_bcrypt_anew(true_hashers, user):
    password_change(user_id=user.pk, session_id=None, new_password="another long phrase", current_password=PASSWORD)

    assert User.objects.get().password.startswith("argon2")


@pytest.mark.django_db(transaction=True)
def test_a_hash_of_today_replaces_no_password_chosen_meanwhile(true_hashers, monkeypatch):
    UserFactory(email="ada@example.com")
    User.objects.update(password=hashed(PASSWORD, "plain"))
    make = hashers.make_password

    def chosen_meanwhile(password):
        User.objects.update(password=make("another long phrase"))
        return make(password)

    monkeypatch.setattr("accounts.models.users.make_password", chosen_meanwhile)

    with pytest.raises(InvalidCredentials):
        session_open(email="ada@example.com", password=PASSWORD)

    assert User.objects.get().check_password("another long phrase")
    assert Session.objects.count() == 0


def test_a_hash_that_another_login_renewed_is_good(true_hashers, monkeypatch):
    UserFactory(email="ada@example.com")
    User.objects.update(password=hashed(PASSWORD, "plain"))
    checked = User.objects.get()
    assert User.objects.get().check_password(PASSWORD)

    assert checked.check_password(PASSWORD)
    assert checked.password == User.objects.get().password


def test_an_account_that_is_gone_has_no_password(true_hashers):
    assert not User(password=hashed(PASSWORD, "plain")).check_password(PASSWORD)
    assert not User(password=make_password(PASSWORD)).check_password(None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_first_logins_at_once_all_succeed(true_hashers):
    UserFactory(email="ada@example.com")
    User.objects.update(password=hashed(PASSWORD, "plain"))

    outcomes = at_once(*[partial(session_open, email="ada@example.com", password=PASSWORD)] * 8)

    assert [type(outcome) for outcome in outcomes] == [Session] * 8
    assert User.objects.get().check_password(PASSWORD)


# The work of a refusal


def spied(monkeypatch) -> list[str]:
    """The algorithms that hash from here on."""
    worked = []
    for kind in (Argon2PasswordHasher, hashers.LegacyBCryptSHA256, hashers.LegacyBCrypt):
        encode, verify = kind.encode, kind.verify

        def noted(self, *args, _call=encode, **kwargs):
            worked.append(self.algorithm.removesuffix("_sha256"))
            return _call(self, *args, **kwargs)

        def verified(self, *args, _call=verify):
            if self.algorithm == "argon2":  # it compares without `encode`
                worked.append("argon2")
            return _call(self, *args)

        monkeypatch.setattr(kind, "encode", noted)
        monkeypatch.setattr(kind, "verify", verified)
    return worked


@pytest.mark.parametrize(
    "stored",
    [
        None,
        make_password(None),
        partial(make_password, PASSWORD),
        partial(hashed, PASSWORD, "sha256"),
        partial(hashed, PASSWORD, "bare"),
    ],
    ids=["unknown", "unusable", "argon2", "bcrypt_sha256", "bcrypt"],
)
@pytest.mark.parametrize(("rounds", "work"), [(4, ["argon2", "bcrypt"]), (0, None)])
def test_a_refused_login_costs_the_same_whoever_it_is(stored, rounds, work, true_hashers, monkeypatch, settings):
    settings.LEGACY_BCRYPT_ROUNDS = rounds
    if stored is not None:
        UserFactory(email="ada@example.com")
        User.objects.update(password=stored() if callable(stored) else stored)
    worked = spied(monkeypatch)

    answer = masked(post("login", {"email": "ada@example.com", "password": "another long phrase"}))

    assert answer["status"] == 401
    if work:
        assert sorted(worked) == work
    else:
        assert len(worked) == 1
