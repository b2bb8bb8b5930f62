import pytest

from accounts.enums import Role, UserStatus
from accounts.models import User
from accounts.tests.factories import UserFactory
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.django_db
USERS = "/api/v1/admin/users"
REASON = {"reason": "Abuse, case 4711"}

ACTORS = {
    "anonymous": None,
    "pending": {"status": UserStatus.PENDING},
    "customer": {},
    "technician": {"technician": True},
    "admin": {"admin": True},
}
STATUSES = [  # method, address, body, then one status for each actor above
    ("get", USERS, None, (401, 403, 403, 403, 200)),
    ("get", USERS + "/{id}", None, (401, 403, 403, 403, 200)),
    ("get", USERS + "/{nobody}", None, (401, 403, 403, 403, 404)),
    ("post", USERS + "/{id}/suspend", REASON, (401, 403, 403, 403, 200)),
    ("post", USERS + "/{nobody}/suspend", REASON, (401, 403, 403, 403, 404)),
    ("post", USERS + "/{id}/restrict", REASON, (401, 403, 403, 403, 200)),
    ("post", USERS + "/{nobody}/restrict", REASON, (401, 403, 403, 403, 404)),
    ("post", USERS + "/{id}/reinstate", REASON, (401, 403, 403, 403, 409)),
    ("post", USERS + "/{nobody}/reinstate", REASON, (401, 403, 403, 403, 404)),
    ("delete", USERS + "/{id}", None, (401, 403, 403, 403, 405)),
    ("patch", USERS + "/{id}", {"role": "ADMIN"}, (401, 403, 403, 403, 405)),
    ("get", "/api/v1/auth/me", None, (401, 200, 200, 200, 200)),
    ("patch", "/api/v1/auth/me", {}, (401, 403, 200, 200, 200)),
]


@pytest.mark.parametrize(
    ("actor", "method", "address", "body", "expected"),
    [
        pytest.param(actor, method, address, body, expected, id=f"{actor} {method} {address}")
        for method, address, body, by_actor in STATUSES
        for actor, expected in zip(ACTORS, by_actor, strict=True)
    ],
)
def test_permissions(actor, method, address, body, expected):
    target = UserFactory()
    user = None if ACTORS[actor] is None else UserFactory(**ACTORS[actor])

    answer = getattr(client_for(user), method)(address.format(id=target.pk, nobody=uuid7()), body)

    assert answer.status_code == expected
    is_act = expected == 200 and method == "post"
    assert AuditEntry.objects.count() == int(is_act)
    assert (User.objects.get(pk=target.pk).status != UserStatus.ACTIVE) is is_act


@pytest.mark.parametrize("item_count", [1, 3])
def test_users_list_takes_one_query(item_count, django_assert_num_queries):
    users = UserFactory.create_batch(item_count)
    client = client_for(UserFactory(admin=True))

    with django_assert_num_queries(1):
        answer = client.get(USERS, {"role": "CUSTOMER"})

    assert [row["id"] for row in answer.json()["results"]] == [str(user.pk) for user in reversed(users)]


def test_users_list_filters_by_role_and_status():
    admin = UserFactory(admin=True)
    wanted = UserFactory(technician=True, status=UserStatus.SUSPENDED)
    UserFactory(technician=True)
    UserFactory(status=UserStatus.SUSPENDED)

    answer = client_for(admin).get(USERS, {"role": Role.TECHNICIAN, "status": UserStatus.SUSPENDED, "colour": "red"})

    assert [row["id"] for row in answer.json()["results"]] == [str(wanted.pk)]


@pytest.mark.parametrize("query", [{"role": "KING"}, {"status": "asleep"}, {"ordering": "password"}, {"cursor": "x"}])
def test_users_list_refuses_unknown_values(query):
    answer = client_for(UserFactory(admin=True)).get(USERS, query)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == list(query)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 1001}, {**REASON, "id": "1"}])
def test_suspend_needs_a_reason(body):
    user = UserFactory()

    answer = client_for(UserFactory(admin=True)).post(f"{USERS}/{user.pk}/suspend", body)

    assert answer.status_code == 400
    assert User.objects.get(pk=user.pk).status == UserStatus.ACTIVE
    assert AuditEntry.objects.count() == 0


def test_suspend_then_reinstate_answer_the_account_and_are_audited_from_rest():
    admin, user = UserFactory(admin=True), UserFactory()
    client = client_for(admin)

    suspended = client.post(f"{USERS}/{user.pk}/suspend", REASON)
    again = client.post(f"{USERS}/{user.pk}/suspend", REASON)
    reinstated = client.post(f"{USERS}/{user.pk}/reinstate", {"reason": "Mistake"})

    assert (suspended.json()["id"], suspended.json()["status"]) == (str(user.pk), "SUSPENDED")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ILLEGAL_TRANSITION")
    assert reinstated.json()["status"] == "ACTIVE"
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "reason", "source", "actor_id")) == [
        ("accounts.user.suspend", "Abuse, case 4711", "REST", admin.pk),
        ("accounts.user.reinstate", "Mistake", "REST", admin.pk),
    ]


def test_staff_may_not_suspend_themselves():
    admin = UserFactory(admin=True)

    answer = client_for(admin).post(f"{USERS}/{admin.pk}/suspend", REASON)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    assert User.objects.get().status == UserStatus.ACTIVE


def test_no_answer_shows_a_password():
    user = UserFactory(password="correct horse battery")

    answer = client_for(UserFactory(admin=True)).get(f"{USERS}/{user.pk}")

    assert "password" not in answer.json()
    assert user.password not in answer.content.decode()


def test_users_list_finds_people():
    ada = UserFactory(first_name="Ada", last_name="Byron", email="countess@example.com")
    grace = UserFactory(first_name="Grace", last_name="Hopper", phone="+12025550143")
    client = client_for(UserFactory(admin=True, first_name="Sam", last_name="Staff", email="sam@example.org"))

    def found(**query):
        return [row["id"] for row in client.get(USERS, query).json()["results"]]

    assert found(search="byron ADA") == [str(ada.pk)]
    assert found(search="ada hopper") == []
    assert found(search="5550143") == [str(grace.pk)]
    assert found(search="countess@") == [str(ada.pk)]
    assert found(email=" Countess@Example.com") == [str(ada.pk)]
    assert found(phone="+1 202 555 0143") == [str(grace.pk)]
    assert found(status=["SUSPENDED"]) == []
    assert found(created_before="2020-01-01T00:00:00Z") == []


def test_users_list_refuses_a_number_that_is_none():
    answer = client_for(UserFactory(admin=True)).get(USERS, {"phone": "12"})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["phone"])


def test_staff_are_suspended_and_not_restricted():
    colleague = UserFactory(admin=True)

    answer = client_for(UserFactory(admin=True)).post(f"{USERS}/{colleague.pk}/restrict", REASON)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "STAFF_NOT_RESTRICTED")
