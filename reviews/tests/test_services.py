import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.models import JobEvent
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from reviews.errors import AlreadyReviewed, JobNotCompleted
from reviews.events import ReviewCreated
from reviews.models import Review
from reviews.services import review_create
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def stars():
    return list(Technician.objects.values_list("rating_sum", "rating_count"))


def assert_nothing_written():
    assert list(Review.objects.all()) == []
    assert list(OutboxMessage.objects.all()) == []
    assert set(stars()) <= {(0, 0)}


def test_review_create_stores_what_the_customer_says(noon, monkeypatch):
    published = watch(monkeypatch, ReviewCreated)
    job = job_completed()

    review = review_create(job_id=job.pk, actor=job.customer, rating=5, comment="Quick and tidy.")

    stored = Review.objects.get()
    assert stored == review
    assert (stored.job_id, stored.customer_id, stored.technician_id) == (job.pk, job.customer_id, job.technician_id)
    assert (stored.rating, stored.comment, stored.created_at) == (5, "Quick and tidy.", noon)
    assert stars() == [(5, 1)]
    assert published() == [
        {
            "review_id": str(review.pk),
            "job_id": str(job.pk),
            "technician_id": str(job.technician_id),
            "rating": 5,
        }
    ]


def test_review_create_adds_to_the_rating():
    technician = TechnicianFactory(rating_sum=9, rating_count=2)
    job = job_completed(technician)

    review_create(job_id=job.pk, actor=job.customer, rating=3)

    assert stars() == [(12, 3)]
    assert Review.objects.get().comment == ""


@pytest.mark.parametrize(
    "make", [JobFactory, job_matching, job_unmatched, job_assigned, job_in_progress, job_cancelled]
)
def test_review_create_refuses_a_job_that_is_not_completed(make):
    job = make()

    with pytest.raises(JobNotCompleted):
        review_create(job_id=job.pk, actor=job.customer, rating=5)

    assert_nothing_written()


def test_review_create_refuses_the_second():
    job = job_completed()
    review_create(job_id=job.pk, actor=job.customer, rating=5)

    with pytest.raises(AlreadyReviewed):
        review_create(job_id=job.pk, actor=job.customer, rating=1)

    assert Review.objects.get().rating == 5
    assert stars() == [(5, 1)]


@pytest.mark.parametrize("who", ["stranger", "technician", "admin"])
def test_review_create_refuses_everybody_else(who):
    job = job_completed()
    actor = {"technician": job.technician.user}.get(who) or UserFactory(admin=who == "admin")

    with pytest.raises(NotFound):
        review_create(job_id=job.pk, actor=actor, rating=5)

    assert_nothing_written()


def test_review_create_refuses_an_unknown_job():
    with pytest.raises(NotFound):
        review_create(job_id=uuid7(), actor=UserFactory(), rating=5)

    assert_nothing_written()


def test_review_create_takes_the_review_back_when_the_rating_fails(monkeypatch):
    def fail(**_):
        raise ConnectionError

    monkeypatch.setattr("reviews.services.technician_rating_add", fail)
    job = job_completed()

    with pytest.raises(ConnectionError):
        review_create(job_id=job.pk, actor=job.customer, rating=5)

    assert_nothing_written()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_reviews_at_once_leave_one(monkeypatch):
    published = watch(monkeypatch, ReviewCreated)
    job = job_completed()
    job_events = JobEvent.objects.count()

    responses = at_once(
        *[lambda: client_for(job.customer).post(f"/api/v1/jobs/{job.pk}/review", {"rating": 5, "comment": "Good."})] * 8
    )

    codes = sorted(response.json().get("error", {}).get("code", "") for response in responses)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 7
    assert codes == [""] + ["ALREADY_REVIEWED"] * 7
    assert Review.objects.count() == 1
    assert stars() == [(5, 1)]
    assert len(published()) == 1
    assert (JobEvent.objects.count(), AuditEntry.objects.count()) == (job_events, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_race_past_the_check_is_still_a_refusal(monkeypatch):
    monkeypatch.setattr("reviews.services.review_exists", lambda _job_id: False)
    job = job_completed()

    responses = at_once(*[lambda: client_for(job.customer).post(f"/api/v1/jobs/{job.pk}/review", {"rating": 5})] * 8)

    assert sorted(response.status_code for response in responses) == [201] + [409] * 7
    assert Review.objects.count() == 1
    assert stars() == [(5, 1)]
