from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import transaction

from accounts.tests.factories import UserFactory
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Forbidden, Invalid, NotFound
from fixmate.core.files import UploadNotUsable
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
from jobs.tests.helpers import upload_of
from reviews.errors import (
    AlreadyReplied,
    AlreadyReviewed,
    JobNotCompleted,
    ReviewHidden,
    ReviewNotHidden,
    ReviewTooLate,
)
from reviews.events import ReviewCreated, ReviewReplied
from reviews.models import Review, ReviewHiding, ReviewReply
from reviews.services import review_create, review_hide, review_reply, review_show
from reviews.tests.factories import HidingFactory, ReplyFactory, ReviewFactory
from technicians.hooks import figures_of
from technicians.models import Technician
from technicians.services import reputation
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


@pytest.mark.parametrize(("days", "is_late"), [(29, False), (31, True)])
def test_review_create_refuses_what_comes_too_late(noon, days, is_late):
    job = job_completed(created_at=noon - timedelta(days=days))

    if is_late:
        with pytest.raises(ReviewTooLate) as refused:
            review_create(job_id=job.pk, actor=job.customer, rating=5)
        assert refused.value.details == {"limit_days": 30}
        assert_nothing_written()
    else:
        assert review_create(job_id=job.pk, actor=job.customer, rating=5).created_at == noon


def test_review_create_keeps_aspects_and_photos():
    job = job_completed()
    uploads = [upload_of(job.customer, UploadPurpose.REVIEW_PHOTO) for _ in range(2)]

    review = review_create(
        job_id=job.pk,
        actor=job.customer,
        rating=5,
        aspects={"quality": 4, "conduct": 5},
        photo_ids=[upload.pk for upload in uploads],
    )

    stored = Review.objects.get()
    assert (stored.punctual, stored.quality, stored.price, stored.conduct) == (None, 4, None, 5)
    assert [photo.upload_id for photo in review.photos.order_by("pk")] == [upload.pk for upload in uploads]
    technician = Technician.objects.get()
    assert (technician.quality_sum, technician.quality_count, technician.price_count) == (4, 1, 0)


@pytest.mark.parametrize("purpose", [UploadPurpose.JOB_PHOTO, None])
def test_review_create_refuses_photos_of_another_kind_or_owner(purpose):
    job = job_completed()
    upload = upload_of(job.customer, purpose) if purpose else upload_of(UserFactory(), UploadPurpose.REVIEW_PHOTO)

    with pytest.raises(UploadNotUsable), transaction.atomic():
        review_create(job_id=job.pk, actor=job.customer, rating=5, photo_ids=[upload.pk])

    assert_nothing_written()


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


# Answers


def test_review_reply_stores_the_answer(noon, monkeypatch):
    published = watch(monkeypatch, ReviewReplied)
    review = ReviewFactory()

    reply = review_reply(review_id=review.pk, actor=review.technician.user, text="Thank you.")

    assert ReviewReply.objects.get() == reply
    assert (reply.review_id, reply.text, reply.created_at) == (review.pk, "Thank you.", noon)
    assert published() == [{"review_id": str(review.pk), "job_id": str(review.job_id)}]


def test_review_reply_refuses_the_second():
    reply = ReplyFactory()

    with pytest.raises(AlreadyReplied):
        review_reply(review_id=reply.pk, actor=reply.review.technician.user, text="Again.")

    assert ReviewReply.objects.get().text == "Thank you."


@pytest.mark.parametrize("who", ["customer", "other technician", "admin"])
def test_review_reply_refuses_everybody_else(who):
    review = ReviewFactory()
    others = {"customer": review.customer, "other technician": TechnicianFactory().user}

    with pytest.raises(Forbidden):
        review_reply(review_id=review.pk, actor=others.get(who) or UserFactory(admin=True), text="Mine.")

    assert ReviewReply.objects.count() == OutboxMessage.objects.count() == 0


def test_review_reply_refuses_what_is_hidden_or_not_there():
    hidden = HidingFactory().review

    for review_id in (hidden.pk, uuid7()):
        with pytest.raises(NotFound):
            review_reply(review_id=review_id, actor=hidden.technician.user, text="Thank you.")

    assert ReviewReply.objects.count() == 0


# Hiding


