import pytest
from django.db import IntegrityError, connection, transaction

from fixmate.core.db_errors import conflict_of
from fixmate.core.ids import uuid7
from reviews.errors import AlreadyReplied, AlreadyReviewed
from reviews.models import Review, ReviewHiding, ReviewPhoto, ReviewReply
from reviews.tests.factories import HidingFactory, ReplyFactory, ReviewFactory, photo_of
from technicians.enums import RATED

pytestmark = pytest.mark.django_db


def test_review_names_itself():
    review = ReviewFactory()

    assert str(review) == f"4 for {review.technician_id}"


def test_rows_of_a_review_name_themselves():
    review = ReviewFactory()

    assert str(photo_of(review)) == f"photo of {review.pk}"
    assert str(ReplyFactory(review=review)) == f"answer to {review.pk}"
    assert [str(HidingFactory(review=review, is_hidden=is_hidden)) for is_hidden in (True, False)] == [
        f"hidden: {review.pk}",
        f"shown: {review.pk}",
    ]


def test_stars_are_those_that_were_given():
    assert Review(rating=4).stars == {"rating": 4}
    assert Review(rating=4, punctual=5, price=1).stars == {"rating": 4, "punctual": 5, "price": 1}


@pytest.mark.parametrize("name", RATED)
@pytest.mark.parametrize("stars", [0, 6])
def test_database_refuses_other_than_one_to_five_stars(name, stars):
    with pytest.raises(IntegrityError, match=f"review_{name}_one_to_five"), transaction.atomic():
        ReviewFactory(**{name: stars})

    assert list(Review.objects.all()) == []


def test_database_refuses_a_second_review_and_that_is_a_known_refusal():
    review = ReviewFactory()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ReviewFactory(job=review.job)

    assert type(conflict_of(caught.value)) is AlreadyReviewed
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda: Review.objects.update(rating=5),
        lambda: Review.objects.update(quality=5),
        lambda: Review.objects.update(rating=5, comment=""),
        lambda: Review.objects.update(comment="Never mind."),
        lambda: Review.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE reviews_review SET rating = 5"),
        lambda: connection.cursor().execute("DELETE FROM reviews_review"),
    ],
)
def test_database_refuses_to_change_a_review(change):
    ReviewFactory()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()

    assert Review.objects.values("rating", "comment").get() == {"rating": 4, "comment": "Quick and tidy."}


@pytest.mark.parametrize("model", [Review, ReviewReply])
def test_words_can_be_emptied_and_nothing_else(model):
    ReplyFactory()
    words = {Review: "comment", ReviewReply: "text"}[model]

    model.objects.update(**{words: ""})

    assert model.objects.values_list(words, flat=True).get() == ""
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.update(**{words: "Never mind."})


@pytest.mark.parametrize(
    "change",
    [
        lambda: ReviewReply.objects.update(text="Never mind."),
        lambda: ReviewReply.objects.update(created_at=None),
        lambda: ReviewReply.objects.all().delete(),
        lambda: ReviewHiding.objects.update(is_hidden=False),
        lambda: ReviewHiding.objects.update(reason=""),
        lambda: ReviewHiding.objects.all().delete(),
        lambda: ReviewPhoto.objects.update(review_id=uuid7()),
    ],
)
def test_database_refuses_to_change_what_belongs_to_a_review(change):
    review = ReviewFactory()
    photo_of(review)
    ReplyFactory(review=review)
    HidingFactory(review=review)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()


def test_database_refuses_a_second_answer_and_that_is_a_known_refusal():
    reply = ReplyFactory()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ReviewReply(review=reply.review, text="Again.", created_at=reply.created_at).save(force_insert=True)

    assert type(conflict_of(caught.value)) is AlreadyReplied
