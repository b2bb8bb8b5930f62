import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from jobs.tests.factories import job_completed
from reviews.selectors import (
    photo_get_visible_to,
    review_exists,
    review_get_locked,
    review_get_visible_to,
    review_is_hidden,
    review_list_of_technician,
    review_list_visible_to,
    stars_count,
)
from reviews.tests.factories import HidingFactory, ReviewFactory, photo_of
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def suspended():
    """The review of a technician whom the public does not see any more."""
    technician = TechnicianFactory()
    review = ReviewFactory(job=job_completed(technician))
    technician.suspend()
    technician.save()
    return review


def test_everybody_sees_reviews_of_public_technicians():
    review = ReviewFactory()

    assert list(review_list_visible_to(AnonymousUser())) == [review]
    assert list(review_list_visible_to(UserFactory())) == [review]


def test_reviews_of_others_are_seen_by_their_sides_and_staff_alone(suspended):
    assert list(review_list_visible_to(AnonymousUser())) == []
    assert list(review_list_visible_to(UserFactory())) == []
    assert list(review_list_visible_to(suspended.customer)) == [suspended]
    assert list(review_list_visible_to(suspended.technician.user)) == [suspended]
    assert list(review_list_visible_to(UserFactory(admin=True))) == [suspended]


def test_a_hidden_review_is_seen_by_staff_alone():
    review = HidingFactory().review
    shown = HidingFactory().review
    HidingFactory(review=shown, is_hidden=False)
    others = (AnonymousUser(), UserFactory(), review.customer, review.technician.user)

    assert [list(review_list_visible_to(user)) for user in others] == [[shown]] * 4
    seen = {one.pk: one.is_hidden for one in review_list_visible_to(UserFactory(admin=True))}
    assert seen == {review.pk: True, shown.pk: False}
    assert list(review_list_of_technician(review.technician_id)) == []
    assert list(review_list_of_technician(shown.technician_id)) == [shown]
    assert (review_is_hidden(review.pk), review_is_hidden(shown.pk), review_is_hidden(uuid7())) == (True, False, False)
    for user in others:
        with pytest.raises(NotFound):
            review_get_visible_to(user=user, review_id=review.pk)


def test_a_photo_is_found_with_its_review_alone():
    photo, other = photo_of(ReviewFactory()), photo_of(ReviewFactory())
    hidden = photo_of(HidingFactory().review)
    ids = (photo.review_id, photo.upload_id)

    assert photo_get_visible_to(user=AnonymousUser(), review_id=ids[0], upload_id=ids[1]) == photo
    for review_id, upload_id in (
        (photo.review_id, other.upload_id),
        (uuid7(), photo.upload_id),
        (hidden.review_id, hidden.upload_id),
    ):
        with pytest.raises(NotFound):
            photo_get_visible_to(user=AnonymousUser(), review_id=review_id, upload_id=upload_id)


def test_a_review_that_is_not_there_cannot_be_locked():
    with pytest.raises(NotFound):
        review_get_locked(uuid7())


def test_stars_are_counted_of_what_is_not_hidden():
    technician = TechnicianFactory()
    ReviewFactory(job=job_completed(technician), rating=5, punctual=3)
    ReviewFactory(job=job_completed(technician), rating=2, punctual=4, price=1)
    HidingFactory(review=ReviewFactory(job=job_completed(technician), rating=1))
    ReviewFactory()

    [counted] = stars_count([technician.pk])

    assert {name: number for name, number in counted.items() if number} == {
        "technician_id": technician.pk,
        "rating_sum": 7,
        "rating_count": 2,
        "punctual_sum": 7,
        "punctual_count": 2,
        "price_sum": 1,
        "price_count": 1,
    }


def test_reviews_of_one_technician():
    review = ReviewFactory()
    ReviewFactory()

    assert list(review_list_of_technician(review.technician_id)) == [review]


def test_reviews_of_a_technician_nobody_sees_are_refused(suspended):
    for technician_id in (suspended.technician_id, uuid7()):
        with pytest.raises(NotFound):
            review_list_of_technician(technician_id)


def test_review_exists_tells_whether_a_job_has_its_review():
    assert review_exists(ReviewFactory().job_id) is True
    assert review_exists(job_completed().pk) is False
