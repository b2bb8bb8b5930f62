from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from reviews.models import Review
from technicians.selectors import technician_list_public


def review_list_visible_to(user: User | AnonymousUser) -> QuerySet[Review]:
    """Return the reviews of technicians the public sees, those one wrote, and those one got; staff see all."""
    reviews = Review.objects.select_related("customer")
    public = Q(technician__in=technician_list_public())
    if not isinstance(user, User):
        return reviews.filter(public)
    if user.role == Role.ADMIN:
        return reviews
    return reviews.filter(public | Q(customer=user) | Q(technician__user=user))


def review_list_of_technician(technician_id: UUID) -> QuerySet[Review]:
    """:raises NotFound: if the public does not see the technician"""
    if not technician_list_public().filter(pk=technician_id).exists():
        raise NotFound
    return Review.objects.filter(technician_id=technician_id).select_related("customer")


def review_exists(job_id: UUID) -> bool:
    return Review.objects.filter(job_id=job_id).exists()
