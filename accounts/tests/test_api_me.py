"""What an account does about itself over the API: sessions, picture, data, farewell."""

import json

import pytest
from django.core.files.storage import default_storage

from accounts import hooks
from accounts.enums import SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountInUse
from accounts.models import CodeChallenge, Session, User
from accounts.services import (
    avatar_set,
    code_request,
    session_open,
    user_erase,
    user_hold_working,
    user_profile_update,
    user_register,
)
from accounts.services.export import ACCOUNT_FIELDS
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, bearer, error, kinds, logged_in, post
from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, NotFound
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import NOBODY, client_for
from fixmate.core.tests.pictures import pdf, picture, sent, with_position

pytestmark = pytest.mark.django_db

# Sessions


def test_sessions_show_where_one_is_logged_in(user, login):
    phone = login(user, **{"User-Agent": "FixMate/1.0 (phone)"})
    login(user, **{"User-Agent": "Firefox"})
    login(UserFactory(email="bob@example.com", password=PASSWORD))

    rows = bearer(phone["access_token"]).get(f"{AUTH}/sessions").json()["results"]

    assert [(row["user_agent"], row["is_current"]) for row in rows] == [
        ("Firefox", False),
        ("FixMate/1.0 (phone)", True),
    ]
    assert rows[1]["ip_address"] == "127.0.0.1"
    assert set(rows[1]) == {
        "id",
        "user_agent",
        "ip_address",
        "created_at",
        "refreshed_at",
        "expires_at",
        "is_current",
    }


@pytest.mark.parametrize("item_count", [1, 3])
def test_sessions_list_takes_two_queries(user, login, item_count, django_assert_num_queries):
    tokens = [login(user) for _ in range(item_count)]
    client = bearer(tokens[0]["access_token"])

    with clock.frozen(clock.now()), django_assert_num_queries(2):
        answer = client.get(f"{AUTH}/sessions")

    assert len(answer.json()["results"]) == item_count


