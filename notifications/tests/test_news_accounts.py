"""What staff decided about an account, told to its owner."""

import pytest
from django.core import mail

from accounts.enums import UserStatus
from accounts.events import UserReinstated, UserRestricted, UserSuspended
from accounts.tests.factories import UserFactory
from notifications.enums import Kind
from notifications.tests.helpers import payload_of

pytestmark = pytest.mark.django_db
WHY = {"reason": "two invoices are unpaid"}
NEWS = [
    (UserRestricted, UserStatus.RESTRICTED, WHY, Kind.ACCOUNT_RESTRICTED),
    (UserSuspended, UserStatus.SUSPENDED, WHY, Kind.ACCOUNT_SUSPENDED),
    (UserReinstated, UserStatus.ACTIVE, {}, Kind.ACCOUNT_REINSTATED),
]


@pytest.mark.parametrize(("event", "status", "facts", "kind"), NEWS)
def test_owner_is_told_and_mailed_what_was_decided(tell, event, status, facts, kind):
    user = UserFactory(status=status)

    assert tell(event(user_id=user.pk, **facts)) == [(user, kind)]
    assert payload_of(kind, user) == facts
    assert mail.outbox[0].to == [user.email]
    assert facts.get("reason", "") in " ".join(mail.outbox[0].body.split())


@pytest.mark.parametrize(("event", "status", "facts", "kind"), NEWS)
def test_what_is_not_so_any_more_is_no_news(tell, event, status, facts, kind):
    other = UserStatus.SUSPENDED if status != UserStatus.SUSPENDED else UserStatus.ACTIVE

    assert tell(event(user_id=UserFactory(status=other).pk, **facts)) == []


def test_decision_that_comes_late_is_no_news_after_a_later_one(tell):
    user = UserFactory(status=UserStatus.RESTRICTED)

    first = tell(UserRestricted(user_id=user.pk, **WHY))
    again = tell(UserRestricted(user_id=user.pk, reason="three invoices are unpaid"))

    assert (first, again) == ([(user, Kind.ACCOUNT_RESTRICTED)], [(user, Kind.ACCOUNT_RESTRICTED)] * 2)


@pytest.mark.parametrize("has_heard_why", [True, False])
def test_who_is_restricted_as_before_is_told_so_when_his_suspension_is_lifted(tell, has_heard_why):
    user = UserFactory(status=UserStatus.RESTRICTED)
    if has_heard_why:
        tell(UserRestricted(user_id=user.pk, **WHY))

    told = tell(UserReinstated(user_id=user.pk, is_restricted=True))

    assert told[-1] == (user, Kind.ACCOUNT_REINSTATED)
    assert payload_of(Kind.ACCOUNT_REINSTATED, user) == {"is_restricted": True, **(WHY if has_heard_why else {})}
    assert "as before: two invoices" in " ".join(mail.outbox[-1].body.split()) or not has_heard_why


def test_who_was_opened_for_good_meanwhile_is_not_told_of_a_restriction(tell):
    assert tell(UserReinstated(user_id=UserFactory().pk, is_restricted=True)) == []


@pytest.mark.parametrize(("fields", "words"), [({}, "order nothing new"), ({"technician": True}, "get no new offers")])
def test_restriction_says_what_it_means_for_whom_it_is(tell, fields, words):
    tell(UserRestricted(user_id=UserFactory(status=UserStatus.RESTRICTED, **fields).pk, **WHY))

    assert words in " ".join(mail.outbox[0].body.split())
