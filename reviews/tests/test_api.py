from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.ids import uuid7
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for
from jobs.tests.factories import job_completed, job_in_progress
from reviews.models import Review
from reviews.tests.factories import ReviewFactory
from technicians.enums import Verification
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/reviews"


def url_of(job):
    return f"/api/v1/jobs/{job.pk}/review"


@pytest.mark.parametrize(
    ("actor", "method", "url", "status"),
    [
        ("anonymous", "post", "job", 401),
        ("unverified", "post", "job", 403),
        ("stranger", "post", "job", 404),
        ("technician", "post", "job", 403),
        ("other technician", "post", "job", 403),
        ("admin", "post", "job", 403),
        ("customer", "post", "job", 201),
        ("customer", "post", "unknown", 404),
        ("anonymous", "get", "list", 200),
        ("unverified", "get", "list", 200),
        ("customer", "get", "list", 200),
        ("technician", "get", "list", 200),
        ("admin", "get", "list", 200),
        ("anonymous", "get", "technician", 200),
        ("customer", "get", "technician", 200),
        ("admin", "get", "technician", 200),
        ("anonymous", "get", "hidden technician", 404),
        ("anonymous", "get", "unknown technician", 404),
        ("anonymous", "post", "list", 405),
        ("customer", "get", "job", 405),
    ],
)
def test_review_permissions(actor, method, url, status):
    job = job_completed()
    people = {
        "anonymous": None,
        "unverified": UserFactory(status=UserStatus.PENDING, verified_at=None),
        "stranger": UserFactory(),
        "technician": job.technician.user,
        "other technician": TechnicianFactory().user,
        "admin": UserFactory(admin=True),
        "customer": job.customer,
    }
    hidden = TechnicianFactory(verification=Verification.PENDING)
    urls = {
        "job": url_of(job),
        "unknown": f"/api/v1/jobs/{uuid7()}/review",
        "list": LIST,
        "technician": f"/api/v1/technicians/{job.technician_id}/reviews",
        "hidden technician": f"/api/v1/technicians/{hidden.pk}/reviews",
        "unknown technician": f"/api/v1/technicians/{uuid7()}/reviews",
    }

    response = getattr(client_for(people[actor]), method)(urls[url], {"rating": 5} if method == "post" else None)

    assert response.status_code == status
    assert Review.objects.count() == (status == 201)


def test_review_is_answered_with_the_first_name_alone(noon):
    job = job_completed(customer=UserFactory(first_name="Grace", last_name="Hopper"))

    response = client_for(job.customer).post(url_of(job), {"rating": 5, "comment": "Quick and tidy."})

    assert response.status_code == 201
    assert response.json() == {
        "id": str(Review.objects.get().pk),
        "job_id": str(job.pk),
        "technician_id": str(job.technician_id),
        "rating": 5,
        "comment": "Quick and tidy.",
        "reviewer": {"first_name": "Grace"},
        "created_at": "2026-03-02T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rating"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": "five"}, "rating"),
        ({"rating": 5, "comment": "x" * 2001}, "comment"),
        ({"rating": 5, "technician_id": str(uuid7())}, "technician_id"),
    ],
)
def test_review_refuses_a_bad_body(body, field):
    job = job_completed()

    response = client_for(job.customer).post(url_of(job), body)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]
    assert list(Review.objects.all()) == []
    assert list(OutboxMessage.objects.all()) == []


def test_review_of_an_unfinished_job_is_too_early():
    job = job_in_progress()

    response = client_for(job.customer).post(url_of(job), {"rating": 5})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "JOB_NOT_COMPLETED")
    assert list(Review.objects.all()) == []


def test_the_second_review_is_refused():
    review = ReviewFactory()

    response = client_for(review.customer).post(url_of(review.job), {"rating": 1})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "ALREADY_REVIEWED")
    assert Review.objects.get().rating == 4


@pytest.mark.parametrize("item_count", [1, 3])
def test_review_list_takes_a_constant_number_of_queries(item_count, django_assert_num_queries):
    ReviewFactory.create_batch(item_count)

    with django_assert_num_queries(1):
        response = client_for().get(LIST)

    assert len(response.json()["results"]) == item_count


@pytest.mark.parametrize("item_count", [1, 3])
def test_reviews_of_a_technician_take_a_constant_number_of_queries(item_count, django_assert_num_queries):
    technician = TechnicianFactory()
    for _ in range(item_count):
        ReviewFactory(job=job_completed(technician))
    ReviewFactory()

    with django_assert_num_queries(2):
        response = client_for().get(f"/api/v1/technicians/{technician.pk}/reviews")

    assert len(response.json()["results"]) == item_count


@pytest.mark.parametrize("name", ["technician", "rating", "job"])
def test_review_list_filters(name):
    review = ReviewFactory(rating=2)
    ReviewFactory()
    value = {"technician": review.technician_id, "rating": 2, "job": review.job_id}[name]

    body = client_for().get(LIST, {name: str(value)}).json()

    assert [row["id"] for row in body["results"]] == [str(review.pk)]


@pytest.mark.parametrize("query", [{"technician": "he"}, {"rating": "6"}, {"job": "it"}, {"ordering": "comment"}])
def test_review_list_refuses_unknown_values(query):
    response = client_for().get(LIST, query)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == list(query)


def test_reviews_come_newest_first_or_by_rating(noon):
    old = ReviewFactory(rating=5, created_at=noon - timedelta(days=1))
    new = ReviewFactory(rating=1, created_at=noon)
    client = client_for()

    newest, best = client.get(LIST).json(), client.get(LIST, {"ordering": "-rating"}).json()

    assert [row["id"] for row in newest["results"]] == [str(new.pk), str(old.pk)]
    assert [row["id"] for row in best["results"]] == [str(old.pk), str(new.pk)]


def test_reviews_of_a_technician_filter_by_rating():
    technician = TechnicianFactory()
    ReviewFactory(job=job_completed(technician), rating=1)
    good = ReviewFactory(job=job_completed(technician), rating=5)

    body = client_for().get(f"/api/v1/technicians/{technician.pk}/reviews", {"rating": 5}).json()

    assert [row["id"] for row in body["results"]] == [str(good.pk)]


def test_console_shows_reviews_and_changes_nothing(client):
    review = ReviewFactory()
    client.force_login(UserFactory(admin=True))
    change = reverse("admin:reviews_review_change", args=[review.pk])

    assert client.get(reverse("admin:reviews_review_changelist")).status_code == 200
    assert client.get(reverse("admin:reviews_review_add")).status_code == 403
    assert client.get(change).status_code == 200
    assert client.post(change, {"rating": 5}).status_code == 403
    assert Review.objects.get().rating == 4
