"""The second factor over REST: the login that asks for it, the door behind it, and acts that ask again."""

from datetime import timedelta

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.devices import Authenticator
from accounts.enums import UserStatus
from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import bearer, error, masked, post
from accounts.tests.second_factors import code_of, staff_client, staff_with_factor, wrong_code
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steady")]
FACTOR, STEP_UP, ME, USERS = (
    "/api/v1/auth/second-factor",
    "/api/v1/auth/step-up",
    "/api/v1/auth/me",
    "/api/v1/admin/users",
)
NEEDED = (403, "SECOND_FACTOR_REQUIRED")
REASON = {"reason": "Abuse, case 4711"}


@pytest.fixture
def required(settings):
    settings.STAFF_REST_2FA = True


@pytest.fixture
def staff():
    return UserFactory(admin=True, email="sam@example.com", password=PASSWORD)


@pytest.fixture
def holder():
    return staff_with_factor(email="sam@example.com")


# Enrolment


@pytest.mark.parametrize("is_required", [True, False])
def test_staff_add_show_and_remove_a_second_factor(staff, settings, is_required):
    settings.STAFF_REST_2FA = is_required
    client = staff_client(staff)
    begun = client.post(FACTOR, {"current_password": PASSWORD})
    device = Authenticator.objects.get()

    added = client.post(f"{FACTOR}/confirm", {"otp": code_of(device, steps=-1)})

    assert (begun.status_code, begun.json()["secret"]) == (201, device.secret)
    assert (begun["Cache-Control"], added["Cache-Control"]) == ("no-store", "no-store")
    assert (added.status_code, len(added.json()["recovery_codes"])) == (200, 10)
    assert error(client.get(ME)) == (401, "TOKEN_INVALID")  # the tokens from before
    client = bearer(added.json()["access_token"])
    assert client.get(USERS).status_code == 200
    stepped = client.post(STEP_UP, {"otp": code_of(device)})
    assert stepped.status_code == 200
    assert error(client.get(ME)) == (401, "TOKEN_INVALID")
    assert error(post("refresh", {"refresh_token": added.json()["refresh_token"]})) == (401, "TOKEN_INVALID")
    client = bearer(stepped.json()["access_token"])
    removed = client.post(f"{FACTOR}/remove", {"otp": added.json()["recovery_codes"][0]})
    assert removed.status_code == 204
    assert client.get(USERS).status_code == (403 if is_required else 200)


def test_state_is_told(holder, staff_state, required):
    left = holder.authenticator
    assert staff_state(staff_client(holder)) == {
        "is_required": True,
        "is_enrolled": True,
        "added_at": left.created_at.isoformat().replace("+00:00", "Z"),
        "recovery_codes_left": 10,
        "shown_at": Session.objects.get(ended_at=None).second_factor_at.isoformat().replace("+00:00", "Z"),
    }


def test_state_of_who_has_none(staff, staff_state):
    for client in (staff_client(staff), client_for(staff)):
        assert staff_state(client) == {
            "is_required": False,
            "is_enrolled": False,
            "added_at": None,
            "recovery_codes_left": 0,
            "shown_at": None,
        }


@pytest.fixture
def staff_state():
    def read(client):
        answer = client.get(FACTOR)
        assert answer.status_code == 200
        return answer.json()

    return read


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (FACTOR, {"current_password": "wrong"}, (403, "REAUTHENTICATION_REQUIRED")),
        (FACTOR, {}, (400, "VALIDATION_ERROR")),
        (f"{FACTOR}/confirm", {"otp": "123456"}, (409, "ENROLMENT_NOT_BEGUN")),
        (f"{FACTOR}/confirm", {"otp": "12345"}, (400, "VALIDATION_ERROR")),
        (f"{FACTOR}/remove", {"otp": "123456"}, (409, "SECOND_FACTOR_ABSENT")),
        (STEP_UP, {"otp": "123456"}, (409, "SECOND_FACTOR_ABSENT")),
        (STEP_UP, {"otp": "１２３４５６"}, (400, "VALIDATION_ERROR")),
    ],
)
def test_refusals_of_who_has_none(staff, path, body, expected):
    assert error(staff_client(staff).post(path, body)) == expected


@pytest.mark.parametrize("path", [f"{FACTOR}/remove", STEP_UP])
def test_a_wrong_code_is_refused_and_counted_with_an_idempotency_key_too(holder, path):
    client = staff_client(holder)

    refused = client.post(path, {"otp": wrong_code(holder.authenticator)}, headers={"Idempotency-Key": "k"})

    assert error(refused) == (403, "SECOND_FACTOR_REFUSED")
    assert Authenticator.objects.get().throttling_failure_count == 1


@pytest.mark.parametrize("path", [FACTOR, f"{FACTOR}/confirm", f"{FACTOR}/remove", STEP_UP])
@pytest.mark.parametrize(
    ("actor", "status"),
    [(None, 401), ({}, 403), ({"technician": True}, 403), ({"admin": True, "status": UserStatus.PENDING}, 403)],
)
def test_it_is_for_staff(path, actor, status):
    client = client_for(UserFactory(**actor) if actor is not None else None)

    assert client.post(path, {"otp": "123456"}).status_code == status


def test_tries_are_limited(holder, settings):
    settings.RATES = {**settings.RATES, "second_factor": "2/m"}
    client = staff_client(holder)

    answers = [client.post(STEP_UP, {"otp": wrong_code(holder.authenticator)}).status_code for _ in range(3)]

    assert answers == [403, 403, 429]


