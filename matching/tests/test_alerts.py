from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from jobs.enums import CancelReason, JobStatus
from jobs.models import Job
from jobs.services import job_cancel_by_customer, job_rematch_by_customer
from jobs.tests.factories import JobFactory, job_assigned, job_matching, job_unmatched
from matching.enums import AlertKind, PassOutcome
from matching.errors import AlertClosed
from matching.models import Alert
from matching.services import alert_close_by_staff, alert_follow_job, matching_run_pass, offer_accept
from matching.services.alerts import alert_close, alert_open
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alert(noon):
    job = job_unmatched(created_at=noon)
    return alert_open(AlertKind.UNMATCHED, str(job.pk), job=job, service=job.service, search_number=1)


# Opening and closing


def test_alert_is_open_once_for_the_same_thing(noon):
    first = alert_open(AlertKind.POLICY_FAILED, "index", ms=51)
    with clock.frozen(noon + MINUTE):
        second = alert_open(AlertKind.POLICY_FAILED, "index", ms=99)
    alert_open(AlertKind.SCARCITY, "index")

    assert first == second
    assert (second.data, second.opened_at, second.closed_at) == ({"ms": 51}, noon, None)
    assert Alert.objects.count() == 2


def test_alert_closes_once_and_opens_anew(noon):
    alert_open(AlertKind.POLICY_FAILED, "index")

    closed = [alert_close(AlertKind.POLICY_FAILED, subject) for subject in ("other", "index", "index")]
    alert_open(AlertKind.POLICY_FAILED, "index")

    assert closed == [False, True, False]
    assert list(Alert.objects.order_by("pk").values_list("closed_at", flat=True)) == [noon, None]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_alert_opened_by_many_at_once_is_one():
    at_once(*[lambda: alert_open(AlertKind.POLICY_FAILED, "index") and None] * 8)

    assert Alert.objects.count() == 1


# By staff


def test_staff_put_an_alert_away_and_it_is_audited(alert, staff, noon):
    alert_close_by_staff(alert_id=alert.pk, actor=staff, reason="Called him")

    entry = AuditEntry.objects.get()
    assert Alert.objects.get().closed_at == noon
    assert (entry.action, entry.reason, entry.target_id) == ("matching.alert.close", "Called him", str(alert.pk))


def test_closed_alert_cannot_be_put_away(alert, staff):
    alert_close(AlertKind.UNMATCHED, alert.subject)

    with pytest.raises(AlertClosed) as refusal:
        alert_close_by_staff(alert_id=alert.pk, actor=staff, reason="Again")

    assert refusal.value.details == {"closed_at": "2026-03-02T12:00:00+00:00"}
    assert not AuditEntry.objects.exists()


def test_putting_away_needs_a_reason_and_an_alert(alert, staff):
    with pytest.raises(Invalid):
        alert_close_by_staff(alert_id=alert.pk, actor=staff, reason="")
    with pytest.raises(NotFound):
        alert_close_by_staff(alert_id=alert.pk + 1, actor=staff, reason="Why not")

    assert not AuditEntry.objects.exists()


# Of a job


def test_service_nobody_offers_ends_in_unmatched_with_an_alert_and_no_error(noon, drain):
    job = JobFactory(created_at=noon)
    first = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + 10 * MINUTE):
        last = matching_run_pass(job_id=job.pk)
        drain()

    alert = Alert.objects.get(kind=AlertKind.UNMATCHED)
    assert (first.outcome, last.outcome) == (PassOutcome.NOBODY, PassOutcome.EXHAUSTED)
    assert Job.objects.get().status == JobStatus.UNMATCHED
    assert (alert.job, alert.service, alert.data) == (job, job.service, {"search_number": 1})


def test_alerts_of_a_job_close_when_somebody_takes_it(noon, drain):
    job = job_unmatched(created_at=noon)
    technician = technician_ready(job.service)
    for kind in (AlertKind.UNMATCHED, AlertKind.MANY_REFUSALS):
        alert_open(kind, str(job.pk), job=job)
    job_rematch_by_customer(job_id=job.pk, actor=job.customer)
    drain()
    still_open = Alert.objects.filter(closed_at__isnull=True).count()

    offer_accept(offer_id=job.offers.get().pk, actor=technician.user)
    drain()

    assert (still_open, Alert.objects.filter(closed_at__isnull=True).count()) == (2, 0)


def test_alerts_of_a_job_close_when_it_is_called_off(noon, drain, alert):
    other = alert_open(AlertKind.POLICY_FAILED, "index")

    job_cancel_by_customer(job_id=alert.job_id, actor=alert.job.customer, reason=CancelReason.NOT_NEEDED)
    drain()

    assert list(Alert.objects.filter(closed_at__isnull=True)) == [other]


