from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.tests.factories import JobFactory, job_assigned, job_matching
from matching.enums import OfferStatus
from matching.models import Offer
from matching.services import matching_run_pass
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(noon):
    """An offer as the engine makes it."""
    job = JobFactory(created_at=noon, latitude=42.361234, longitude=-71.067891)
    technician_ready(job.service, latitude=42.37)
    matching_run_pass(job_id=job.pk)
    return Offer.objects.select_related("technician__user", "job").get()


def mine(offer):
    return client_for(offer.technician.user)


# Reading


def test_offer_shows_the_area_what_it_pays_and_why_but_not_the_address(offer):
    body = mine(offer).get(f"/api/v1/offers/{offer.pk}").json()

    assert set(body) == {
        "id",
        "job_id",
        "status",
        "service",
        "description",
        "area",
        "distance_m",
        "eta_min",
        "scheduled_for",
        "duration_minutes",
        "pays",
        "price",
        "number",
        "created_at",
        "expires_at",
        "server_now",
        "seen_at",
        "closed_at",
        "reject_reason",
        "chosen",
        "why",
    }
    assert body["area"] == {"latitude": 42.36, "longitude": -71.07}
    assert body["pays"] == {"amount": "85.00", "currency": "USD"}
    assert body["price"] == {"amount": "100.00", "currency": "USD"}
    assert (body["server_now"], body["expires_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z")
    assert body["distance_m"] == 1200
    assert "Beacon" not in str(body)


def test_why_adds_up_to_the_score_in_whole_points_that_do_not_tell_where_the_job_is(offer):
    body = mine(offer).get(f"/api/v1/offers/{offer.pk}").json()

    on_record = offer.matching_pass.decisions.get(was_offered=True).terms
    assert {row["term"]: row["points"] for row in body["why"]} == {name: round(it) for name, it in on_record.items()}
    assert sum(row["points"] for row in body["why"]) == body["chosen"]["score"]
    assert body["eta_min"] == round(offer.eta_min)
    assert [row["term"] for row in body["why"]] == ["nearness", "quality", "newcomer", "patience", "acceptance"]


def test_offer_without_a_pass_has_no_why(noon):
    offer = OfferFactory(created_at=noon)

    assert mine(offer).get(f"/api/v1/offers/{offer.pk}").json()["why"] == []


def listed(user, query):
    return [row["status"] for row in client_for(user).get(f"/api/v1/offers{query}").json()["results"]]


@pytest.fixture(params=["past its deadline", "of a job that has gone on"])
def on_paper(request, noon):
    """An offer that is PENDING and cannot be answered; the technician has had another one, which ran out."""
    technician = TechnicianFactory()
    offer_expired(technician=technician, created_at=noon - timedelta(hours=1))
    is_late = request.param == "past its deadline"
    job = job_matching(created_at=noon) if is_late else JobFactory(created_at=noon)
    made_at = noon - timedelta(seconds=60 if is_late else 59)
    return OfferFactory(technician=technician, created_at=made_at, job=job, search_number=1)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", ["EXPIRED"]),
        ("?status=PENDING", []),
        ("?status=PENDING&status=EXPIRED", ["EXPIRED"]),
        ("?status=EXPIRED&status=PENDING&ordering=expires_at", ["EXPIRED"]),
        ("?status=EXPIRED", ["EXPIRED"]),
    ],
)
def test_offer_that_is_open_on_paper_alone_is_in_no_list(on_paper, query, left):
    assert listed(on_paper.technician.user, query) == left
    assert mine(on_paper).get(f"/api/v1/offers/{on_paper.pk}").json()["status"] == "PENDING"


def test_offer_that_can_be_answered_is_listed_until_its_deadline(noon):
    offer = OfferFactory(created_at=noon - timedelta(seconds=59))

    assert [listed(offer.technician.user, query) for query in ("", "?status=PENDING")] == [["PENDING"], ["PENDING"]]


def test_staff_are_shown_offers_that_nobody_has_come_to(on_paper):
    assert listed(UserFactory(admin=True), "?status=PENDING") == ["PENDING"]


def test_offers_of_one_job_can_be_listed(noon):
    technician = TechnicianFactory()
    wanted = offer_expired(technician=technician, created_at=noon)
    offer_expired(technician=technician, created_at=noon)

    body = client_for(technician.user).get(f"/api/v1/offers?job={wanted.job_id}").json()

    assert [row["id"] for row in body["results"]] == [str(wanted.pk)]


@pytest.mark.parametrize("query", ["status=LOST", "job=x", "ordering=amount", "cursor=x", "page_size=0"])
def test_bad_query_is_refused(noon, query):
    response = client_for(TechnicianFactory().user).get(f"/api/v1/offers?{query}")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("item_count", [1, 3])
def test_offer_list_takes_a_constant_number_of_queries(noon, item_count, django_assert_num_queries):
    service = ServiceFactory()
    technician = technician_ready(service)
    for _ in range(item_count):
        matching_run_pass(job_id=JobFactory(created_at=noon, service=service).pk)
        refused(Offer.objects.get(status=OfferStatus.PENDING), noon)
    client = client_for(technician.user)

    with django_assert_num_queries(2):
        body = client.get("/api/v1/offers").json()

    assert [len(row["why"]) for row in body["results"]] == [5] * item_count


def refused(offer, at):
    offer.reject(reason="OTHER", note="", at=at)
    offer.save()


# Answering


def test_accept_answers_with_the_offer_and_gives_the_job(offer):
    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/accept")

    assert (response.status_code, response.json()["status"]) == (200, "ACCEPTED")
    assert Job.objects.get().status == JobStatus.ASSIGNED


