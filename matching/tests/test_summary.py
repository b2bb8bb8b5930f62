from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.tests.http import client_for
from jobs.tests.factories import JobFactory, job_matching
from matching.enums import Gate, OfferSource, PassOutcome
from matching.models import MatchingPass
from matching.services import matching_run_pass, matching_summary
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from matching.tests.helpers import KM, near
from technicians.models import Technician
from technicians.selectors import technician_get
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db
STEP = timedelta(seconds=10)


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


def summary_of(technician, days=30):
    return matching_summary(technician=technician_get(technician.pk), days=days)


def test_technician_to_whom_nothing_happened(noon):
    summary = summary_of(TechnicianFactory())

    assert (summary.since, summary.until) == (noon - timedelta(days=30), noon)
    assert (summary.looked_at, summary.offered, summary.kept_out) == (0, 0, [])
    assert (summary.not_looked_at.jobs, summary.not_looked_at.is_everything) == (0, True)


def test_technician_without_a_base_has_nothing_near_him(noon):
    assert summary_of(TechnicianFactory(fresh=True)).not_looked_at.jobs == 0


def test_offers_are_counted_by_how_they_ended(noon):
    technician = TechnicianFactory()
    offer_rejected(technician=technician, created_at=noon)
    offer_expired(technician=technician, created_at=noon)
    offer_expired(technician=technician, created_at=noon, seen_at=noon)
    offer_expired(technician=technician, created_at=noon - timedelta(days=31))
    accepted = OfferFactory(technician=technician, created_at=noon)
    accepted.accept(at=noon)
    accepted.save()
    by_staff = OfferFactory(technician=technician, created_at=noon, source=OfferSource.STAFF)
    by_staff.accept(at=noon)
    by_staff.save()
    taken = OfferFactory(technician=technician, created_at=noon)
    taken.withdraw(at=noon)
    taken.save()

    summary = summary_of(technician)

    assert (summary.offered, summary.accepted, summary.declined) == (5, 1, 1)
    assert (summary.missed, summary.undelivered, summary.taken_back, summary.assigned_by_staff) == (1, 1, 1, 1)


def test_jobs_are_counted_by_what_became_of_him_in_them(noon):
    service = ServiceFactory()
    jobs = [JobFactory(service=service, created_at=noon, latitude=42.36 + step * KM) for step in range(2)]
    technician = technician_ready(service, latitude=42.36, travel_radius_m=500)
    for job in jobs:
        matching_run_pass(job_id=job.pk)

    summary = summary_of(technician)

    assert (summary.looked_at, summary.passed, summary.outranked, summary.offered) == (2, 1, 0, 1)
    found = {one.gate: one.jobs for one in summary.kept_out}
    assert found == {Gate.TRAVEL_RADIUS: 1, Gate.NO_LIVE_OFFER: 1}
    example = next(one.latest for one in summary.kept_out if one.gate == Gate.TRAVEL_RADIUS)
    assert (example.job, example.at, example.reason) == (jobs[1], noon, "0.5 km beyond your travel radius")
    assert example.advice == "A travel radius of 2 km would have included it."


def test_job_that_went_to_others_is_outranked(job):
    near(job, 1.0)
    second = near(job, 4.0)
    matching_run_pass(job_id=job.pk)

    summary = summary_of(second)

    assert (summary.looked_at, summary.passed, summary.outranked, summary.offered) == (1, 1, 1, 0)


def test_jobs_that_never_looked_at_him_are_asked_about_afterwards(job, noon):
    technician = near(job)
    technician_go_offline(technician_id=technician.pk)
    elsewhere = JobFactory(service=job.service, created_at=noon, latitude=44.0)
    other_trade = JobFactory(created_at=noon)
    for one in (job, elsewhere, other_trade):
        with clock.frozen(noon + STEP):
            matching_run_pass(job_id=one.pk)
    never_searched = JobFactory(service=job.service, created_at=noon)

    with clock.frozen(noon + 2 * STEP):
        found = summary_of(technician).not_looked_at

    assert (found.jobs, found.is_everything, found.outranked, found.unknown) == (1, True, 0, 0)
    assert [(one.gate, one.jobs, one.latest.job) for one in found.kept_out] == [(Gate.ONLINE, 1, job)]
    assert found.kept_out[0].latest.reason == "offline since 2026-03-02 12:00 UTC"
    assert never_searched.pk != found.kept_out[0].latest.job.pk


