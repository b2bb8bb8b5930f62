from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from accounts import tasks
from accounts.enums import SecurityEventKind, UserStatus
from accounts.errors import CodeInvalid
from accounts.models import CodeChallenge, User
from accounts.services import code_request, code_send, codes, user_verify
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import kinds, wrong
from fixmate.core import clock
from fixmate.core.ids import uuid7
from fixmate.core.models import OutboxMessage

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"


@pytest.fixture
def pending():
    return UserFactory(email=EMAIL, status=UserStatus.PENDING, verified_at=None)


# Asking


def test_code_request_orders_a_code_for_a_pending_account(pending, noon):
    code_request(email=" Ada@example.com ")

    challenge = CodeChallenge.objects.get()
    assert (challenge.user, challenge.created_at, challenge.tries) == (pending, noon, 0)
    assert list(OutboxMessage.objects.values_list("task", "payload")) == [
        ("accounts.send_code", {"challenge_id": str(challenge.pk)})
    ]
    assert kinds(pending) == [SecurityEventKind.CODE_REQUESTED]


@pytest.mark.parametrize("held", [None, {"status": UserStatus.SUSPENDED}, {"admin": True}])
def test_code_request_orders_nothing_where_a_code_opens_nothing(held):
    if held:
        UserFactory(email=EMAIL, **held)

    code_request(email=EMAIL)

    assert (CodeChallenge.objects.count(), OutboxMessage.objects.count()) == (0, 0)
    assert kinds() == [SecurityEventKind.CODE_REQUESTED]


def test_code_request_voids_the_code_before(pending, mailed_code):
    code_request(email=EMAIL)
    first = mailed_code()
    code_request(email=EMAIL)
    second = mailed_code()

    with pytest.raises(CodeInvalid):
        user_verify(email=EMAIL, code=first if first != second else wrong(second))

    assert user_verify(email=EMAIL, code=second).status == UserStatus.ACTIVE


# Sending


def test_code_mail_has_the_code_alone_on_a_line_and_no_row_has_it(pending, mailed_code, noon):
    code_request(email=EMAIL)

    code = mailed_code()

    challenge = CodeChallenge.objects.get()
    message = mail.outbox[0]
    assert (message.subject, message.to) == ("Your FixMate code", [EMAIL])
    assert "10 minutes" in message.body
    assert "12:00 UTC" in message.body
    assert (challenge.sent_at, challenge.expires_at) == (noon, noon + timedelta(minutes=10))
    assert len(challenge.code_hash) == 64
    assert code not in challenge.code_hash
    assert code not in str(list(OutboxMessage.objects.values()))


def test_code_send_keeps_the_hash_before_it_mails(pending, monkeypatch):
    code_request(email=EMAIL)
    seen = []
    monkeypatch.setattr(codes, "address_tell", lambda address, **_: seen.append(CodeChallenge.objects.get().code_hash))

    code_send(challenge_id=CodeChallenge.objects.get().pk)

    assert [len(held) for held in seen] == [64]


def test_a_mail_that_failed_is_tried_again_with_another_code(pending, monkeypatch, drain):
    code_request(email=EMAIL)
    challenge, drawn = CodeChallenge.objects.get(), iter([111111, 222222])
    monkeypatch.setattr(codes.secrets, "randbelow", lambda _bound: next(drawn))
    with monkeypatch.context() as patch:
        patch.setattr(codes, "address_tell", lambda *_args, **_kwargs: (_ for _ in ()).throw(OSError("no route")))
        drain()
    failed = CodeChallenge.objects.get()

    with clock.frozen(clock.now() + timedelta(minutes=1)):
        drain()

    assert failed.code_hash == codes._hash(challenge.pk, "111111")
    assert CodeChallenge.objects.get().code_hash == codes._hash(challenge.pk, "222222")
    assert ["222222" in message.body for message in mail.outbox] == [True]