@pytest.mark.parametrize(
    ("make", "is_open"), [(job_unmatched, True), (job_matching, True), (job_assigned, False), (JobFactory, False)]
)
def test_late_or_doubled_news_of_a_job_leaves_what_fits_its_state(noon, make, is_open):
    job = make(created_at=noon)
    alert_open(AlertKind.UNMATCHED, str(job.pk), job=job)

    alert_follow_job(job_id=job.pk)
    alert_follow_job(job_id=job.pk)

    assert Alert.objects.filter(closed_at__isnull=True).exists() == is_open
    assert Alert.objects.count() == 1


# Over REST


def test_staff_list_and_read_alerts(alert, staff):
    alert_open(AlertKind.POLICY_FAILED, "index")
    alert_close(AlertKind.POLICY_FAILED, "index")
    client = client_for(staff)

    listed = client.get("/api/v1/admin/alerts?is_open=true").json()["results"]

    assert listed == [
        {
            "id": alert.pk,
            "kind": "UNMATCHED",
            "subject": alert.subject,
            "job_id": str(alert.job_id),
            "service_id": str(alert.service_id),
            "data": {"search_number": 1},
            "opened_at": "2026-03-02T12:00:00Z",
            "closed_at": None,
        }
    ]
    assert client.get(f"/api/v1/admin/alerts/{alert.pk}").json() == listed[0]
    assert len(client.get("/api/v1/admin/alerts").json()["results"]) == 2


@pytest.mark.parametrize(
    ("query", "count"), [("kind=SCARCITY", 0), ("kind=UNMATCHED", 1), ("is_open=false", 0), ("unknown=1", 1)]
)
def test_alerts_are_filtered(alert, staff, query, count):
    assert len(client_for(staff).get(f"/api/v1/admin/alerts?{query}").json()["results"]) == count


def test_alerts_of_one_job_are_listed(alert, staff):
    other = JobFactory()
    client = client_for(staff)

    counts = [len(client.get(f"/api/v1/admin/alerts?job={pk}").json()["results"]) for pk in (alert.job_id, other.pk)]

    assert counts == [1, 0]


@pytest.mark.parametrize("query", ["kind=FIRE", "job=x", "ordering=kind"])
def test_bad_query_of_alerts_is_refused(staff, query):
    assert client_for(staff).get(f"/api/v1/admin/alerts?{query}").status_code == 400


def test_staff_put_an_alert_away_over_rest(alert, staff):
    client = client_for(staff)

    without = client.post(f"/api/v1/admin/alerts/{alert.pk}/close")
    done = client.post(f"/api/v1/admin/alerts/{alert.pk}/close", {"reason": "Called him"})
    again = client.post(f"/api/v1/admin/alerts/{alert.pk}/close", {"reason": "Called him"})

    assert (without.status_code, done.status_code, done.json()["closed_at"]) == (400, 200, "2026-03-02T12:00:00Z")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ALERT_CLOSED")


@pytest.mark.parametrize("pk", ["0", "x", "999999999999999999", "9" * 30])
def test_alert_that_is_not_there_is_not_found(staff, pk):
    assert client_for(staff).get(f"/api/v1/admin/alerts/{pk}").status_code == 404


@pytest.mark.parametrize("traits", [{}, {"technician": True}])
def test_alerts_are_for_staff(alert, traits):
    client = client_for(UserFactory(**traits))

    answers = [client.get("/api/v1/admin/alerts"), client.get(f"/api/v1/admin/alerts/{alert.pk}")]
    answers.append(client.post(f"/api/v1/admin/alerts/{alert.pk}/close", {"reason": "x"}))

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert Alert.objects.get().closed_at is None


@pytest.mark.parametrize("alert_count", [1, 3])
def test_alert_list_takes_a_constant_number_of_queries(staff, alert_count, django_assert_num_queries):
    client = client_for(staff)
    for number in range(alert_count):
        alert_open(AlertKind.POLICY_FAILED, str(number))

    with django_assert_num_queries(1):
        client.get("/api/v1/admin/alerts")


# In the console


def test_console_lists_alerts_and_puts_them_away(alert, console, noon):
    page = reverse("admin:matching_alert_change", args=[alert.pk])

    listed = console.get(reverse("admin:matching_alert_changelist")).content.decode()
    shown = console.get(page)
    console.post(reverse("admin:matching_alert_act", args=[alert.pk, "close"]), {"reason": "Called him"})

    assert alert.subject in listed
    assert (shown.status_code, console.post(page, {}).status_code) == (200, 403)
    assert Alert.objects.get().closed_at == noon
