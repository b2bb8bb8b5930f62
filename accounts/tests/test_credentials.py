import pytest

from accounts.enums import CodePurpose, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import CodeInvalid, ReauthenticationRequired
from accounts.models import CodeChallenge, Session, User
from accounts.services import (
    code_request,
    credentials,
    password_change,
    password_forgotten,
    password_replaced_tell,
    password_reset,
    session_open,
    user_register,
)
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, bearer, error, kinds, masked, post, wrong
from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db
PHONE = "+12025550143"
NEW = "staple of another kind"


# Changing


def test_change_password_keeps_this_session_ends_the_others_and_tells_the_owner(user, login, drain, mailoutbox):
    here, elsewhere = login(user), login(user)
    client = bearer(here["access_token"])

    answer = client.post(f"{AUTH}/change-password", {"current_password": PASSWORD, "new_password": NEW})
    drain()

    assert answer.status_code == 204
    assert client.get(f"{AUTH}/me").status_code == 200
    assert error(bearer(elsewhere["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert error(post("refresh", {"refresh_token": elsewhere["refresh_token"]})) == (401, "TOKEN_INVALID")
    assert User.objects.get().check_password(NEW)
    assert Session.objects.exclude(ended_at=None).get().end_reason == SessionEnd.PASSWORD
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [([user.email], "Your FixMate password was changed")]
    assert kinds(user)[-1] == SecurityEventKind.PASSWORD_CHANGED


@pytest.mark.parametrize(
    ("body", "refusal", "details"),
    [
        ({"current_password": "wrong", "new_password": NEW}, (403, "REAUTHENTICATION_REQUIRED"), {}),
        ({"new_password": NEW}, (403, "REAUTHENTICATION_REQUIRED"), {}),
        (
            {"current_password": PASSWORD, "new_password": "password1"},
            (400, "VALIDATION_ERROR"),
            {"new_password": ["This password is too common."]},
        ),
        ({"current_password": PASSWORD}, (400, "VALIDATION_ERROR"), {"new_password": ["This field is required."]}),
    ],
    ids=["wrong", "none", "weak", "missing"],
)
def test_change_password_refused_changes_nothing(user, body, refusal, details):
    answer = client_for(user).post(f"{AUTH}/change-password", body)

    assert error(answer) == refusal
    assert answer.json()["error"]["details"] == details
    assert User.objects.get().check_password(PASSWORD)
    assert OutboxMessage.objects.count() == 0


def test_a_phone_account_sets_its_first_password_with_a_login_code(texts, texted_code):
    user = UserFactory(email=None, phone=PHONE)
    code_request(phone=PHONE)

    answer = client_for(user).post(f"{AUTH}/change-password", {"code": texted_code(), "new_password": NEW})

    assert answer.status_code == 204
    assert User.objects.get().check_password(NEW)
    assert texts()[-1][0] == PHONE
    assert "password was changed" in texts()[-1][1]


def test_who_has_a_password_changes_it_with_the_password_alone(user, mailed_code):
    code_request(email=user.email)

    with pytest.raises(ReauthenticationRequired):
        password_change(user_id=user.pk, session_id=None, new_password=NEW, code=mailed_code())

    assert User.objects.get().check_password(PASSWORD)
    assert kinds(user)[-1] == SecurityEventKind.REAUTH_REFUSED


def test_wrong_codes_are_counted_when_they_stand_in_for_a_password(texted_code):
    user = UserFactory(email=None, phone=PHONE)
    code_request(phone=PHONE)
    code = texted_code()
    for _ in range(3):
        with pytest.raises(ReauthenticationRequired):
            password_change(user_id=user.pk, session_id=None, new_password=NEW, code=wrong(code))

    with pytest.raises(ReauthenticationRequired):
        password_change(user_id=user.pk, session_id=None, new_password=NEW, code=code)

    assert CodeChallenge.objects.get().tries == 3


def test_without_a_code_asked_for_none_is_right():
    user = UserFactory(email=None, phone=PHONE)

    with pytest.raises(ReauthenticationRequired):
        password_change(user_id=user.pk, session_id=None, new_password=NEW, code="123456")


def test_change_password_refuses_what_was_replaced_while_it_hashed(user, monkeypatch):
    checked = User.objects.get()
    User.objects.update(password="the hash of another")
    monkeypatch.setattr(credentials, "user_get", lambda _id: checked)

    with pytest.raises(ReauthenticationRequired):
        password_change(user_id=user.pk, session_id=None, new_password=NEW, current_password=PASSWORD)

    assert User.objects.get().password == "the hash of another"


# Forgotten


@pytest.mark.parametrize("by", ["email", "phone"])
def test_forgotten_password_is_replaced_by_code_and_ends_every_session(by, mailed_code, texted_code):
    user = UserFactory(email="ada@example.com", phone=PHONE, phone_verified_at="2026-01-01T00:00Z", password=PASSWORD)
    session = session_open(email=user.email, password=PASSWORD)
    address = {by: getattr(user, by)}

    asked = post("forgot-password", address)
    code = mailed_code() if by == "email" else texted_code()
    answer = post("reset-password", {**address, "code": code, "new_password": NEW})

    assert (asked.status_code, asked.content) == (202, b"")
    assert answer.status_code == 204
    assert User.objects.get().check_password(NEW)
    assert Session.objects.get(pk=session.pk).end_reason == SessionEnd.PASSWORD
    assert kinds(user)[-1] == SecurityEventKind.PASSWORD_RESET
    assert list(OutboxMessage.objects.values_list("task", flat=True).order_by("id"))[-1] == (
        "accounts.tell_password_replaced"
    )


def test_reset_code_is_good_once(user, mailed_code):
    password_forgotten(email=user.email)
    code = mailed_code()
    password_reset(email=user.email, code=code, new_password=NEW)

    with pytest.raises(CodeInvalid):
        password_reset(email=user.email, code=code, new_password=PASSWORD)

    assert User.objects.get().check_password(NEW)


@pytest.mark.parametrize("status", [None, UserStatus.PENDING, UserStatus.SUSPENDED])
def test_forgot_password_orders_nothing_where_nothing_can_be_reset(status):
    if status:
        UserFactory(email="ada@example.com", status=status)

    password_forgotten(email="ada@example.com")

    assert (CodeChallenge.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_forgot_and_reset_answer_the_same_whatever_there_is(user, mailed_code):
    UserFactory(email="new@example.com", status=UserStatus.PENDING)
    names = ("ada", "new", "nobody")

    asked = [masked(post("forgot-password", {"email": f"{name}@example.com"})) for name in names]
    code = wrong(mailed_code())
    body = {"code": code, "new_password": NEW}
    refused = [masked(post("reset-password", {**body, "email": f"{name}@example.com"})) for name in names]

    assert asked[0]["status"] == 202
    assert asked[0] == asked[1] == asked[2]
    assert (refused[0]["status"], refused[0]["body"]["error"]["code"]) == (400, "CODE_INVALID")
    assert refused[0] == refused[1] == refused[2]


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("password", ["short", "password1", "ada@example.com"])
def test_reset_judges_the_password_before_it_looks_for_the_account(is_known, password):
    UserFactory(email="ada@example.com" if is_known else "eve@example.com")
    password_forgotten(email="ada@example.com")

    with pytest.raises(Invalid) as refusal:
        password_reset(email="ada@example.com", code="000000", new_password=password)

    assert list(refusal.value.details) == ["new_password"]
    assert kinds() == [SecurityEventKind.CODE_REQUESTED]


def test_who_was_suspended_since_is_refused_like_a_wrong_code(user, mailed_code):
    password_forgotten(email=user.email)
    code = mailed_code()
    User.objects.filter(pk=user.pk).update(status=UserStatus.SUSPENDED)

    with pytest.raises(CodeInvalid):
        password_reset(email=user.email, code=code, new_password=NEW)

    assert User.objects.get().check_password(PASSWORD)


def test_hash_is_made_once_for_whatever_there_is(user, monkeypatch):
    hashed = []
    make = credentials.make_password
    monkeypatch.setattr(credentials, "make_password", lambda text: hashed.append(1) or make(text))

    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(CodeInvalid):
            password_reset(email=email, code="000000", new_password=NEW)

    assert len(hashed) == 2


def test_a_deleted_owner_is_told_nothing(mailoutbox):
    user = UserFactory(email=None, status=UserStatus.DELETED, deleted_at=clock.now())

    password_replaced_tell(user_id=user.pk, occasion=1)

    assert mailoutbox == []


def test_register_again_voids_no_reset_code_of_a_working_account(user, mailed_code):
    password_forgotten(email=user.email)
    code = mailed_code()

    user_register(**REGISTRATION)
    password_reset(email=user.email, code=code, new_password=NEW)

    assert CodeChallenge.objects.get().purpose == CodePurpose.RESET
    assert User.objects.get().check_password(NEW)
