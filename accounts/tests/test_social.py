"""Signing in with Google and Apple: what a token must be, and whom it makes of somebody."""

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction

from accounts.enums import Role, SecurityEventKind, SocialProvider, UserStatus
from accounts.events import UserRegistered
from accounts.models import CodeChallenge, Session, SocialIdentity, SpentToken, User
from accounts.services import session_open_by_provider
from accounts.services import social as service
from accounts.services.credentials import _password_replace
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import AUTH, bearer, error, kinds, post
from accounts.tests.providers import NONCE, nonce_hash, sign_in, token
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("providers")]
WRITTEN = (User, SocialIdentity, Session, OutboxMessage)


def tasks() -> list[str]:
    return list(OutboxMessage.objects.order_by("id").values_list("task", flat=True))


# The first time


def test_the_first_time_registers_and_the_second_logs_in(noon):
    first = sign_in()
    second = sign_in(email="ada@elsewhere.example", given_name="Augusta")

    user, identity = User.objects.get(), SocialIdentity.objects.get()
    assert (first.status_code, second.status_code) == (200, 200)
    assert set(first.json()) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert first.headers["Cache-Control"] == "no-store"
    assert (user.email, user.full_name, user.role) == ("ada@example.com", "Ada Lovelace", Role.CUSTOMER)
    assert (user.status, user.verified_at, user.has_usable_password()) == (UserStatus.ACTIVE, noon, False)
    assert (identity.user, identity.provider, identity.subject, identity.created_at) == (user, "GOOGLE", "1077", noon)
    assert kinds(user) == [SecurityEventKind.REGISTERED, SecurityEventKind.LOGIN, SecurityEventKind.LOGIN]
    assert second.json()["user"]["id"] == str(user.pk)
    assert "accounts.tell_identity_linked" not in tasks()
    assert CodeChallenge.objects.count() == 0


def test_the_tokens_are_those_of_a_login():
    pair = sign_in().json()

    me = bearer(pair["access_token"]).get(f"{AUTH}/me")
    refreshed = post("refresh", {"refresh_token": pair["refresh_token"]})

    assert (me.json()["email"], me.json()["has_password"]) == ("ada@example.com", False)
    assert refreshed.status_code == 200
    assert bearer(refreshed.json()["access_token"]).post(f"{AUTH}/logout", {}).status_code == 204


def test_registration_is_told_once(monkeypatch):
    told = []
    monkeypatch.setattr(service.events, "publish", told.append)

    sign_in()
    sign_in()

    assert told == [UserRegistered(user_id=User.objects.get().pk)]


def test_a_technician_gets_his_profile_and_apples_names_come_with_the_body():
    body = {"role": "TECHNICIAN", "first_name": " Grace ", "last_name": "Hopper", "nonce": NONCE}
    answer = sign_in("APPLE", body=body, nonce=nonce_hash(), given_name=None, family_name=None, key_id="ec1")

    user = User.objects.get()
    assert (answer.status_code, user.role, user.full_name) == (200, Role.TECHNICIAN, "Grace Hopper")
    assert client_for(user).get("/api/v1/technicians/me").json()["verification"] == "PENDING"


@pytest.mark.parametrize(
    ("body", "claims", "names"),
    [
        ({"first_name": "Grace"}, {}, ("Grace", "")),
        ({"last_name": "Hopper"}, {}, ("", "Hopper")),
        ({"first_name": None, "last_name": None}, {}, ("Ada", "Lovelace")),
        ({}, {"family_name": None}, ("Ada", "")),
        ({}, {"given_name": " A\x00d\na ", "family_name": "L" * 100}, ("Ada", "L" * 80)),
        ({}, {"given_name": 7, "family_name": ["x"]}, ("Customer", "")),
        ({"role": "TECHNICIAN"}, {"given_name": None, "family_name": None}, ("Technician", "")),
    ],
)
def test_names_are_those_given_or_else_those_of_the_token(body, claims, names):
    assert sign_in(body=body, **claims).status_code == 200

    user = User.objects.get()
    assert (user.first_name, user.last_name) == names


def test_role_and_names_are_not_looked_at_later():
    sign_in()

    answer = sign_in(body={"role": "TECHNICIAN", "first_name": "Eve"})

    assert (answer.json()["user"]["role"], answer.json()["user"]["first_name"]) == ("CUSTOMER", "Ada")


