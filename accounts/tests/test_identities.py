"""Removing a provider's sign-in by itself."""

import pytest

from accounts.enums import SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import LastWayIn
from accounts.models import Session, SocialIdentity, User
from accounts.services import identity_remove, identity_remove_by_staff
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, PHONE, bearer, error, kinds, logged_in
from accounts.tests.providers import sign_in
from fixmate.core import clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry, OutboxMessage

pytestmark = pytest.mark.django_db
LIST = f"{AUTH}/identities"


def identity_of(user, provider="GOOGLE", subject="1077"):
    return SocialIdentity.objects.create(user=user, provider=provider, subject=subject)


def told():
    return OutboxMessage.objects.filter(task="accounts.tell_identity_removed")


def test_the_list_has_ones_own_and_no_subject(user):
    mine, _ = identity_of(user), identity_of(UserFactory(), subject="2")

    answer = logged_in(user).get(LIST)

    created_at = mine.created_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert answer.json()["results"] == [{"id": str(mine.pk), "provider": "GOOGLE", "created_at": created_at}]


@pytest.mark.usefixtures("providers")
def test_it_ends_the_sessions_it_began_and_no_other_and_the_owner_is_told(user, drain, mailoutbox):
    by_google, by_apple = sign_in().json(), sign_in("APPLE").json()
    drain()
    mailoutbox.clear()
    identity = SocialIdentity.objects.get(provider="GOOGLE")
    client = bearer(by_apple["access_token"])

    answer = client.delete(f"{LIST}/{identity.pk}")
    drain()

    assert answer.status_code == 204
    assert list(SocialIdentity.objects.values_list("provider", flat=True)) == ["APPLE"]
    assert error(bearer(by_google["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert Session.objects.get(identity_id=identity.pk).end_reason == SessionEnd.IDENTITY
    assert client.get(f"{AUTH}/me").status_code == 200
    assert kinds(user)[-1] == SecurityEventKind.SOCIAL_UNLINKED
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([user.email], "A way into your FixMate account is removed")
    assert "no longer opened by signing in with Google" in " ".join(mail.body.split())
    assert AuditEntry.objects.count() == 0


@pytest.mark.usefixtures("providers")
def test_the_session_that_asks_ends_too_if_it_began_so(user):
    client = bearer(sign_in().json()["access_token"])

    answer = client.delete(f"{LIST}/{SocialIdentity.objects.get().pk}")

    assert answer.status_code == 204
    assert error(client.get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")


def test_it_asks_for_a_login_of_just_now(user, settings):
    identity = identity_of(user)
    client = logged_in(user)
    Session.objects.update(authenticated_at=clock.now() - settings.REAUTHENTICATION_WINDOW)

    assert error(client.delete(f"{LIST}/{identity.pk}")) == (403, "REAUTHENTICATION_REQUIRED")
    assert SocialIdentity.objects.count() == 1


@pytest.mark.parametrize("path", ["unknown", "another's"])
def test_what_is_not_ones_own_is_not_there(user, path):
    identity = identity_of(UserFactory())
    pk = identity.pk if path == "another's" else user.pk

    assert error(logged_in(user).delete(f"{LIST}/{pk}")) == (404, "NOT_FOUND")
    assert SocialIdentity.objects.get() == identity


def test_the_last_way_in_stays():
    user = UserFactory(phone=PHONE)  # not proven
    identity = identity_of(user)

    assert error(logged_in(user).delete(f"{LIST}/{identity.pk}")) == (409, "LAST_WAY_IN")

    assert (SocialIdentity.objects.get(), kinds(user), told().count()) == (identity, [], 0)
    assert Session.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("facts", "others"),
    [({"password": PASSWORD}, 0), ({"phone": PHONE, "phone_verified_at": clock.now}, 0), ({}, 1)],
    ids=["password", "phone", "another sign-in"],
)
def test_with_another_way_in_it_goes(facts, others):
    user = UserFactory(**{name: value() if callable(value) else value for name, value in facts.items()})
    identity = identity_of(user)
    for number in range(others):
        identity_of(user, subject=str(number))

    identity_remove(user_id=user.pk, identity_id=identity.pk)

    assert SocialIdentity.objects.count() == others
    assert told().get().payload == {"user_id": str(user.pk), "provider": "GOOGLE"}


@pytest.mark.parametrize(
    ("fields", "reason", "refusal"),
    [({}, "Lost his phone", LastWayIn), ({"password": PASSWORD}, " ", Invalid)],
)
def test_staff_are_refused_the_same_and_need_a_reason(fields, reason, refusal):
    admin, user = UserFactory(admin=True), UserFactory(**fields)
    identity = identity_of(user)

    with pytest.raises(refusal):
        identity_remove_by_staff(user_id=user.pk, identity_id=identity.pk, actor=admin, reason=reason)

    assert (SocialIdentity.objects.count(), AuditEntry.objects.count(), told().count()) == (1, 0, 0)


def test_of_a_deleted_account_there_is_none():
    user = UserFactory(email=None, status=UserStatus.DELETED, deleted_at=clock.now())

    with pytest.raises(NotFound):
        identity_remove(user_id=user.pk, identity_id=user.pk)


@pytest.mark.usefixtures("providers")
def test_who_signs_in_there_once_more_has_it_again(user):
    sign_in()
    identity_remove(user_id=user.pk, identity_id=SocialIdentity.objects.get().pk)

    assert sign_in().json()["user"]["id"] == str(User.objects.get().pk)
    assert SocialIdentity.objects.count() == 1
