from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Length

from catalog.enums import TechnicianTier
from catalog.fees import FeeTerms
from catalog.models import Category, FeeRate, Service
from fixmate.core.errors import NotFound

T = TypeVar("T", Category, Service)


def category_list() -> QuerySet[Category]:
    """Return the live categories."""
    return Category.objects.filter(deleted_at__isnull=True)


def category_list_all() -> QuerySet[Category]:
    """Return deleted categories as well: for staff, who may restore them."""
    return Category.objects.all()


def category_get(category_id: UUID) -> Category:
    """Return a live category.

    :raises NotFound: if there is none, or it is deleted
    """
    return _one(category_list(), category_id)


def category_get_locked(category_id: UUID) -> Category:
    """Return the category, deleted or not, locked until the transaction ends.

    :raises NotFound: if there is none
    """
    return _one(Category.objects.select_for_update(), category_id)


def service_list() -> QuerySet[Service]:
    """Return what can be ordered: live services of live categories."""
    return service_list_all().filter(deleted_at__isnull=True, category__deleted_at__isnull=True)


def service_list_all() -> QuerySet[Service]:
    """Return deleted services as well: for staff, who may restore them."""
    return Service.objects.select_related("category")


def service_get(service_id: UUID) -> Service:
    """Return a service that can be ordered.

    :raises NotFound: if there is none, or it or its category is deleted
    """
    return _one(service_list(), service_id)


def service_get_locked(service_id: UUID) -> Service:
    """Return the service, deleted or not, with its category; the service alone is locked.

    :raises NotFound: if there is none
    """
    return _one(service_list_all().select_for_update(of=("self",)), service_id)


def fee_rate_for(*, service: Service, at: datetime, tier: str = TechnicianTier.STANDARD) -> FeeTerms:
    """Return the newest rate in force of the most specific kind there is, else the default of the settings.

    A rate for service and tier comes before one for the service, that before one for the tier, and that before one for
    all.
    """
    in_force = FeeRate.objects.filter(Q(service=service) | Q(service__isnull=True), tier__in=["", tier])
    in_order = in_force.order_by(F("service").asc(nulls_last=True), Length("tier").desc(), "-valid_from", "-pk")
    found = in_order.filter(valid_from__lte=at).first()
    return FeeTerms(found.name, found.rate) if found else FeeTerms("default", settings.DEFAULT_FEE_RATE)


def _one(rows: QuerySet[T], pk: UUID) -> T:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
