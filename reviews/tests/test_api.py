from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.enums import UploadPurpose
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from jobs.tests.factories import job_completed, job_in_progress
from reviews.models import Review
from reviews.selectors import review_is_hidden
from reviews.tests.factories import HidingFactory, ReplyFactory, ReviewFactory, photo_of
from technicians.enums import Verification
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

LIST, STAFF = "/api/v1/reviews", "/api/v1/admin/reviews"


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
        "punctual": None,
        "quality": None,
        "price": None,
        "conduct": None,
        "comment": "Quick and tidy.",
        "photos": [],
        "reviewer": {"first_name": "Grace"},
        "reply": None,
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
        ({"rating": 5, "price": 0}, "price"),
        ({"rating": 5, "conduct": 6}, "conduct"),
        ({"rating": 5, "photos": [str(uuid7())] * 6}, "photos"),
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

    with django_assert_num_queries(2):  # the reviews, their photos
        response = client_for().get(LIST)

    assert len(response.json()["results"]) == item_count


@pytest.mark.parametrize("item_count", [1, 3])
def test_reviews_of_a_technician_take_a_constant_number_of_queries(item_count, django_assert_num_queries):
    technician = TechnicianFactory()
    for _ in range(item_count):
        ReviewFactory(job=job_completed(technician))
    ReviewFactory()

    with django_assert_num_queries(3):
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


# Aspects, photos, answers


@pytest.mark.django_db(transaction=True)
def test_a_review_with_stars_photos_and_an_answer(noon):
    job = job_completed()
    customer, technician = client_for(job.customer), client_for(job.technician.user)
    facts = {"file": sent(picture()), "purpose": UploadPurpose.REVIEW_PHOTO}
    photo = customer.post("/api/v1/uploads", facts, format="multipart").json()["id"]

    body = {"rating": 4, "punctual": 2, "price": None, "photos": [photo]}
    review = customer.post(url_of(job), body).json()
    answered = technician.post(f"{LIST}/{review['id']}/reply", {"text": "The bus was late."})
    shown = client_for().get(f"{LIST}/{review['id']}").json()
    download = client_for().get(shown["photos"][0]["file_url"])
    download.close()

    assert (review["punctual"], review["price"], review["reply"]) == (2, None, None)
    assert answered.status_code == 201
    assert (
        answered.json()
        == shown
        == review | {"reply": {"text": "The bus was late.", "created_at": "2026-03-02T12:00:00Z"}}
    )
    assert (shown["photos"][0]["id"], shown["photos"][0]["content_type"]) == (photo, "image/jpeg")
    assert (download.status_code, download.headers["Content-Type"]) == (200, "image/jpeg")
    assert "attachment" in download.headers["Content-Disposition"]


def test_a_review_comes_too_late_after_a_month():
    job = job_completed(created_at=timezone.now() - timedelta(days=31))

    answer = client_for(job.customer).post(url_of(job), {"rating": 5}).json()["error"]

    assert (answer["code"], answer["details"]) == ("REVIEW_TOO_LATE", {"limit_days": 30})


def test_the_second_answer_is_refused_and_another_technician_may_not_give_one():
    review = ReplyFactory().review

    second = client_for(review.technician.user).post(f"{LIST}/{review.pk}/reply", {"text": "Again."})
    other = client_for(TechnicianFactory().user).post(f"{LIST}/{review.pk}/reply", {})

    assert (second.status_code, second.json()["error"]["code"]) == (409, "ALREADY_REPLIED")
    assert (other.status_code, other.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("text", [None, "", "  ", "x" * 2001])
def test_an_answer_says_something(text):
    review = ReviewFactory()

    answer = client_for(review.technician.user).post(f"{LIST}/{review.pk}/reply", {"text": text} if text else {})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["text"])


# Staff


def test_staff_hide_a_review_and_show_it_again():
    review, admin = ReviewFactory(), UserFactory(admin=True, first_name="Grace", last_name="Hopper")
    Technician.objects.update(rating_sum=4, rating_count=1)
    staff, anybody = client_for(admin), client_for()
    addresses = [f"{LIST}/{review.pk}", LIST, f"/api/v1/technicians/{review.technician_id}/reviews"]

    hidden = staff.post(f"{STAFF}/{review.pk}/hide", {"reason": "It names a neighbour."})
    out_of_sight = [anybody.get(address) for address in addresses]
    again = staff.post(f"{STAFF}/{review.pk}/hide", {"reason": "Once more."})
    shown = staff.post(f"{STAFF}/{review.pk}/show", {"reason": "It does not."})

    assert (hidden.status_code, hidden.json()["is_hidden"]) == (200, True)
    assert [(row["is_hidden"], row["actor_name"], row["reason"]) for row in shown.json()["hidings"]] == [
        (True, "Grace Hopper", "It names a neighbour."),
        (False, "Grace Hopper", "It does not."),
    ]
    assert [answer.status_code for answer in out_of_sight] == [404, 200, 200]
    assert [answer.json()["results"] for answer in out_of_sight[1:]] == [[], []]
    assert (again.status_code, again.json()["error"]["code"]) == (409, "REVIEW_HIDDEN")
    assert (shown.json()["is_hidden"], anybody.get(addresses[0]).status_code) == (False, 200)
    assert staff.post(f"{STAFF}/{review.pk}/show", {"reason": "Why."}).json()["error"]["code"] == "REVIEW_NOT_HIDDEN"


@pytest.mark.parametrize("item_count", [1, 3])
def test_reviews_for_staff_take_a_constant_number_of_queries(item_count, django_assert_num_queries):
    for _ in range(item_count):
        photo_of(HidingFactory().review)
    staff = client_for(UserFactory(admin=True))

    with django_assert_num_queries(3):
        response = staff.get(STAFF)

    assert len(response.json()["results"]) == item_count


def test_reviews_for_staff_filter_by_hiding():
    hidden, shown = HidingFactory().review, ReviewFactory()
    staff = client_for(UserFactory(admin=True))

    found = {flag: staff.get(STAFF, {"is_hidden": flag}).json()["results"] for flag in ("true", "false")}

    assert [row["id"] for row in found["true"]] == [str(hidden.pk)]
    assert [row["id"] for row in found["false"]] == [str(shown.pk)]


@pytest.mark.parametrize(("act", "is_hidden"), [("hide", True), ("show", False)])
def test_console_hides_and_shows(client, act, is_hidden):
    review = ReviewFactory()
    Technician.objects.update(rating_sum=8, rating_count=2)
    if act == "show":
        HidingFactory(review=review)
    client.force_login(UserFactory(admin=True))

    client.post(reverse("admin:reviews_review_act", args=[review.pk, act]), {"reason": "Looked into."})

    assert review_is_hidden(review.pk) is is_hidden
    assert AuditEntry.objects.values_list("action", "reason").get() == (f"review.{act}", "Looked into.")
    assert "Looked into." in client.get(reverse("admin:reviews_review_change", args=[review.pk])).content.decode()


def test_console_shows_reviews_and_changes_nothing(client):
    review = ReviewFactory()
    client.force_login(UserFactory(admin=True))
    change = reverse("admin:reviews_review_change", args=[review.pk])

    assert client.get(reverse("admin:reviews_review_changelist")).status_code == 200
    assert client.get(reverse("admin:reviews_review_add")).status_code == 403
    assert client.get(change).status_code == 200
    assert client.post(change, {"rating": 5}).status_code == 403
    assert Review.objects.get().rating == 4