def test_a_relay_address_is_an_address():
    answer = sign_in("APPLE", email="x7f@privaterelay.appleid.com", email_verified="true", is_private_email="true")

    assert answer.json()["user"]["email"] == "x7f@privaterelay.appleid.com"


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email_verified": 1.5},
        {"email": None},
        {"email": 7},
        {"email": "no address"},
        {"hd": None},  # somebody could read it once; Google does not run the mailbox
        {"hd": ""},
        {"hd": 7},
        {"email": f"{'a' * 60}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example"},
    ],
)
@pytest.mark.parametrize("is_taken", [True, False])
def test_an_address_nobody_vouches_for_opens_and_registers_nothing(claims, is_taken):
    if is_taken:
        UserFactory(email="ada@example.com")

    assert error(sign_in(**claims)) == (403, "SOCIAL_EMAIL_UNVERIFIED")

    assert (User.objects.count(), SocialIdentity.objects.count(), Session.objects.count()) == (is_taken, 0, 0)
    assert kinds() == [SecurityEventKind.LOGIN_REFUSED]


def test_google_vouches_for_its_own_mailboxes():
    assert sign_in(email="Ada@gmail.com", hd=None).json()["user"]["email"] == "ada@gmail.com"


def test_a_replaced_password_ends_sign_ins_and_the_owners_is_added_again():
    user = sign_in().json()["user"]
    password_change_of(user["id"])

    assert not SocialIdentity.objects.exists()
    assert sign_in().json()["user"]["id"] == user["id"]
    assert SocialIdentity.objects.count() == 1


def password_change_of(user_id):
    owner = User.objects.get(pk=user_id)
    with transaction.atomic():
        _password_replace(owner, make_password("staple of another kind"))


def test_who_has_signed_in_before_needs_no_address():
    sign_in()

    assert sign_in(email=None, email_verified=None).status_code == 200
    assert sign_in(email_verified=False).status_code == 200


# Others in between


def test_somebody_else_in_between_is_found_at_the_second_try(monkeypatch):
    sign_in_once, tries = service._sign_in, []

    def sign_in_after_another(told, wish):
        tries.append(connection.in_atomic_block)
        if len(tries) == 1:
            UserFactory(email=told.email)
            with transaction.atomic():
                raise IntegrityError("UNIQUE constraint failed: accounts_user.email")
        return sign_in_once(told, wish)

    monkeypatch.setattr(service, "_sign_in", sign_in_after_another)

    assert sign_in().status_code == 200
    assert (len(tries), User.objects.count()) == (2, 1)


def test_what_fails_again_and_again_is_a_bug(monkeypatch):
    def fail(told, wish):
        raise IntegrityError("CHECK constraint failed: something_else")

    monkeypatch.setattr(service, "_sign_in", fail)

    with pytest.raises(IntegrityError):
        session_open_by_provider(provider=SocialProvider.GOOGLE, id_token=token())


# The edge


@pytest.mark.parametrize("provider", ["GOOGLE", "APPLE"])
def test_a_provider_that_is_not_set_up_is_not_there(provider, settings):
    setattr(settings, f"{provider}_CLIENT_IDS", [])

    assert error(sign_in(provider)) == (404, "SOCIAL_PROVIDER_OFF")
    assert sign_in("APPLE" if provider == "GOOGLE" else "GOOGLE").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "GOOGLE"},
        {"id_token": "x"},
        {"provider": "FACEBOOK", "id_token": "x"},
        {"provider": "GOOGLE", "id_token": "x" * 8001},
        {"provider": "GOOGLE", "id_token": "x", "email": "ada@example.com"},
        {"provider": "GOOGLE", "id_token": "x", "nonce": "n" * 256},
        {"provider": "GOOGLE", "id_token": "x", "first_name": "n" * 81},
    ],
)
def test_bodies_are_checked(body):
    assert error(post("social", body)) == (400, "VALIDATION_ERROR")


def test_it_is_limited_as_login_and_keys_of_idempotency_are_not_looked_at(settings):
    settings.RATES = {**settings.RATES, "login": "2/m"}
    body = {"provider": "GOOGLE", "id_token": token()}
    headers = {"Idempotency-Key": "abc"}

    answers = [post("social", body, headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 401, 429]
    assert "Idempotent-Replayed" not in answers[1].headers


@pytest.mark.parametrize("facts", [{"provider": "FACEBOOK"}, {"subject": ""}])
def test_the_database_knows_providers_and_subjects(facts, user):
    with pytest.raises(IntegrityError), transaction.atomic():
        SocialIdentity.objects.create(**{"user": user, "provider": "GOOGLE", "subject": "1", **facts})


def test_rows_say_what_they_are(user):
    identity = SocialIdentity(user=user, provider="GOOGLE", subject="1")

    assert str(identity) == f"GOOGLE of {user.pk}"
    assert str(SpentToken(digest="ab" * 32)) == "abababab"


def test_no_key_is_asked_for_by_default():
    assert configured.GOOGLE_KEYS_URL == "https://www.googleapis.com/oauth2/v3/certs"
    assert configured.APPLE_KEYS_URL == "https://appleid.apple.com/auth/keys"