def test_an_act_does_not_read_what_only_an_answer_shows(offer):
    client = mine(offer)

    with CaptureQueriesContext(connection) as queries:
        response = client.post(f"/api/v1/offers/{offer.pk}/seen")

    assert response.status_code == 204
    assert any("matching_offer" in query["sql"] for query in queries)
    assert not any("matching_candidatedecision" in query["sql"] for query in queries)


def test_late_accept_is_a_conflict_with_both_times(offer):
    with clock.frozen(offer.expires_at + timedelta(seconds=1)):
        response = mine(offer).post(f"/api/v1/offers/{offer.pk}/accept")

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "OFFER_EXPIRED")
    assert error["details"] == {"expires_at": "2026-03-02T12:01:00+00:00", "server_now": "2026-03-02T12:01:01+00:00"}


def test_second_accept_is_a_conflict(offer):
    mine(offer).post(f"/api/v1/offers/{offer.pk}/accept")

    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/accept")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "OFFER_CLOSED")


def test_accept_beside_other_work_at_that_time_is_a_conflict(offer, noon):
    job_assigned(offer.technician, created_at=noon + timedelta(minutes=30))
    before = OutboxMessage.objects.count()

    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/accept")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "BOOKING_OVERLAP")
    assert Offer.objects.get(pk=offer.pk).status == OfferStatus.PENDING
    assert OutboxMessage.objects.count() == before


def test_reject_takes_a_reason(offer):
    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/reject", {"reason": "TOO_FAR", "note": "No car."})

    assert (response.status_code, response.json()["status"]) == (200, "REJECTED")
    assert response.json()["reject_reason"] == "TOO_FAR"


@pytest.mark.parametrize("body", [{}, {"reason": "MOOD"}, {"reason": "BUSY", "status": "ACCEPTED"}, {"reason": 7}])
def test_reject_with_a_bad_body_changes_nothing(offer, body):
    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/reject", body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert Offer.objects.get().status == OfferStatus.PENDING


def test_seen_answers_with_nothing(offer, noon):
    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/seen")

    assert (response.status_code, response.content) == (204, b"")
    assert Offer.objects.get().seen_at == noon


@pytest.mark.parametrize("act", ["seen", "accept"])
def test_acts_without_a_body_refuse_unknown_fields(offer, act):
    response = mine(offer).post(f"/api/v1/offers/{offer.pk}/{act}", {"price": 1})

    assert response.status_code == 400


# Who may


ROUTES = [
    ("get", "/api/v1/offers"),
    ("get", "/api/v1/offers/{offer}"),
    ("post", "/api/v1/offers/{offer}/seen"),
    ("post", "/api/v1/offers/{offer}/accept"),
    ("post", "/api/v1/offers/{offer}/reject"),
    ("get", "/api/v1/jobs/{job}/matching"),
]
ALLOWED = {
    "anonymous": [401, 401, 401, 401, 401, 401],
    "customer": [403, 403, 403, 403, 403, 403],
    "stranger": [200, 404, 404, 404, 404, 403],
    "unverified": [403, 403, 403, 403, 403, 403],
    "technician": [200, 200, 204, 200, 400, 403],
    "admin": [200, 200, 403, 403, 403, 200],
}


@pytest.mark.parametrize("actor", ALLOWED)
@pytest.mark.parametrize("number", range(len(ROUTES)))
def test_permissions(offer, actor, number):
    user = {
        "anonymous": lambda: None,
        "customer": lambda: offer.job.customer,
        "stranger": lambda: TechnicianFactory().user,
        "unverified": lambda: UserFactory(technician=True, status="PENDING"),
        "technician": lambda: offer.technician.user,
        "admin": lambda: UserFactory(admin=True),
    }[actor]()
    method, path = ROUTES[number]

    response = getattr(client_for(user), method)(path.format(offer=offer.pk, job=offer.job_id))

    assert response.status_code == ALLOWED[actor][number]


@pytest.mark.parametrize("missing", ["0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11", "not-an-id"])
def test_offer_that_is_not_there_is_not_found(noon, missing):
    response = client_for(TechnicianFactory().user).get(f"/api/v1/offers/{missing}")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


# The record


def test_staff_read_every_pass_candidate_gate_term_and_offer(offer):
    body = client_for(UserFactory(admin=True)).get(f"/api/v1/jobs/{offer.job_id}/matching").json()

    (this_pass,) = body["results"]
    (candidate,) = this_pass["candidates"]
    assert (this_pass["policy"], this_pass["outcome"], this_pass["radius_m"]) == ("index", "OFFERED", 6000)
    assert candidate["technician_id"] == str(offer.technician_id)
    assert {verdict["gate"] for verdict in candidate["verdicts"]} >= {"VERIFIED", "FREE", "NO_LIVE_OFFER"}
    assert candidate["score"] == pytest.approx(sum(candidate["terms"].values()), abs=1e-6)
    assert [row["id"] for row in this_pass["offers"]] == [str(offer.pk)]


@pytest.mark.parametrize("item_count", [1, 3])
def test_record_takes_a_constant_number_of_queries(noon, item_count, django_assert_num_queries):
    job = job_matching(created_at=noon)
    for _ in range(item_count):
        technician_ready(job.service)
        matching_run_pass(job_id=job.pk)
        refused(Offer.objects.get(status=OfferStatus.PENDING), noon)
    client = client_for(UserFactory(admin=True))

    with django_assert_num_queries(7):
        body = client.get(f"/api/v1/jobs/{job.pk}/matching").json()

    assert [row["number"] for row in body["results"]] == list(range(1, item_count + 1))


def test_record_of_a_rejection_says_why(noon):
    offer = offer_rejected(created_at=noon)

    assert mine(offer).get(f"/api/v1/offers/{offer.pk}").json()["reject_reason"] == "BUSY"
