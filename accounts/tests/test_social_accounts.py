"""Signing in with Google and Apple: what becomes of an account that is there."""

import json

import pytest

from accounts.enums import Role, SecurityEventKind, SessionEnd, SocialProvider, UserStatus
from accounts.events import IdentityLinked
from accounts.models import RegistrationEntry, Session, SocialIdentity, SpentToken, User
from accounts.services import session_open_by_provider, user_erase, user_register
from accounts.services import social as service
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, bearer, error, kinds, post
from accounts.tests.providers import sign_in, token
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("providers")]
WRITTEN = (User, SocialIdentity, Session, OutboxMessage)


def test_it_is_added_to_the_account_with_the_proven_address_and_the_owner_is_told(user, drain, mailoutbox):
    answer = sign_in()
    drain()

    assert answer.json()["user"]["id"] == str(user.pk)
    assert User.objects.get().check_password(PASSWORD)
    assert SocialIdentity.objects.get().user == user
    assert kinds(user) == [SecurityEventKind.SOCIAL_LINKED, SecurityEventKind.LOGIN]
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["ada@example.com"], "A new way into your FixMate account")
    assert "signing in with Google" in " ".join(mail.body.split())


def test_one_account_may_have_both_and_is_told_of_each(user, monkeypatch):
    told = []
    monkeypatch.setattr(service.events, "publish", told.append)

    google, apple, again = sign_in(), sign_in("APPLE"), sign_in("APPLE")

    assert {answer.json()["user"]["id"] for answer in (google, apple, again)} == {str(user.pk)}
    assert told == [IdentityLinked(user_id=user.pk, provider=name) for name in ("GOOGLE", "APPLE")]


def test_one_subject_means_another_at_the_other_provider():
    sign_in()
    sign_in("APPLE", email="grace@example.com")

    assert User.objects.count() == 2
    assert SocialIdentity.objects.filter(subject="1077").count() == 2


def test_nothing_survives_of_what_somebody_else_typed(mailed_code):
    stranger = {**REGISTRATION, "role": "TECHNICIAN", "first_name": "Eve", "phone": "+12025550143"}
    post("register", stranger)
    his = post("login", {"email": "ada@example.com", "password": stranger["password"]}).json()
    code = mailed_code()

    answer = sign_in()

    user = User.objects.get()
    assert answer.status_code == 200
    assert (user.status, user.full_name, user.role, user.phone) == (UserStatus.ACTIVE, "Ada Lovelace", "CUSTOMER", None)
    assert not user.has_usable_password()
    assert error(bearer(his["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert Session.objects.exclude(ended_at=None).get().end_reason == SessionEnd.PASSWORD
    assert error(post("login", {"email": "ada@example.com", "password": stranger["password"]}))[0] == 401
    assert error(post("verify-otp", {"email": "ada@example.com", "code": code})) == (400, "CODE_INVALID")
    assert not OutboxMessage.objects.filter(task="accounts.tell_identity_linked").exists()


def test_a_pending_account_that_becomes_a_technicians_gets_the_profile():
    user_register(**REGISTRATION)

    sign_in(body={"role": "TECHNICIAN"})

    assert client_for(User.objects.get()).get("/api/v1/technicians/me").status_code == 200
    assert RegistrationEntry.objects.count() == 0


def test_of_two_accounts_with_the_address_the_proven_one_is_opened():
    UserFactory(email="ada@example.com", status=UserStatus.PENDING, verified_at=None)
    proven = UserFactory(email="ada@example.com")

    assert sign_in().json()["user"]["id"] == str(proven.pk)
    assert User.objects.exclude(pk=proven.pk).get().status == UserStatus.PENDING


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_suspended_account_is_told_so_and_not_linked(is_linked):
    user = UserFactory(email="ada@example.com", status=UserStatus.SUSPENDED)
    if is_linked:
        SocialIdentity.objects.create(user=user, provider="GOOGLE", subject="1077")

    assert error(sign_in()) == (403, "ACCOUNT_SUSPENDED")

    assert (SocialIdentity.objects.count(), Session.objects.count()) == (is_linked, 0)
    assert kinds(user) == [SecurityEventKind.LOGIN_REFUSED]


def test_a_restricted_account_may_sign_in():
    user = UserFactory(email="ada@example.com", status=UserStatus.RESTRICTED)

    assert sign_in().json()["user"]["status"] == "RESTRICTED"
    assert SocialIdentity.objects.get().user == user


@pytest.mark.parametrize("is_linked", [True, False])
def test_staff_do_not_sign_in_this_way(is_linked):
    staff = UserFactory(email="ada@example.com", admin=True)
    if is_linked:
        SocialIdentity.objects.create(user=staff, provider="GOOGLE", subject="1077")

    assert error(sign_in()) == (403, "SOCIAL_NOT_FOR_STAFF")

    assert (SocialIdentity.objects.count(), Session.objects.count()) == (is_linked, 0)
    assert kinds(staff) == [SecurityEventKind.LOGIN_REFUSED]


@pytest.mark.parametrize("role", ["ADMIN", "", None, "OWNER"])
def test_nobody_registers_as_staff(role):
    assert error(sign_in(body={"role": role})) == (400, "VALIDATION_ERROR")

    for model in WRITTEN:
        assert model.objects.count() == 0


def test_the_service_refuses_staff_as_well():
    with pytest.raises(service.Invalid):
        session_open_by_provider(provider=SocialProvider.GOOGLE, id_token=token(), role=Role.ADMIN)

    assert (User.objects.count(), SpentToken.objects.count()) == (0, 0)


def test_a_deleted_account_is_forgotten_and_its_owner_begins_anew():
    sign_in()
    user = User.objects.get()
    user_erase(user_id=user.pk)

    answer = sign_in()

    assert answer.json()["user"]["id"] != str(user.pk)
    assert SocialIdentity.objects.get().user != user


def test_who_was_deleted_in_this_moment_is_refused(monkeypatch):
    sign_in()
    User.objects.update(status=UserStatus.DELETED, deleted_at=clock.now(), email=None)

    assert error(sign_in()) == (403, "ACCOUNT_SUSPENDED")


def test_export_names_the_providers():
    access = sign_in().json()["access_token"]

    answer = bearer(access).get(f"{AUTH}/me/export")

    data = json.loads(b"".join(answer.streaming_content)) if answer.streaming else answer.json()
    assert [(row["provider"], row["subject"]) for row in data["identities"]] == [("GOOGLE", "1077")]