# Login


def test_login_asks_for_the_code_in_both_forms(holder, required):
    device, form = holder.authenticator, "application/x-www-form-urlencoded"
    json, oauth = {"email": holder.email, "password": PASSWORD}, f"username={holder.email}&password={PASSWORD}"

    assert error(post("login", json)) == (401, "SECOND_FACTOR_REQUIRED")
    assert error(client_for().generic("POST", "/api/v1/auth/login", oauth, form)) == (401, "SECOND_FACTOR_REQUIRED")
    assert post("login", {**json, "otp": code_of(device)}).status_code == 200
    again = client_for().generic("POST", "/api/v1/auth/login", f"{oauth}&otp={code_of(device, steps=1)}", form)
    assert again.status_code == 200


def test_a_wrong_code_cannot_be_told_from_a_wrong_password(holder):
    body = {"email": holder.email, "password": PASSWORD, "otp": wrong_code(holder.authenticator)}

    answers = [
        post("login", body),
        post("login", {**body, "password": "wrong"}),
        post("login", {**body, "email": "no@x.org"}),
    ]

    assert masked(answers[0]) == masked(answers[1]) == masked(answers[2])
    assert error(answers[0]) == (401, "INVALID_CREDENTIALS")


def test_a_code_of_who_has_no_second_factor_is_not_looked_at():
    user = UserFactory(password=PASSWORD)

    assert post("login", {"email": user.email, "password": PASSWORD, "otp": "123456"}).status_code == 200
    assert post("login", {"email": user.email, "password": PASSWORD, "otp": None}).status_code == 200


# The door


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("get", ME, 200),
        ("get", FACTOR, 200),
        ("patch", ME, 403),
        ("get", "/api/v1/auth/sessions", 403),
        ("get", "/api/v1/auth/me/export", 403),
        ("get", USERS, 403),
        ("get", "/api/v1/services", 200),
    ],
)
def test_staff_without_one_read_themselves_and_what_anybody_reads(staff, required, method, path, expected):
    assert getattr(staff_client(staff), method)(path).status_code == expected


def test_a_session_that_showed_none_is_denied_until_it_steps_up(staff, required):
    holder = staff_with_factor()
    client = staff_client(holder)
    Session.objects.update(second_factor_at=None)  # as of a session from before
    assert error(client.get(USERS)) == NEEDED

    stepped = client.post(STEP_UP, {"otp": code_of(holder.authenticator, steps=1)})

    assert bearer(stepped.json()["access_token"]).get(USERS).status_code == 200


def test_others_are_not_asked(required):
    for user in (UserFactory(password=PASSWORD), UserFactory(technician=True, password=PASSWORD)):
        assert staff_client(user).get("/api/v1/auth/sessions").status_code == 200


def test_the_door_takes_no_query_of_its_own(holder, settings, django_assert_num_queries):
    client = staff_client(holder)
    client.get(USERS)  # the first one counts itself against the ceiling by other queries
    for settings.STAFF_REST_2FA in (False, True):
        with django_assert_num_queries(2):  # the session with its user, the list
            assert client.get(USERS).status_code == 200


# Step-up


@pytest.fixture
def client(holder, required):
    return staff_client(holder)


def _age(minutes: float) -> None:
    for session in Session.objects.filter(ended_at=None):
        then = session.second_factor_at - timedelta(minutes=minutes)
        Session.objects.filter(pk=session.pk).update(second_factor_at=then, created_at=then)


@pytest.mark.parametrize("act", ["suspend", "restrict", "reinstate"])
def test_dangerous_acts_want_a_fresh_factor(client, holder, act):
    target = UserFactory()
    _age(10.1)

    refused = client.post(f"{USERS}/{target.pk}/{act}", REASON)

    assert error(refused) == (403, "STEP_UP_REQUIRED")
    assert User.objects.get(pk=target.pk).status == UserStatus.ACTIVE
    assert AuditEntry.objects.count() == 0
    assert client.get(USERS).status_code == 200
    stepped = client.post(STEP_UP, {"otp": code_of(holder.authenticator, steps=1)})
    assert bearer(stepped.json()["access_token"]).post(f"{USERS}/{target.pk}/{act}", REASON).status_code != 403


def test_a_fresh_factor_will_do(client):
    target = UserFactory()
    _age(9)

    assert client.post(f"{USERS}/{target.pk}/suspend", REASON).status_code == 200


def test_where_it_is_not_required_nobody_is_asked_again(client, settings):
    settings.STAFF_REST_2FA = False
    _age(60)

    assert client.post(f"{USERS}/{UserFactory().pk}/suspend", REASON).status_code == 200


def test_refreshing_does_not_renew_it(client, holder):
    body = {"email": holder.email, "password": PASSWORD, "otp": code_of(holder.authenticator, steps=1)}
    login = post("login", body).json()
    _age(11)

    refreshed = post("refresh", {"refresh_token": login["refresh_token"]}).json()

    answer = bearer(refreshed["access_token"]).post(f"{USERS}/{UserFactory().pk}/suspend", REASON)
    assert error(answer) == (403, "STEP_UP_REQUIRED")


def test_the_schema_says_which_acts_step_up():
    paths = SchemaGenerator().get_schema(public=True)["paths"]

    assert "STEP_UP_REQUIRED" in paths[f"{USERS}/{{id}}/suspend"]["post"]["responses"]["403"]["description"]
    assert "STEP_UP_REQUIRED" not in str(paths[USERS])
