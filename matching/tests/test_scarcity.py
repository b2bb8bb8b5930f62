"""Too few technicians for the jobs that wait, what the customer is told of it, and what is learned from answers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.geo import area_of, cell_of
from fixmate.core.runner import run_sweep
from fixmate.core.tests.http import client_for
from jobs.models import Job
from jobs.tests.factories import JobFactory, job_assigned, job_completed, job_matching, job_unmatched
from matching import supply
from matching.enums import AlertKind, OfferStatus
from matching.models import Alert, Offer
from matching.outlook import wait_left_min
from matching.services import matching_run_pass, scarcity_review
from matching.services.scarcity import is_scarce
from matching.supply import waiting_count
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from matching.tests.helpers import KM
from technicians.models import Dispatchable
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def waiting(service, at, **kwargs):
    return job_matching(created_at=at, service=service, next_pass_at=at, **kwargs)


# When it is scarce


def test_enough_is_one_free_technician_for_each_job_that_waits(job, service, noon):
    technician_ready(service)
    one_each = is_scarce(job, noon)
    waiting(service, noon)

    assert (one_each, is_scarce(job, noon)) == (False, True)


def test_job_asking_is_counted_wherever_its_timer_stands(job, noon):
    job.next_pass_at = None
    job.save()

    assert is_scarce(job, noon) is True


@pytest.mark.parametrize("why", ["far away", "another service", "being asked about"])
def test_jobs_that_do_not_compete_do_not_count(job, service, noon, why):
    technician_ready(service)
    other = waiting(service, noon)
    change = {
        "far away": {"latitude": 43.0},
        "another service": {"service": ServiceFactory()},
        "being asked about": {"next_pass_at": None},
    }[why]
    for name, value in change.items():
        setattr(other, name, value)
    other.save()

    assert is_scarce(job, noon) is False


@pytest.mark.parametrize("why", ["busy", "silent", "elsewhere"])
def test_technicians_who_cannot_come_now_do_not_count(job, service, noon, why):
    technician_ready(service)
    change = {"busy": {"is_busy": True}, "silent": {"location_at": noon - 121 * SECOND}, "elsewhere": {"cell": 0}}[why]
    Dispatchable.objects.update(**change)

    assert is_scarce(job, noon) is True


def test_jobs_that_wait_elsewhere_are_not_even_read(job, service, noon, monkeypatch):
    near = waiting(service, noon)
    for number in range(5):
        waiting(service, noon, latitude=43.0 + number)
    read = []
    monkeypatch.setattr(supply, "cell_of", lambda *place: read.append(place) or cell_of(*place))

    answer = client_for(job.customer).get(f"/api/v1/jobs/{job.pk}/search")

    assert answer.json()["is_scarce"] is True
    assert read == [(near.latitude, near.longitude)]


def test_jobs_are_counted_up_to_a_limit(service, noon):
    jobs = [waiting(service, noon) for _ in range(4)]
    area = area_of(jobs[0].latitude, jobs[0].longitude)

    counts = [waiting_count(service_id=service.pk, area=area, but=[jobs[0].pk], limit=limit) for limit in (2, 3, 4)]

    assert counts == [2, 3, 3]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans of PostgreSQL")
def test_jobs_that_wait_near_are_read_by_their_index(job, noon):
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("SET LOCAL enable_seqscan = off")
        is_scarce(job, noon)
        (asked,) = [query["sql"] for query in queries.captured_queries if 'FROM "jobs_job"' in query["sql"]]
        cursor.execute("EXPLAIN " + asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "job_waiting_near" in plan
    assert "latitude >=" in plan.split("Index Cond")[1].splitlines()[0]


def test_technician_who_looks_at_an_offer_does_not_count(job, service, noon):
    OfferFactory(technician=technician_ready(service), created_at=noon)

    assert is_scarce(job, noon) is True


# What follows from it


@pytest.fixture
def out_of_luck(job, service, noon):
    """The job, whose one technician nearby declined it in the first pass."""
    offer_rejected(job=job, technician=technician_ready(service), created_at=noon)
    matching_run_pass(job_id=job.pk)
    return job


def praised(service, **place):
    """A technician whom any policy with an eye for quality would send a little further."""
    return technician_ready(service, rating_sum=500, rating_count=100, **place)


def test_scarce_place_prefers_who_is_near_and_staff_are_told(out_of_luck, service, noon):
    job = out_of_luck
    for _ in range(3):
        waiting(service, noon)
    with clock.frozen(noon + 2 * MINUTE):
        praised(service, latitude=job.latitude + 6.5 * KM)
        near = technician_ready(service, latitude=job.latitude + 5.9 * KM)

        held = matching_run_pass(job_id=job.pk)

    alert = Alert.objects.get()
    assert (held.radius_m, Offer.objects.latest("number").technician) == (6000, near)
    assert (alert.kind, alert.service, alert.job) == (AlertKind.SCARCITY, service, None)
    assert alert.subject == f"{service.pk}:{alert.data['cell']}"


def test_where_there_are_enough_a_better_one_farther_is_preferred(out_of_luck, service, noon):
    job = out_of_luck
    with clock.frozen(noon + 2 * MINUTE):
        better = praised(service, latitude=job.latitude + 6.5 * KM)
        technician_ready(service, latitude=job.latitude + 5.9 * KM)

        this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.radius_m, Offer.objects.latest("number").technician) == (14_000, better)


@pytest.mark.parametrize("why", ["declined", "looking at another offer", "kept out"])
def test_scarce_place_is_left_at_once_where_nobody_near_may_be_asked(out_of_luck, service, noon, why):
    job = out_of_luck
    for _ in range(3):
        waiting(service, noon)
    with clock.frozen(noon + 2 * MINUTE):
        if why == "looking at another offer":
            OfferFactory(technician=technician_ready(service), created_at=clock.now())
        if why == "kept out":
            technician_ready(service, base_latitude=43.0, travel_radius_m=100)
        farther = technician_ready(service, latitude=job.latitude + 9 * KM)

        this_pass = matching_run_pass(job_id=job.pk)

    offer = Offer.objects.get(job=job, status=OfferStatus.PENDING)
    assert (this_pass.radius_m, offer.technician) == (14_000, farther)
    assert Alert.objects.get().kind == AlertKind.SCARCITY


def test_scarce_place_is_left_no_further_than_the_rules_say(out_of_luck, service, noon):
    job = out_of_luck
    waiting(service, noon)
    with clock.frozen(noon + MINUTE):
        technician_ready(service, latitude=job.latitude + 11 * KM)

        this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.radius_m, this_pass.passed) == (10_000, 0)


def test_nobody_at_all_in_reach_widens_the_radius_even_where_it_is_scarce(job, service, noon):
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + MINUTE):
        technician_ready(service, latitude=job.latitude + 15 * KM)

        this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.radius_m, Offer.objects.count()) == (18_000, 1)


def test_radius_grows_again_when_it_is_not_scarce_any_more(job, service, noon):
    offer_rejected(job=job, technician=technician_ready(service), created_at=noon)
    other = waiting(service, noon)
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + 2 * MINUTE):
        matching_run_pass(job_id=job.pk)
        Job.objects.filter(pk=other.pk).update(next_pass_at=None)
        Dispatchable.objects.update(location_at=clock.now())

        assert matching_run_pass(job_id=job.pk).radius_m == 14_000


def test_first_pass_of_another_search_is_not_held(noon, service):
    job = job_unmatched(created_at=noon, service=service)
    with clock.frozen(noon + MINUTE):
        job.search_again(at=clock.now())
        job.save()

        matching_run_pass(job_id=job.pk)

    assert not Alert.objects.exists()


def test_review_closes_the_alert_once_there_are_enough(job, service, noon):
    matching_run_pass(job_id=job.pk)
    matching_run_pass(job_id=job.pk)
    still_scarce = scarcity_review()
    technician_ready(service)

    assert (still_scarce, scarcity_review(), scarcity_review()) == (0, 1, 0)
    assert Alert.objects.get().closed_at == noon


def test_review_is_a_sweep(job, service, noon):
    matching_run_pass(job_id=job.pk)
    matching_run_pass(job_id=job.pk)
    Job.objects.update(next_pass_at=None)

    run_sweep("matching.review_scarcity")

    assert Alert.objects.get().closed_at == noon


# What the customer is told


def searched(service, noon, took_s, **kwargs):
    job = job_completed(TechnicianFactory(), created_at=noon - 600 * SECOND, service=service, **kwargs)
    job.assigned_at = job.search_started_at + took_s * SECOND
    job.save()


@pytest.mark.parametrize(
    ("times_s", "waited_s", "minutes"),
    [
        ([60, 60, 60, 60, 60], 0, 1),
        ([60, 60, 60, 60, 61], 0, 1),
        ([10, 100, 181, 400, 500], 0, 4),
        ([10, 100, 180, 400, 500], 0, 3),
        ([60, 60, 60, 60], 0, None),
        ([60, 60, 60, 60, 60], 60, None),
        ([60, 300, 360, 420, 480, 540], 120, 5),
        ([], 0, None),
    ],
)
def test_estimate_is_the_median_of_what_searches_that_old_still_took(times_s, waited_s, minutes):
    assert wait_left_min(times_s, waited_s) == minutes


def test_customer_reads_how_the_search_stands(job, service, noon):
    for took_s in (100, 200, 300, 400, 500):
        searched(service, noon, took_s)
    searched(service, noon, 10, latitude=44.0)
    searched(ServiceFactory(), noon, 10)
    offer_expired(job=job, created_at=noon)

    with clock.frozen(noon + MINUTE):
        body = client_for(job.customer).get(f"/api/v1/jobs/{job.pk}/search").json()

    assert body == {
        "is_searching": True,
        "is_scarce": True,
        "offers_made": 1,
        "estimated_wait_min": 4,
        "ends_at": "2026-03-02T12:10:00Z",
        "server_now": "2026-03-02T12:01:00Z",
    }


def test_nothing_is_promised_where_nothing_is_known(job, noon):
    job_assigned(created_at=noon, service=job.service)

    body = client_for(job.customer).get(f"/api/v1/jobs/{job.pk}/search").json()

    assert body["estimated_wait_min"] is None


@pytest.mark.parametrize("make", [job_unmatched, job_assigned, JobFactory])
def test_search_that_is_not_on_has_no_outlook(noon, make):
    job = make(created_at=noon)

    body = client_for(job.customer).get(f"/api/v1/jobs/{job.pk}/search").json()

    assert body == {
        "is_searching": False,
        "is_scarce": False,
        "offers_made": 0,
        "estimated_wait_min": None,
        "ends_at": None,
        "server_now": "2026-03-02T12:00:00Z",
    }


@pytest.mark.parametrize(("traits", "status"), [({}, 404), ({"technician": True}, 403), ({"admin": True}, 200)])
def test_search_is_for_its_customer_and_staff(job, traits, status):
    assert client_for(UserFactory(**traits)).get(f"/api/v1/jobs/{job.pk}/search").status_code == status
