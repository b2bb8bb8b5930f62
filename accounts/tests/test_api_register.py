import pytest

from accounts.enums import Role, UserStatus
from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, REGISTRATION, bearer, error, masked, post, wrong
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db


def test_register_verify_login_me_refresh_logout(mailed_code):
    registered = post("register", {**REGISTRATION, "phone": "(202) 555-0143"})
    verified = post("verify-otp", {"email": "ada@example.com", "code": mailed_code()})
    tokens = post("login", {"email": "ada@example.com", "password": PASSWORD}).json()
    me = bearer(tokens["access_token"]).get(f"{AUTH}/me")
    renewed = post("refresh", {"refresh_token": tokens["refresh_token"]}).json()
    left = bearer(renewed["access_token"]).post(f"{AUTH}/logout")
    after = bearer(renewed["access_token"]).get(f"{AUTH}/me")

    held = User.objects.get()
    assert registered.status_code == 202
    assert registered.json() == {"status": "PENDING", "email": "ada@example.com", "phone": "+12025550143"}
    assert verified.status_code == 200
    assert verified.json() == {"status": "ACTIVE", "email": "ada@example.com", "phone": "+12025550143"}
    assert me.json() == {
        "id": str(held.pk),
        "email": "ada@example.com",
        "phone": "+12025550143",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "role": "CUSTOMER",
        "status": "ACTIVE",
        "created_at": f"{held.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "verified_at": f"{held.verified_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "phone_verified_at": None,
        "has_password": True,
        "avatar_url": None,
    }
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert left.status_code == 204
    assert error(after) == (401, "TOKEN_INVALID")


def test_register_answers_the_same_for_a_taken_address(user):
    taken = post("register", REGISTRATION)

    free = post("register", {**REGISTRATION, "email": "eve@example.com"})

    free_body = masked(free)
    free_body["body"]["email"] = "ada@example.com"
    free_body["headers"]["Content-Length"] = taken.headers["Content-Length"]
    assert masked(taken) == free_body


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "ADMIN"}, "role"),
        ({"role": "customer"}, "role"),
        ({"email": "not an address"}, "email"),
        ({"email": None}, "email"),
        ({"phone": "12"}, "phone"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"first_name": ""}, "first_name"),
        ({"status": "ACTIVE"}, "status"),
        ({"is_staff": True}, "is_staff"),
    ],
)
def test_register_refuses_a_bad_body(change, field):
    answer = post("register", {**REGISTRATION, **change})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]
    assert (User.objects.count(), SecurityEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize("path", ["register", "send-otp", "forgot-password"])
def test_an_address_that_is_too_long_in_lower_case_is_none(path):
    address = "\u0130" * 200 + "@example.com"  # each of these letters is two in lower case
    rest = {**REGISTRATION} if path == "register" else {}

    answer = post(path, {**rest, "email": address})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert not User.objects.exists()


def test_send_otp_answers_the_same_for_every_address(user):
    UserFactory(email="new@example.com", status=UserStatus.PENDING)

    known, pending, unknown = (
        masked(post("send-otp", {"email": f"{name}@example.com"})) for name in ("ada", "new", "nobody")
    )

    assert known["status"] == 202
    assert known == pending == unknown


def test_verify_otp_answers_the_same_for_every_wrong_code(user, mailed_code):
    post("register", {**REGISTRATION, "email": "new@example.com"})
    code = wrong(mailed_code())

    known, pending, unknown = (
        masked(post("verify-otp", {"email": f"{name}@example.com", "code": code})) for name in ("ada", "new", "nobody")
    )

    assert (known["status"], known["body"]["error"]["code"]) == (400, "CODE_INVALID")
    assert known == pending == unknown


@pytest.mark.parametrize("code", ["12345", "1234567", "12 456", "abcdef", "١٢٣٤٥٦", None])
def test_verify_otp_refuses_what_is_no_code(code):
    answer = post("verify-otp", {"email": "ada@example.com", "code": code})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == ["code"]


# Me


def test_me_can_be_changed_by_its_owner():
    user = UserFactory(email="ada@example.com")

    answer = client_for(user).patch(f"{AUTH}/me", {"first_name": "Grace"})

    held = User.objects.get()
    assert (answer.status_code, answer.json()["first_name"]) == (200, "Grace")
    assert (held.first_name, held.last_name) == ("Grace", "Lovelace")


@pytest.mark.parametrize("field", ["email", "phone", "role", "status", "id", "password", "verified_at", "is_staff"])
def test_me_does_not_take_what_is_not_ones_to_change(field):
    user = UserFactory(email="ada@example.com")

    answer = client_for(user).patch(f"{AUTH}/me", {field: "ADMIN"})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert User.objects.get().role == Role.CUSTOMER


def test_an_unverified_account_may_read_itself_and_nothing_else():
    client = client_for(UserFactory(status=UserStatus.PENDING))

    assert client.get(f"{AUTH}/me").json()["status"] == "PENDING"
    assert error(client.patch(f"{AUTH}/me", {"first_name": "Grace"})) == (403, "EMAIL_NOT_VERIFIED")
