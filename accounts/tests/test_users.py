import pytest
from django.db import IntegrityError

from accounts import hooks
from accounts.enums import Role, SecurityEventKind, SessionEnd, UserStatus
from accounts.models import CodeChallenge, SecurityEvent, Session, User
from accounts.services import (
    Registration,
    registration,
    registration_repeated_tell,
    session_open,
    user_profile_update,
    user_register,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import REGISTRATION, kinds
from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.models import OutboxMessage

pytestmark = pytest.mark.django_db


def ordered(task: str) -> list[dict]:
    return list(OutboxMessage.objects.filter(task=task).order_by("id").values_list("payload", flat=True))


def register(**changes) -> Registration:
    return user_register(**{**REGISTRATION, **changes})


@pytest.fixture
def made(monkeypatch):
    """Collect the accounts whose profile is made, whoever registered a maker."""
    profiles: list[User] = []
    monkeypatch.setattr(hooks, "_profile_makers", {Role.TECHNICIAN: profiles.append})
    return profiles


# Registration


def test_user_register_makes_a_pending_account_and_orders_its_code(made, noon):
    registered = register(email=" Ada@Example.com ", phone="(202) 555-0143", role=Role.TECHNICIAN)

    user = User.objects.get()
    challenge = CodeChallenge.objects.get()
    assert registered == Registration(email="ada@example.com", phone="+12025550143")
    assert (user.email, user.phone, user.role) == ("ada@example.com", "+12025550143", Role.TECHNICIAN)
    assert (user.status, user.first_name, user.last_name) == (UserStatus.PENDING, "Ada", "Lovelace")
    assert user.check_password(PASSWORD)
    assert made == [user]
    assert (challenge.user, challenge.code_hash, challenge.created_at) == (user, "", noon)
    assert ordered("accounts.send_code") == [{"challenge_id": str(challenge.pk)}]
    assert kinds(user) == [SecurityEventKind.REGISTERED]


def test_user_register_makes_no_profile_for_a_customer(made):
    register()

    assert made == []


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"role": Role.ADMIN}, {"role": ["Register as CUSTOMER or TECHNICIAN."]}),
        ({"phone": "12"}, {"phone": ["Enter a valid phone number."]}),
        ({"password": "short"}, {"password": ["This password is too short. It must contain at least 8 characters."]}),
        ({"password": "password1"}, {"password": ["This password is too common."]}),
        ({"password": "ada@example.com"}, {"password": ["The password is too similar to the email."]}),
    ],
)
@pytest.mark.parametrize("is_taken", [False, True])
def test_user_register_refuses_alike_whether_the_address_is_taken(changes, details, is_taken):
    if is_taken:
        UserFactory(email=REGISTRATION["email"])

    with pytest.raises(Invalid) as refusal:
        register(**changes)

    assert refusal.value.details == details
    assert (User.objects.count(), SecurityEvent.objects.count()) == (int(is_taken), 0)
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.SUSPENDED])
def test_user_register_over_a_working_account_changes_nothing_and_tells_its_owner(status, drain, mailoutbox):
    user = UserFactory(email="ada@example.com", first_name="Augusta", password="another long phrase", status=status)

    registered = register(phone="+12025550143")
    drain()

    held = User.objects.get()
    assert registered == Registration(email="ada@example.com", phone="+12025550143")
    assert (held.first_name, held.phone, held.status) == ("Augusta", None, status)
    assert held.check_password("another long phrase")
    assert CodeChallenge.objects.count() == 0
    assert kinds(user) == [SecurityEventKind.REGISTERED]
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["ada@example.com"], "You already have a FixMate account")
    ]


def test_user_register_over_a_pending_account_replaces_it_and_ends_its_sessions(made):
    register(first_name="Mallory", password="mallorys phrase")
    stolen = session_open(email="ada@example.com", password="mallorys phrase")
    first = CodeChallenge.objects.get()

    register(phone="+12025550143", role=Role.TECHNICIAN)

    user = User.objects.get()
    session = Session.objects.get(pk=stolen.pk)
    first_again, second = CodeChallenge.objects.order_by("created_at", "id")
    assert (user.first_name, user.phone, user.role) == ("Ada", "+12025550143", Role.TECHNICIAN)
    assert user.check_password(PASSWORD)
    assert made == [user]
    assert session.end_reason == SessionEnd.PASSWORD
    assert first_again == first
    assert (first_again.closed_at is None, second.closed_at is None) == (False, True)
    assert [payload["challenge_id"] for payload in ordered("accounts.send_code")] == [str(first.pk), str(second.pk)]


def test_user_register_again_in_the_same_role_makes_no_second_profile(made):
    register(role=Role.TECHNICIAN)

    register(role=Role.TECHNICIAN)

    assert len(made) == 1


def test_user_register_lets_two_accounts_name_one_phone_number():
    register(phone="+12025550143")

    registered = register(email="bob@example.com", phone="+12025550143")

    assert registered.phone == "+12025550143"
    assert list(User.objects.values_list("phone", flat=True)) == ["+12025550143"] * 2


def test_user_register_that_loses_the_race_goes_on_with_the_winners_account(monkeypatch):
    register(first_name="Winner")
    look = registration.user_find_locked
    answers = iter([None])
    monkeypatch.setattr(registration, "user_find_locked", lambda address: next(answers, look(address)))

    register(first_name="Loser")

    assert User.objects.get().first_name == "Loser"
    assert CodeChallenge.objects.filter(closed_at__isnull=True).count() == 1


def test_user_register_does_not_take_every_refusal_of_the_database_for_a_race():
    with pytest.raises(IntegrityError):
        register(first_name=None)


def test_registration_repeated_tell_skips_an_account_without_address(mailoutbox):
    user = UserFactory(email=None, status=UserStatus.DELETED, deleted_at=clock.now())

    registration_repeated_tell(user_id=user.pk, occasion=1)

    assert mailoutbox == []


# Profile


def test_user_profile_update_changes_what_is_given():
    user = UserFactory()

    user_profile_update(user_id=user.pk, first_name="Grace")

    held = User.objects.get()
    assert (held.first_name, held.last_name) == ("Grace", "Lovelace")
