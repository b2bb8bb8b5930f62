"""What staff read that no single app knows: an account with all that hangs on it, and the audit trail."""

from datetime import timedelta

import pytest

from accounts.enums import UserStatus
from accounts.services import session_open, user_reinstate, user_restrict
from accounts.tests.factories import PASSWORD, UserFactory
from disputes.tests.factories import DisputeFactory
from fixmate.core import clock
from fixmate.core.tests.http import NOBODY, client_for
from jobs.tests.factories import JobFactory, job_completed
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
USERS, LOG = "/api/v1/admin/users", "/api/v1/admin/audit-log"


@pytest.fixture
def admin():
    return UserFactory(admin=True, email="sam@example.com")


@pytest.fixture
def staff(admin):
    return client_for(admin)


# Accounts


def test_customer_with_what_hangs_on_him(noon, staff, admin):
    user = UserFactory(password=PASSWORD)
    session_open(email=user.email, password=PASSWORD)
    JobFactory(customer=user)
    DisputeFactory(job=job_completed(customer=user))
    user_restrict(user_id=user.pk, actor=admin, reason="Unpaid")

    body = staff.get(f"{USERS}/{user.pk}").json()

    dossier = body.pop("dossier")
    assert (body["id"], body["status"], body["is_dispatcher"]) == (str(user.pk), "RESTRICTED", False)
    assert (dossier["open_sessions"], dossier["last_seen_at"]) == (1, "2026-03-02T12:00:00Z")
    assert {status: count for status, count in dossier["jobs"].items() if count} == {"REQUESTED": 1, "COMPLETED": 1}
    assert (dossier["open_disputes"], dossier["technician"]) == (1, None)
    assert [(entry["action"], entry["reason"]) for entry in dossier["audit_entries"]] == [
        ("accounts.user.restrict", "Unpaid")
    ]


def test_technician_with_what_hangs_on_him(staff):
    technician = TechnicianFactory()
    DisputeFactory(job=job_completed(technician))

    dossier = staff.get(f"{USERS}/{technician.user_id}").json()["dossier"]

    assert dossier["technician"] == {
        "id": str(technician.pk),
        "verification": "VERIFIED",
        "is_online": False,
        "rating": None,
        "jobs_completed": 0,
    }
    assert (dossier["jobs"]["COMPLETED"], dossier["open_disputes"], dossier["open_sessions"]) == (1, 1, 0)
    assert (dossier["last_seen_at"], dossier["audit_entries"]) == (None, [])


@pytest.mark.parametrize("item_count", [1, 3])
def test_account_takes_a_constant_number_of_queries(noon, staff, admin, item_count, django_assert_num_queries):
    user = UserFactory()
    for _ in range(item_count):
        JobFactory(customer=user)
        user_restrict(user_id=user.pk, actor=admin, reason="Unpaid")
        user_reinstate(user_id=user.pk, actor=admin, reason="Paid")

    with django_assert_num_queries(7):
        staff.get(f"{USERS}/{user.pk}")


def test_deleted_account_is_still_read(staff, noon):
    gone = UserFactory(status=UserStatus.DELETED, deleted_at=noon, email=None)

    body = staff.get(f"{USERS}/{gone.pk}").json()

    assert (body["status"], body["email"], body["deleted_at"]) == ("DELETED", None, "2026-03-02T12:00:00Z")


# The audit trail


@pytest.fixture
def trail(noon, admin):
    """Two people restricted by one colleague, an hour apart; the first reinstated by another."""
    first, second = UserFactory(), UserFactory()
    user_restrict(user_id=first.pk, actor=admin, reason="Unpaid")
    with clock.frozen(noon + timedelta(hours=1)):
        user_restrict(user_id=second.pk, actor=admin, reason="Rude")
        user_reinstate(user_id=first.pk, actor=UserFactory(admin=True), reason="Paid")
    return first, second


def sequences(client, **query):
    answer = client.get(LOG, query)
    assert answer.status_code == 200, answer.json()
    return [entry["sequence"] for entry in answer.json()["results"]]


def test_trail_is_read_newest_first(trail, staff, admin):
    first, _ = trail

    answer = staff.get(LOG).json()

    assert [entry["sequence"] for entry in answer["results"]] == [3, 2, 1]
    entry = answer["results"][2]
    assert len(entry.pop("digest")) == 64
    assert entry == {
        "sequence": 1,
        "at": "2026-03-02T12:00:00Z",
        "actor_id": str(admin.pk),
        "actor_label": "sam@example.com",
        "action": "accounts.user.restrict",
        "target_type": "accounts.User",
        "target_id": str(first.pk),
        "reason": "Unpaid",
        "source": "SYSTEM",
        "ip_address": None,
        "request_id": "",
        "before": {"status": "ACTIVE"},
        "after": {"status": "RESTRICTED"},
    }


def test_trail_is_filtered(trail, staff, admin):
    first, second = trail

    assert sequences(staff, actor=admin.pk) == [2, 1]
    assert sequences(staff, action="accounts.user.reinstate") == [3]
    assert sequences(staff, target=first.pk) == [3, 1]
    assert sequences(staff, target=second.pk, target_type="accounts.User") == [2]
    assert sequences(staff, target_type="jobs.Job") == []
    assert sequences(staff, source="REST") == []
    assert sequences(staff, **{"from": "2026-03-02T12:30:00Z"}) == [3, 2]
    assert sequences(staff, to="2026-03-02T13:00:00Z") == [1]
    assert sequences(staff, ordering="sequence") == [1, 2, 3]


def test_trail_is_paged(trail, staff):
    page = staff.get(LOG, {"page_size": 2}).json()

    rest = staff.get(page["next"]).json()

    assert [entry["sequence"] for entry in page["results"] + rest["results"]] == [3, 2, 1]


def test_an_entry_is_read_by_its_number(trail, staff):
    assert staff.get(f"{LOG}/2").json()["reason"] == "Rude"
    assert staff.get(f"{LOG}/9").status_code == 404


@pytest.mark.parametrize(
    "query", [{"actor": "sam"}, {"source": "PHONE"}, {"from": "today"}, {"to": "x"}, {"ordering": "reason"}]
)
def test_trail_refuses_unknown_values(staff, query):
    answer = staff.get(LOG, query)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, list(query))


@pytest.mark.parametrize("item_count", [1, 3])
def test_trail_takes_one_query(staff, admin, item_count, django_assert_num_queries):
    for _ in range(item_count):
        user_restrict(user_id=UserFactory().pk, actor=admin, reason="Unpaid")

    with django_assert_num_queries(1):
        assert len(sequences(staff)) == item_count


@pytest.mark.parametrize(
    ("kind", "status"), [(None, 401), ({}, 403), ({"technician": True}, 403), ({"admin": True}, 0)]
)
@pytest.mark.parametrize(
    ("method", "path", "for_staff"),
    [("get", LOG, 200), ("get", f"{LOG}/1", 404), ("get", f"{USERS}/{NOBODY}", 404), ("delete", f"{LOG}/1", 405)],
)
def test_these_pages_are_for_staff(kind, status, method, path, for_staff):
    client = client_for(None if kind is None else UserFactory(**kind))

    assert getattr(client, method)(path).status_code == (status or for_staff)
