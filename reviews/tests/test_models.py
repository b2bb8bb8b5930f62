import pytest
from django.db import IntegrityError, connection, transaction

from fixmate.core.db_errors import conflict_of
from reviews.errors import AlreadyReviewed
from reviews.models import Review
from reviews.tests.factories import ReviewFactory

pytestmark = pytest.mark.django_db


def test_review_names_itself():
    review = ReviewFactory()

    assert str(review) == f"4 for {review.technician_id}"


@pytest.mark.parametrize("rating", [0, 6])
def test_database_refuses_other_than_one_to_five_stars(rating):
    with pytest.raises(IntegrityError, match="review_rating_one_to_five"), transaction.atomic():
        ReviewFactory(rating=rating)

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