def test_a_review_is_hidden_and_shown_again_and_the_rating_follows(noon):
    staff, job = UserFactory(admin=True), job_completed()
    review = review_create(job_id=job.pk, actor=job.customer, rating=2, aspects={"price": 1})

    review_hide(review_id=review.pk, actor=staff, reason="It names a neighbour.")
    hidden = stars(), list(Technician.objects.values_list("price_sum", "price_count"))
    review_show(review_id=review.pk, actor=staff, reason="It does not.")

    assert hidden == ([(0, 0)], [(0, 0)])
    assert (stars(), list(Technician.objects.values_list("price_sum", "price_count"))) == ([(2, 1)], [(1, 1)])
    rows = ReviewHiding.objects.order_by("pk").values_list("is_hidden", "actor", "reason", "at")
    assert list(rows) == [
        (True, staff.pk, "It names a neighbour.", noon),
        (False, staff.pk, "It does not.", noon),
    ]
    entries = AuditEntry.objects.order_by("sequence").values_list("action", "target_id", "reason", "before", "after")
    assert list(entries) == [
        ("review.hide", str(review.pk), "It names a neighbour.", {"is_hidden": False}, {"is_hidden": True}),
        ("review.show", str(review.pk), "It does not.", {"is_hidden": True}, {"is_hidden": False}),
    ]


@pytest.mark.parametrize(
    ("act", "is_hidden", "reason", "refusal"),
    [
        (review_hide, True, "Why not.", ReviewHidden),
        (review_show, False, "Why not.", ReviewNotHidden),
        (review_hide, False, "  ", Invalid),
        (review_show, True, "  ", Invalid),
        (review_hide, None, "Why not.", NotFound),
        (review_show, None, "Why not.", NotFound),
    ],
)
def test_hiding_that_is_refused_writes_nothing(act, is_hidden, reason, refusal):
    review = ReviewFactory()
    Technician.objects.update(rating_sum=4, rating_count=1)
    if is_hidden:
        HidingFactory(review=review)
    review_id = uuid7() if is_hidden is None else review.pk
    before = ReviewHiding.objects.count()

    with pytest.raises(refusal), transaction.atomic():
        act(review_id=review_id, actor=UserFactory(admin=True), reason=reason)

    assert (ReviewHiding.objects.count(), AuditEntry.objects.count(), stars()) == (before, 0, [(4, 1)])


# Races


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


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_answers_at_once_leave_one():
    review = ReviewFactory()
    technician = review.technician.user

    answers = at_once(*[lambda: review_reply(review_id=review.pk, actor=technician, text="Thanks.")] * 8)

    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyReplied"] * 7 + ["ReviewReply"]
    assert ReviewReply.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("act", "is_hidden", "refusal", "counted"),
    [(review_hide, False, "ReviewHidden", (0, 0)), (review_show, True, "ReviewNotHidden", (4, 1))],
)
def test_eight_of_staff_at_once_count_once(act, is_hidden, refusal, counted):
    review, staff = ReviewFactory(), UserFactory(admin=True)
    if is_hidden:
        HidingFactory(review=review)
    else:
        Technician.objects.update(rating_sum=4, rating_count=1)
    before = ReviewHiding.objects.count()

    answers = at_once(*[lambda: act(review_id=review.pk, actor=staff, reason="Looked into.")] * 8)

    assert sorted(type(answer).__name__ for answer in answers) == ["Review"] + [refusal] * 7
    assert (stars(), ReviewHiding.objects.count()) == ([counted], before + 1)
    assert AuditEntry.objects.count() == 1


def much_at_once():
    """Review a technician, hide reviews of his and show others, six at once; return his figures and the rows'."""
    technician, staff = TechnicianFactory(), UserFactory(admin=True)
    jobs = [job_completed(technician) for _ in range(2)]
    shown = [ReviewFactory(job=job_completed(technician), rating=5, price=2) for _ in range(2)]
    hidden = [ReviewFactory(job=job_completed(technician), rating=3, price=4) for _ in range(2)]
    for review in hidden:
        HidingFactory(review=review)
    Technician.objects.update(rating_sum=10, rating_count=2, price_sum=4, price_count=2)

    answers = at_once(
        *[partial(review_create, job_id=job.pk, actor=job.customer, rating=1, aspects={"price": 5}) for job in jobs],
        *[partial(review_hide, review_id=review.pk, actor=staff, reason="Rude.") for review in shown],
        *[partial(review_show, review_id=review.pk, actor=staff, reason="Fine.") for review in hidden],
    )

    assert [type(answer).__name__ for answer in answers] == ["Review"] * 6
    counted = figures_of([technician.pk])[technician.pk]
    names = ("rating_sum", "rating_count", "price_sum", "price_count")
    return Technician.objects.values_list(*names).get(), tuple(counted[name] for name in names)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_reviews_and_hiding_at_once_add_up():
    held, counted = much_at_once()

    assert held == counted == (8, 4, 18, 4)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_do_not(monkeypatch):
    """The control: what the race above shows, it shows because of the lock."""
    everybody_has_read = Barrier(6)

    def read_only(technician_id):
        technician = Technician.objects.get(pk=technician_id)
        everybody_has_read.wait(timeout=20)
        return technician

    monkeypatch.setattr(reputation, "_locked", read_only)

    held, counted = much_at_once()

    assert counted == (8, 4, 18, 4)
    assert held != counted
