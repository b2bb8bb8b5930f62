import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from jobs.tests.factories import job_completed
from reviews.selectors import review_exists, review_list_of_technician, review_list_visible_to
from reviews.tests.factories import ReviewFactory
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
