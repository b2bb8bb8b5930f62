"""The figures of the day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from disputes.tests.factories import DisputeFactory, dispute_dismissed
from fixmate.core.tests.http import client_for
from fixmate.ops.stats import stats_of
from jobs.tests.factories import JobFactory, job_assigned, job_cancelled, job_completed, job_unmatched
from matching.enums import AlertKind
from matching.models import Alert
from payments.tests.factories import payment_captured
from technicians.tests.factories import DocumentFactory, TechnicianFactory

pytestmark = pytest.mark.django_db
STATS = "/api/v1/admin/stats"
YESTERDAY = timedelta(days=1)


@pytest.fixture
def staff():
    return client_for(UserFactory(admin=True))


def stats(client, **query):
    answer = client.get(STATS, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_nothing_yet(noon, staff):
    figures = stats(staff)

    assert figures["now"]["users"]["ADMIN"] == {
        "PENDING": 0,
        "ACTIVE": 1,
        "RESTRICTED": 0,
        "SUSPENDED": 0,
        "DELETED": 0,
    }
    assert figures["now"]["technicians"]["VERIFIED"] == {"online": 0, "offline": 0}
    assert set(figures["now"]["jobs"].values()) == {0}
    assert figures["period"] == {
        "from": "2026-03-02T00:00:00Z",
        "to": "2026-03-02T12:00:00Z",
        "requested": 0,
        "assigned": 0,
        "unmatched": 0,
        "completed": 0,
        "cancelled": 0,
        "unmatched_share": None,
        "median_time_to_assignment_s": None,
        "takings": [],
    }


def test_what_stands_now(noon, staff):
    UserFactory(status=UserStatus.RESTRICTED)
    TechnicianFactory(is_online=True)
    TechnicianFactory(pending=True)
    TechnicianFactory(deleted_at=noon)
    DocumentFactory()
    DocumentFactory(approved=True)
    DisputeFactory()
    dispute_dismissed()
    Alert.objects.create(kind=AlertKind.SCARCITY, subject="x", opened_at=noon)

    now = stats(staff)["now"]

    assert now["users"]["CUSTOMER"]["RESTRICTED"] == 1
    assert now["technicians"]["VERIFIED"] == {"online": 1, "offline": 4}  # of documents and disputes four
    assert now["technicians"]["PENDING"] == {"online": 0, "offline": 1}
    assert now["jobs"]["COMPLETED"] == 2
    assert (now["open_disputes"], now["documents_waiting"], now["open_alerts"]) == (1, 1, 1)


def test_what_happened_today(noon, staff):
    morning = noon - timedelta(hours=1)
    for make in (JobFactory, job_assigned, job_completed, job_unmatched, job_cancelled):
        make(created_at=morning)
        make(created_at=noon - YESTERDAY)

    period = stats(staff)["period"]

    assert [period[name] for name in ("requested", "assigned", "unmatched", "completed", "cancelled")] == [
        5,
        2,
        1,
        1,
        1,
    ]
    assert period["unmatched_share"] == 0.3333


def test_a_period_ends_before_its_end(noon, staff):
    JobFactory(created_at=noon - YESTERDAY)

    def requested(**period):
        return stats(staff, **period)["period"]["requested"]

    assert requested(**{"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:00:01Z"}) == 1
    assert requested(**{"from": "2026-03-01T11:00:00Z", "to": "2026-03-01T12:00:00Z"}) == 0
    assert requested(to="2026-03-01T13:00:00Z") == 1  # the day it ends on
    assert requested(**{"from": "2026-03-01T00:00:00+00:00"}) == 1


@pytest.mark.parametrize(("waits", "median"), [([60], 60), ([60, 120], 90), ([300, 60, 100], 100)])
def test_median_of_the_waits_of_jobs_for_now(noon, staff, waits, median):
    begun = noon - timedelta(hours=1)
    for wait in waits:
        _taken(job_assigned(created_at=begun), wait)
    _taken(job_assigned(created_at=begun, scheduled_for=noon + YESTERDAY), 7_000)  # booked ahead: nobody waits for it

    assert stats(staff)["period"]["median_time_to_assignment_s"] == median


def _taken(job, wait_s):
    job.assigned_at = job.created_at + timedelta(seconds=wait_s)
    job.save(update_fields=["assigned_at"])


def test_takings_by_currency_as_they_are_stored(noon, staff):
    for currency in ("USD", "USD", "EUR"):
        payment_captured(currency=currency, at=noon - timedelta(minutes=1))
    payment_captured(at=noon - YESTERDAY)

    assert stats(staff)["period"]["takings"] == [
        {
            "payments": count,
            "captured": {"amount": f"{count}00.00", "currency": currency},
            "platform_fees": {"amount": f"{count * 15}.00", "currency": currency},
        }
        for currency, count in (("EUR", 1), ("USD", 2))
    ]


@pytest.mark.parametrize("item_count", [1, 3])
def test_figures_take_a_constant_number_of_queries(noon, staff, item_count, django_assert_num_queries):
    for _ in range(item_count):
        payment_captured(job=job_completed(created_at=noon - timedelta(hours=1)), at=noon - timedelta(minutes=1))
        DisputeFactory()

    with django_assert_num_queries(10):
        stats(staff)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans of PostgreSQL")
def test_figures_are_read_by_indexes(noon):
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("SET LOCAL enable_seqscan = off")
        stats_of(since=noon - YESTERDAY, until=noon)
        asked = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("SELECT")]
        plans = [_plan(cursor, sql) for sql in asked]

    assert len(plans) >= 9
    assert [plan for plan in plans if "Seq Scan" in plan] == []
    for name in ("user_by_role_and_status", "technician_by_presence", "job_event_by_kind", "payment_captured"):
        assert any(name in plan for plan in plans), name


def _plan(cursor, sql):
    cursor.execute("EXPLAIN " + sql)
    return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "9999-12-31T23:59:59-01:00"}, "to"),
        ({"from": "2026-03-02T13:00:00Z"}, "from"),
        ({"from": "2024-01-01T00:00:00Z"}, "from"),
    ],
)
def test_a_period_that_is_none_is_refused(noon, staff, query, field):
    answer = staff.get(STATS, query)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


@pytest.mark.parametrize(("kind", "status"), [(None, 401), ({}, 403), ({"technician": True}, 403)])
def test_figures_are_for_staff(kind, status):
    client = client_for(None if kind is None else UserFactory(**kind))

    assert client.get(STATS).status_code == status


def test_default_period_begins_at_midnight_utc(noon, staff):
    begun = stats(staff, to="2026-02-28T23:30:00-05:00")["period"]["from"]

    assert datetime.fromisoformat(begun) == datetime(2026, 3, 1, tzinfo=UTC)