def test_a_session_ended_from_elsewhere_is_over_at_its_next_request(user, login):
    here, lost = login(user), login(user)
    lost_id = Session.objects.order_by("created_at", "pk").last().pk
    client = bearer(here["access_token"])

    answers = [client.delete(f"{AUTH}/sessions/{lost_id}").status_code for _ in "12"]

    assert answers == [204, 204]
    assert error(bearer(lost["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert error(post("refresh", {"refresh_token": lost["refresh_token"]})) == (401, "TOKEN_INVALID")
    assert [row["is_current"] for row in client.get(f"{AUTH}/sessions").json()["results"]] == [True]
    assert Session.objects.get(pk=lost_id).end_reason == SessionEnd.REVOKED
    assert kinds(user).count(SecurityEventKind.SESSION_REVOKED) == 1


def test_nobody_ends_anothers_session(user):
    other = UserFactory(password=PASSWORD)
    session = session_open(email=other.email, password=PASSWORD)

    his, none = (client_for(user).delete(f"{AUTH}/sessions/{pk}") for pk in (session.pk, NOBODY))

    assert error(his) == error(none) == (404, "NOT_FOUND")
    assert Session.objects.get().ended_at is None


# Picture


def test_picture_is_kept_clean_and_replaced_and_removed(user):
    client, url = client_for(user), f"{AUTH}/me/avatar"
    content = picture(exif=with_position())

    first = client.put(url, {"file": sent(content, "../../evil.php.jpg")}, format="multipart").json()["avatar_url"]
    before = str(User.objects.get().avatar)
    shown = client.get(first)
    body = b"".join(shown.streaming_content)
    with_png = client.put(url, {"file": sent(picture("PNG"))}, format="multipart")
    after = str(User.objects.get().avatar)

    assert first == f"/api/v1/users/{user.pk}/avatar"
    assert (before.startswith("avatars/"), before.endswith(".jpg"), "evil" in before) == (True, True, False)
    assert (shown.headers["Content-Type"], shown.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert body.startswith(b"\xff\xd8")
    assert b"GPS" not in body
    assert with_png.status_code == 200
    assert after.endswith(".png")


@pytest.mark.django_db(transaction=True)
def test_only_the_picture_of_now_is_kept():
    user = UserFactory()
    client, url = client_for(user), f"{AUTH}/me/avatar"
    paths = []
    for _ in "12":
        client.put(url, {"file": sent(picture())}, format="multipart")
        paths.append(str(User.objects.get().avatar))

    held = [default_storage.exists(path) for path in paths]
    removed = client.delete(url)
    client.delete(url)

    assert held == [False, True]
    assert removed.json()["avatar_url"] is None
    assert not default_storage.exists(paths[1])


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", (400, "VALIDATION_ERROR")),
        (b"<svg onload=alert(1)>", (415, "UNSUPPORTED_MEDIA_TYPE")),
        (pdf(), (415, "UNSUPPORTED_MEDIA_TYPE")),
        (picture()[:40], (400, "VALIDATION_ERROR")),
        (b"\xff" * (5 * 1024 * 1024 + 1), (413, "PAYLOAD_TOO_LARGE")),
    ],
    ids=["empty", "svg", "pdf", "broken", "large"],
)
def test_picture_refuses_what_is_none(user, content, refusal):
    answer = client_for(user).put(f"{AUTH}/me/avatar", {"file": sent(content)}, format="multipart")

    assert error(answer) == refusal
    assert str(User.objects.get().avatar) == ""


@pytest.mark.parametrize(
    ("viewer", "status"), [("owner", 200), ("staff", 200), ("acquaintance", 200), ("stranger", 404), ("anonymous", 401)]
)
def test_picture_is_private(user, viewer, status, monkeypatch):
    client_for(user).put(f"{AUTH}/me/avatar", {"file": sent(picture())}, format="multipart")
    friend = UserFactory()
    monkeypatch.setattr(hooks, "_acquaintances", [lambda one, _other: one == friend])
    viewers = {"owner": user, "staff": UserFactory(admin=True), "acquaintance": friend, "stranger": UserFactory()}

    answer = client_for(viewers.get(viewer)).get(f"/api/v1/users/{user.pk}/avatar")
    answer.close()

    assert answer.status_code == status


def test_no_picture_answers_like_nobody(user):
    answers = [client_for(user).get(f"/api/v1/users/{pk}/avatar") for pk in (user.pk, NOBODY)]

    assert [error(answer) for answer in answers] == [(404, "NOT_FOUND")] * 2


# Export


def test_export_gives_all_that_is_held_and_no_secret(user, login):
    client = bearer(login(user)["access_token"])
    code_request(email=user.email)

    answer = client.get(f"{AUTH}/me/export")
    text = b"".join(answer.streaming_content).decode()

    data = json.loads(text)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert data["account"]["email"] == "ada@example.com"
    assert tuple(data["account"]) == ACCOUNT_FIELDS
    assert set(data) == {"generated_at", "account", *(part.name for part in hooks.export_parts())}
    assert [row["ip_address"] for row in data["sessions"]] == ["127.0.0.1"]
    assert [row["kind"] for row in data["security_events"]] == ["LOGIN", "CODE_REQUESTED", "DATA_EXPORTED"]
    assert [row["address"] for row in data["codes"]] == ["ada@example.com"]
    assert user.password not in text
    assert str(Session.objects.get().refresh_jti) not in text


def test_export_is_of_oneself_alone(user):
    session_open(email=UserFactory(email="bob@example.com", password=PASSWORD).email, password=PASSWORD)

    answer = logged_in(user).get(f"{AUTH}/me/export")

    data = json.loads(b"".join(answer.streaming_content))
    assert len(data["sessions"]) == 1
    assert "bob" not in json.dumps(data)


def test_export_is_not_had_again_and_again(user, settings):
    settings.RATES = {**settings.RATES, "export": "1/h"}
    client = logged_in(user)

    codes = [client.get(f"{AUTH}/me/export").status_code for _ in range(2)]

    assert codes == [200, 429]


# Farewell


def test_deletion_takes_the_person_out_and_leaves_the_row(login):
    user = UserFactory(
        email="ada@example.com", phone="+12025550143", phone_verified_at="2026-01-01T00:00Z", password=PASSWORD
    )
    tokens = login(user, **{"User-Agent": "phone"})
    code_request(phone="+12025550143")

    answer = bearer(tokens["access_token"]).delete(f"{AUTH}/me")

    held, session, challenge = User.objects.get(), Session.objects.get(), CodeChallenge.objects.get()
    assert answer.status_code == 204
    assert (held.pk, held.status, held.email, held.phone) == (user.pk, UserStatus.DELETED, None, None)
    assert (held.full_name, held.has_usable_password(), held.phone_verified_at) == ("Deleted user", False, None)
    assert (session.end_reason, session.user_agent, session.ip_address) == (SessionEnd.DELETED, "", None)
    assert (challenge.address, challenge.closed_at is None) == ("", False)
    assert kinds(user)[-1] == SecurityEventKind.ACCOUNT_DELETED
    assert error(bearer(tokens["access_token"]).get(f"{AUTH}/me")) == (401, "TOKEN_INVALID")
    assert error(post("refresh", {"refresh_token": tokens["refresh_token"]})) == (401, "TOKEN_INVALID")
    assert error(post("login", {"email": "ada@example.com", "password": PASSWORD})) == (401, "INVALID_CREDENTIALS")


def test_deletion_frees_the_address(user):
    user_erase(user_id=user.pk)

    user_register(**REGISTRATION)

    assert User.objects.get(email="ada@example.com").status == UserStatus.PENDING


def test_deletion_is_done_once(user):
    user_erase(user_id=user.pk)
    deleted_at = User.objects.get().deleted_at

    user_erase(user_id=user.pk)

    assert User.objects.get().deleted_at == deleted_at
    assert kinds(user) == [SecurityEventKind.ACCOUNT_DELETED]


def test_deletion_refused_by_a_guard_takes_everything_back(user, monkeypatch):
    erased = []

    def refuse(_user):
        raise AccountInUse("Finish or cancel your jobs first.")

    monkeypatch.setattr(hooks, "_erasers", [lambda account: erased.append(account.pk)])
    monkeypatch.setattr(hooks, "_deletion_guards", [refuse])

    answer = logged_in(user).delete(f"{AUTH}/me")

    held = User.objects.get()
    assert error(answer) == (409, "ACCOUNT_IN_USE")
    assert answer.json()["error"]["message"] == "Finish or cancel your jobs first."
    assert erased == [user.pk]
    assert (held.status, held.email, held.check_password(PASSWORD)) == (UserStatus.ACTIVE, "ada@example.com", True)
    assert (kinds(user), OutboxMessage.objects.count()) == ([], 0)


@pytest.mark.parametrize("status", [UserStatus.PENDING, UserStatus.SUSPENDED])
def test_deletion_is_for_accounts_that_work(status):
    user = UserFactory(status=status)

    with pytest.raises(IllegalTransition):
        user_erase(user_id=user.pk)

    assert User.objects.get().status == status


@pytest.mark.parametrize("status", [UserStatus.PENDING, UserStatus.SUSPENDED, UserStatus.DELETED])
def test_hold_working_refuses_an_account_that_does_not(status):
    deleted = {"deleted_at": "2026-01-01T00:00Z"} if status == UserStatus.DELETED else {}
    user = UserFactory(status=status, **deleted)

    with pytest.raises(Exception, match="suspended"):
        user_hold_working(user)


@pytest.mark.django_db(transaction=True)
def test_deletion_deletes_the_picture():
    user = UserFactory()
    client = logged_in(user)
    client.put(f"{AUTH}/me/avatar", {"file": sent(picture())}, format="multipart")
    path = str(User.objects.get().avatar)

    client.delete(f"{AUTH}/me")

    assert str(User.objects.get().avatar) == ""
    assert not default_storage.exists(path)


PENDING_STATUSES = [
    ("get", "me", 200),
    ("patch", "me", 403),
    ("delete", "me", 403),
    ("put", "me/avatar", 403),
    ("get", "me/export", 403),
    ("get", "sessions", 403),
    ("post", "reauthenticate", 403),
    ("post", "change-password", 403),
    ("post", "change-address", 403),
    ("post", "confirm-address", 403),
    ("post", "remove-phone", 403),
]


@pytest.mark.parametrize(("method", "path", "status"), PENDING_STATUSES)
def test_who_is_not_verified_reads_himself_and_does_nothing(method, path, status):
    pending = UserFactory(status=UserStatus.PENDING)

    answers = [getattr(client_for(user), method)(f"{AUTH}/{path}").status_code for user in (pending, None)]

    assert answers == [status, 401]


def test_what_comes_after_the_deletion_leaves_nothing_behind(user):
    """A request that was under way when its account was deleted."""
    user_erase(user_id=user.pk)

    for late in (
        lambda: user_profile_update(user_id=user.pk, first_name="Ada"),
        lambda: avatar_set(user_id=user.pk, file=sent(picture())),
    ):
        with pytest.raises(NotFound):
            late()

    kept = User.objects.get(pk=user.pk)
    assert (kept.first_name == "Ada", str(kept.avatar)) == (False, "")