def test_job_with_others_before_him_and_job_before_his_time(noon, settings):
    settings.CANDIDATES_KEPT = 1
    service = ServiceFactory()
    unknown = JobFactory(service=service, created_at=noon - timedelta(days=2))
    with clock.frozen(noon - timedelta(days=2)):
        matching_run_pass(job_id=unknown.pk)
    job = JobFactory(service=service, created_at=noon)
    near(job, 1.0)
    second = near(job, 5.0)
    matching_run_pass(job_id=job.pk)

    found = summary_of(second).not_looked_at

    assert (found.jobs, found.outranked, found.unknown, found.kept_out) == (2, 1, 1, [])


def test_only_the_newest_are_asked_about(noon, settings):
    settings.EXPLAIN_PASSES = 2
    service = ServiceFactory()
    technician = TechnicianFactory()
    skill_add(technician, service)
    for step in range(3):
        matching_run_pass(job_id=JobFactory(service=service, created_at=noon - step * STEP).pk)

    found = summary_of(technician).not_looked_at

    assert (found.jobs, found.is_everything) == (2, False)


def test_last_look_counts_and_not_the_giving_up(job, noon):
    technician = TechnicianFactory()
    skill_add(technician, job.service)
    technician_go_online(technician_id=technician.pk)
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(hours=1)):
        matching_run_pass(job_id=job.pk)

        found = summary_of(technician).not_looked_at

    assert MatchingPass.objects.order_by("number").last().outcome == PassOutcome.EXHAUSTED
    assert found.kept_out[0].latest.at == noon


@pytest.mark.parametrize("item_count", [1, 3])
def test_summary_takes_a_constant_number_of_queries(noon, item_count, django_assert_num_queries):
    service = ServiceFactory()
    technician = technician_ready(service, travel_radius_m=100)
    for _ in range(item_count):
        matching_run_pass(job_id=job_matching(service=service, created_at=noon, latitude=42.38).pk)
    technician_go_offline(technician_id=technician.pk)
    for _ in range(item_count):
        matching_run_pass(job_id=job_matching(service=service, created_at=noon).pk)
    client = client_for(Technician.objects.get(pk=technician.pk).user)

    with django_assert_num_queries(18):
        body = client.get("/api/v1/technicians/me/matching").json()

    assert (body["looked_at"], body["not_looked_at"]["jobs"]) == (item_count, item_count)


def test_technician_reads_area_and_reason_but_neither_address_nor_customer(job, noon):
    technician = near(job)
    technician_go_offline(technician_id=technician.pk)
    matching_run_pass(job_id=job.pk)

    body = client_for(technician.user).get("/api/v1/technicians/me/matching?days=7").json()

    (one,) = body["not_looked_at"]["kept_out"]
    assert (body["since"], body["until"]) == ("2026-02-23T12:00:00Z", "2026-03-02T12:00:00Z")
    assert (one["gate"], one["jobs"]) == ("ONLINE", 1)
    assert set(one["latest"]) == {"at", "service", "area", "reason", "advice"}
    assert one["latest"]["area"] == {"latitude": 42.36, "longitude": -71.06}
    assert "Beacon" not in str(body)
    assert str(job.customer_id) not in str(body)


@pytest.mark.parametrize("days", ["0", "91", "many"])
def test_days_out_of_range_are_refused(noon, days):
    response = client_for(TechnicianFactory().user).get(f"/api/v1/technicians/me/matching?days={days}")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 401), ("customer", 403), ("admin", 403), ("technician", 200)]
)
def test_only_a_technician_has_such_an_account(noon, who, status):
    user = {
        "anonymous": lambda: None,
        "customer": UserFactory,
        "admin": lambda: UserFactory(admin=True),
        "technician": lambda: TechnicianFactory().user,
    }[who]()

    assert client_for(user).get("/api/v1/technicians/me/matching").status_code == status
