"""What staff read of jobs and decide about them, over REST."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import NOBODY, client_for
from jobs.enums import JobStatus
from jobs.tests.factories import JobFactory, job_assigned, job_completed, job_in_progress, job_unmatched
from jobs.tests.helpers import nothing_written, stored
from jobs.tests.http import EVENT_KEYS, JOB_KEYS, code_of

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/admin/jobs"
REASON = {"reason": "The customer has moved away."}
STAFF_KEYS = JOB_KEYS | {
    "customer_id",
    "customer_status",
    "booked_from",
    "booked_until",
    "search_number",
    "rematch_count",
    "next_pass_at",
    "is_payment_required",
    "cancel_note",
}


@pytest.fixture
def staff():
    return client_for(UserFactory(admin=True))


def found(client, **query):
    return [row["id"] for row in client.get(JOBS, query).json()["results"]]


def test_jobs_are_listed_newest_first_with_what_staff_need(staff):
    older, newer = JobFactory(), job_assigned()

    rows = staff.get(JOBS).json()["results"]

    assert [row["id"] for row in rows] == [str(newer.pk), str(older.pk)]
    assert set(rows[0]) == STAFF_KEYS
    assert (rows[0]["customer_id"], rows[0]["customer_status"]) == (str(newer.customer_id), "ACTIVE")
    assert rows[0]["address"] == "12 Beacon Street"


def test_jobs_are_filtered(staff):
    mine = job_assigned(customer=UserFactory(first_name="Grace", last_name="Hopper", phone="+12025550143"))
    other = JobFactory()

    assert found(staff, status="ASSIGNED") == [str(mine.pk)]
    assert found(staff, customer=other.customer_id) == [str(other.pk)]
    assert found(staff, technician=mine.technician_id) == [str(mine.pk)]
    assert found(staff, service=other.service_id) == [str(other.pk)]
    assert found(staff, search="hopper grace") == [str(mine.pk)]
    assert found(staff, search="5550143") == [str(mine.pk)]
    assert found(staff, created_before="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "query", [{"status": "LOST"}, {"customer": "x"}, {"search": "x" * 101}, {"ordering": "status"}]
)
def test_jobs_refuse_unknown_values(staff, query):
    answer = staff.get(JOBS, query)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, list(query))


@pytest.mark.parametrize("item_count", [1, 3])
def test_jobs_take_three_queries(staff, item_count, django_assert_num_queries):
    for _ in range(item_count):
        job_assigned()

    with django_assert_num_queries(3):
        assert len(found(staff)) == item_count


def test_a_job_has_its_prices_and_its_timeline(staff):
    job = job_completed()

    body = staff.get(f"{JOBS}/{job.pk}").json()

    assert set(body) == STAFF_KEYS | {"prices", "timeline"}
    assert [event["kind"] for event in body["timeline"]] == [
        "COMPLETED",
        "STARTED",
        "ASSIGNED",
        "MATCHING_STARTED",
        "REQUESTED",
    ]
    assert set(body["timeline"][0]) == EVENT_KEYS
    price = body["prices"][0]
    assert (price["revision"], price["kind"], price["fee_rate"], price["fee_source"]) == (
        1,
        "QUOTE",
        "0.1500",
        "standard",
    )
    assert price["amount"] == {"amount": "100.00", "currency": "USD"}
    assert price["platform_fee"] == {"amount": "15.00", "currency": "USD"}


@pytest.mark.parametrize("make", [JobFactory, job_completed])
def test_a_job_takes_four_queries_however_long_its_timeline(staff, make, django_assert_num_queries):
    job = make()

    with django_assert_num_queries(4):
        staff.get(f"{JOBS}/{job.pk}")


@pytest.mark.parametrize("make", [JobFactory, job_unmatched, job_in_progress])
def test_staff_call_a_job_off(staff, make):
    job = make()

    answer = staff.post(f"{JOBS}/{job.pk}/cancel", REASON)

    body, entry = answer.json(), AuditEntry.objects.get()
    assert (answer.status_code, body["status"], body["cancelled_by"]) == (200, "CANCELLED", "ADMIN")
    assert (body["cancel_reason"], body["cancel_note"]) == ("STAFF", REASON["reason"])
    assert stored(job).status == JobStatus.CANCELLED
    assert (entry.action, entry.reason) == ("job.cancel", REASON["reason"])


def test_a_closed_job_is_not_called_off(staff):
    job = job_completed()

    with nothing_written():
        answer = staff.post(f"{JOBS}/{job.pk}/cancel", REASON)

    assert code_of(answer) == (409, "ILLEGAL_TRANSITION")


@pytest.mark.parametrize(
    ("kind", "status"), [(None, 401), ({}, 403), ({"technician": True}, 403), ({"admin": True}, 0)]
)
@pytest.mark.parametrize(
    ("method", "path", "for_staff"),
    [("get", "", 200), ("get", f"/{NOBODY}", 404), ("post", f"/{NOBODY}/cancel", 404), ("delete", f"/{NOBODY}", 405)],
)
def test_these_pages_are_for_staff(kind, status, method, path, for_staff):
    client = client_for(None if kind is None else UserFactory(**kind))

    answer = getattr(client, method)(f"{JOBS}{path}", None if method == "get" else REASON)

    assert answer.status_code == (status or for_staff)
