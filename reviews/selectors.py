from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from reviews.models import Review, ReviewHiding, ReviewPhoto, ReviewReply
from technicians.enums import RATED
from technicians.selectors import technician_list_public

_HIDDEN, _NOT_HIDDEN = Q(is_hidden=True), Q(is_hidden=False)


def review_list_all() -> QuerySet[Review]:
    """Return every review with what its page shows, and `is_hidden`."""
    photos = Prefetch("photos", ReviewPhoto.objects.select_related("upload").order_by("pk"))
    return _with_hiding(Review.objects.select_related("customer", "reply").prefetch_related(photos))


def review_list_for_staff() -> QuerySet[Review]:
    """Like `review_list_all`, with who hid a review and showed it again, and why."""
    hidings = ReviewHiding.objects.select_related("actor").order_by("pk")
    return review_list_all().prefetch_related(Prefetch("hidings", hidings))


def review_list_visible_to(user: User | AnonymousUser) -> QuerySet[Review]:
    """Return the reviews of technicians the public sees, those one wrote, and those one got; staff see all.

    What staff have hidden is seen by them alone.
    """
    reviews = review_list_all()
    if getattr(user, "role", None) == Role.ADMIN:
        return reviews
    seen = Q(technician__in=technician_list_public())
    if isinstance(user, User):
        seen |= Q(customer=user) | Q(technician__user=user)
    return reviews.filter(seen, _NOT_HIDDEN)


def review_get_visible_to(*, user: User | AnonymousUser, review_id: UUID) -> Review:
    """:raises NotFound: if there is none this user may know of"""
    return _or_not_found(review_list_visible_to(user).filter(pk=review_id).first())


def review_list_of_technician(technician_id: UUID) -> QuerySet[Review]:
    """:raises NotFound: if the public does not see the technician"""
    if not technician_list_public().filter(pk=technician_id).exists():
        raise NotFound
    return review_list_all().filter(_NOT_HIDDEN, technician_id=technician_id)


def photo_get_visible_to(*, user: User | AnonymousUser, review_id: UUID, upload_id: UUID) -> ReviewPhoto:
    """:raises NotFound: if there is none in a review this user may know of"""
    review = review_get_visible_to(user=user, review_id=review_id)
    found = [photo for photo in review.photos.all() if photo.upload_id == upload_id]
    if not found:
        raise NotFound
    return found[0]


def review_exists(job_id: UUID) -> bool:
    return Review.objects.filter(job_id=job_id).exists()


def reply_exists(review_id: UUID) -> bool:
    return ReviewReply.objects.filter(pk=review_id).exists()


def review_get_locked(review_id: UUID) -> Review:
    """Return the review, locked until the transaction ends. Ask for its hiding and its answer after that.

    :raises NotFound: if there is none
    """
    return _or_not_found(Review.objects.select_for_update(no_key=True).filter(pk=review_id).first())


def review_is_hidden(review_id: UUID) -> bool:
    return _with_hiding(Review.objects.filter(pk=review_id)).filter(_HIDDEN).exists()


def stars_count(technician_ids: Collection[UUID]) -> Iterable[Mapping[str, Any]]:
    """Return the stars of each in reviews that are not hidden: for everything rated their sum and their number."""
    reviews = _with_hiding(Review.objects.filter(technician__in=technician_ids)).filter(_NOT_HIDDEN)
    sums = {f"{name}_sum": Coalesce(Sum(name), 0) for name in RATED}
    counts = {f"{name}_count": Count(name) for name in RATED}
    return reviews.values("technician_id").annotate(**sums, **counts).order_by()


def _with_hiding(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Return the reviews with `is_hidden`, as the last row about each says."""
    last = ReviewHiding.objects.filter(review=OuterRef("pk")).order_by("-id").values("is_hidden")[:1]
    return reviews.annotate(is_hidden=Coalesce(Subquery(last), Value(False)))


def _or_not_found(review: Review | None) -> Review:
    if review is None:
        raise NotFound
    return review
