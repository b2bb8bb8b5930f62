"""Many sign-ins at once, on PostgreSQL: SQLite has one writer and hides what goes wrong here."""

from functools import partial

import pytest

from accounts.enums import Role, SocialProvider, UserStatus
from accounts.models import Session, SocialIdentity, SpentToken, User
from accounts.services import session_open_by_provider, user_erase, user_register
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import REGISTRATION
from accounts.tests.providers import token
from fixmate.core.errors import DomainError
from fixmate.core.tests.races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("providers")]


def sign_in(provider="GOOGLE", **claims):
    return partial(session_open_by_provider, provider=SocialProvider(provider), id_token=token(provider, **claims))


def test_first_sign_ins_at_once_make_one_account():
    for number in range(5):
        email = f"ada{number}@example.com"
        calls = [sign_in(sub=f"{number}", email=email) for _ in range(6)]
        calls += [sign_in("APPLE", sub=f"{number}", email=email) for _ in range(6)]

        outcomes = at_once(*calls)

        assert {type(outcome) for outcome in outcomes} == {Session}
        assert User.objects.filter(email=email).count() == 1
        assert SocialIdentity.objects.filter(subject=number).count() == 2
        assert Session.objects.filter(user__email=email).count() == 12


def test_one_subject_with_two_addresses_at_once_makes_one_account():
    for number in range(5):
        outcomes = at_once(
            *[sign_in(sub=f"{number}", email=f"{name}{number}@example.com") for name in ("a", "b") for _ in range(4)]
        )

        assert {type(outcome) for outcome in outcomes} == {Session}
        assert len({outcome.user_id for outcome in outcomes}) == 1
        assert SocialIdentity.objects.filter(subject=number).count() == 1
    assert User.objects.count() == 5


def test_one_token_sent_sixteen_times_at_once_opens_one_session():
    call = sign_in()

    outcomes = at_once(*[call] * 16)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ProviderTokenInvalid"] * 15 + ["Session"]
    assert (Session.objects.count(), SpentToken.objects.count(), User.objects.count()) == (1, 1, 1)


def test_over_a_pending_account_the_password_of_the_other_never_survives():
    for number in range(5):
        form = {**REGISTRATION, "email": f"ada{number}@example.com", "role": Role.CUSTOMER}
        user_register(**form)

        at_once(
            *[sign_in(sub=f"{number}", email=form["email"]) for _ in range(3)],
            *[partial(user_register, **form) for _ in range(3)],
        )

        user = User.objects.get(email=form["email"])
        assert (user.status, user.has_usable_password()) == (UserStatus.ACTIVE, False)


def test_signing_in_while_the_account_is_deleted_leaves_no_way_into_it():
    for number in range(5):
        user = UserFactory(email=f"ada{number}@example.com")
        SocialIdentity.objects.create(user=user, provider="GOOGLE", subject=f"{number}")

        outcomes = at_once(
            partial(user_erase, user_id=user.pk), sign_in(sub=f"{number}", email=f"ada{number}@example.com")
        )

        assert SocialIdentity.objects.filter(user=user).count() == 0
        assert Session.objects.filter(user=user, ended_at=None).count() == 0
        assert all(outcome is None or isinstance(outcome, Session | DomainError) for outcome in outcomes)