def test_mails_leave_with_no_transaction_around_them():
    telling = (
        tasks.send_code,
        tasks.tell_registration_repeated,
        tasks.tell_password_replaced,
        tasks.tell_address_changed,
    )

    assert all(task.reaches_outside for task in telling)


def test_code_lifetime_counts_from_the_mail_not_from_the_request(pending, mailed_code):
    code_request(email=EMAIL)

    with clock.frozen(clock.now() + timedelta(minutes=30)):
        user_verify(email=EMAIL, code=mailed_code())

    assert User.objects.get().status == UserStatus.ACTIVE


@pytest.mark.parametrize("is_known", [True, False])
def test_code_send_does_nothing_for_a_challenge_that_is_over(pending, is_known):
    code_request(email=EMAIL)
    CodeChallenge.objects.update(closed_at=clock.now())

    code_send(challenge_id=CodeChallenge.objects.get().pk if is_known else uuid7())

    assert mail.outbox == []
    assert CodeChallenge.objects.get().code_hash == ""


# Trying


def test_user_verify_opens_the_account_and_closes_the_code(pending, mailed_code):
    code_request(email=EMAIL)
    code = mailed_code()

    user = user_verify(email="ADA@example.com", code=code)

    assert (user, user.status) == (pending, UserStatus.ACTIVE)
    assert User.objects.get().verified_at is not None
    assert CodeChallenge.objects.get().closed_at is not None
    assert kinds(pending)[-1] == SecurityEventKind.CODE_ACCEPTED


def test_a_code_works_once(pending, mailed_code):
    code_request(email=EMAIL)
    code = mailed_code()
    user_verify(email=EMAIL, code=code)

    with pytest.raises(CodeInvalid):
        user_verify(email=EMAIL, code=code)

    assert kinds(pending)[-1] == SecurityEventKind.CODE_REFUSED


def test_a_wrong_try_counts_and_the_fourth_is_not_looked_at(pending, mailed_code):
    code_request(email=EMAIL)
    code = mailed_code()
    for _ in range(3):
        with pytest.raises(CodeInvalid):
            user_verify(email=EMAIL, code=wrong(code))

    with pytest.raises(CodeInvalid):
        user_verify(email=EMAIL, code=code)

    assert CodeChallenge.objects.get().tries == 3
    assert User.objects.get().status == UserStatus.PENDING
    assert kinds(pending) == [SecurityEventKind.CODE_REQUESTED, *[SecurityEventKind.CODE_REFUSED] * 4]


@pytest.mark.parametrize(("minutes", "is_good"), [(9, True), (10, False)])
def test_a_code_is_good_for_ten_minutes(pending, mailed_code, noon, minutes, is_good):
    code_request(email=EMAIL)
    code = mailed_code()

    with clock.frozen(noon + timedelta(minutes=minutes)):
        if is_good:
            user_verify(email=EMAIL, code=code)
        else:
            with pytest.raises(CodeInvalid):
                user_verify(email=EMAIL, code=code)

    assert (User.objects.get().status == UserStatus.ACTIVE) is is_good


def test_an_unsent_code_cannot_be_guessed(pending):
    code_request(email=EMAIL)

    with pytest.raises(CodeInvalid):
        user_verify(email=EMAIL, code="000000")

    assert CodeChallenge.objects.get().tries == 0


def test_user_verify_refuses_an_unknown_address_alike():
    with pytest.raises(CodeInvalid) as refusal:
        user_verify(email="nobody@example.com", code="123456")

    assert (refusal.value.text, refusal.value.details) == (CodeInvalid.message, {})
    assert kinds() == [SecurityEventKind.CODE_REFUSED]


@pytest.mark.django_db(transaction=True)
def test_a_wrong_try_is_committed_although_it_is_refused(mailed_code):
    UserFactory(email=EMAIL, status=UserStatus.PENDING, verified_at=None)
    code_request(email=EMAIL)
    code = mailed_code()

    with pytest.raises(CodeInvalid):
        user_verify(email=EMAIL, code=wrong(code))
    connection.close()

    assert CodeChallenge.objects.get().tries == 1
