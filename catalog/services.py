from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from catalog.enums import RATED_TIERS, PricingUnit
from catalog.errors import CategoryDeleted, NotDeleted
from catalog.models import Category, FeeRate, Service
from catalog.seed import CATEGORIES, FEE_RATE
from catalog.selectors import category_get, category_get_locked, service_get_locked
from fixmate.core import audit, clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.money import Money

SLUG_LENGTH = 60
MAINTENANCE = "catalogue maintenance"

# Categories


@transaction.atomic
def category_create(
    *, name: str, actor: audit.Actor | None, reason: str = MAINTENANCE, slug: str = "", description: str = ""
) -> Category:
    """Add a category; its slug is made from the name if none is given.

    :raises Invalid: if no slug can be made of the name
    :raises IntegrityError: if the slug is taken; the API answers SLUG_TAKEN
    """
    category = Category(name=name, slug=slug or _slug_of(name), description=description, created_at=clock.now())
    category.save(force_insert=True)
    _record(category, "create", actor=actor, reason=reason)
    return category


@transaction.atomic
def category_update(
    *, category_id: UUID, actor: audit.Actor | None, reason: str = MAINTENANCE, **changes: str
) -> Category:
    """Change `name`, `slug` or `description` of a live category.

    :raises NotFound: if it is deleted
    """
    category = _live(category_get_locked(category_id))
    before = _facts(category)
    _assign(category, changes)
    category.save(update_fields=list(changes))
    _record(category, "update", actor=actor, reason=reason, before=before)
    return category


@transaction.atomic
def category_delete(*, category_id: UUID, actor: audit.Actor | None, reason: str = MAINTENANCE) -> Category:
    """Hide the category and, with it, its services; jobs that ordered them keep them."""
    category = _live(category_get_locked(category_id))
    _hide(category, actor=actor, reason=reason)
    return category


@transaction.atomic
def category_restore(*, category_id: UUID, actor: audit.Actor | None, reason: str = MAINTENANCE) -> Category:
    """Show the category again, with the services that were not deleted themselves.

    :raises NotDeleted: if it is live
    """
    category = category_get_locked(category_id)
    _show(category, actor=actor, reason=reason)
    return category


# Services


@transaction.atomic
def service_create(
    *,
    category_id: UUID,
    name: str,
    price: Money,
    actor: audit.Actor | None,
    reason: str = MAINTENANCE,
    slug: str = "",
    description: str = "",
    pricing_unit: str = PricingUnit.FIXED,
    duration_minutes: int = 60,
) -> Service:
    """Add a service to a live category; its slug is made from the name if none is given.

    :raises Invalid: if the category is not there, the price is zero, or no slug can be made of the name
    :raises IntegrityError: if the slug is taken; the API answers SLUG_TAKEN
    """
    service = Service(
        category=_category(category_id),
        name=name,
        slug=slug or _slug_of(name),
        description=description,
        pricing_unit=pricing_unit,
        duration_minutes=duration_minutes,
        created_at=clock.now(),
    )
    _set_price(service, price)
    service.save(force_insert=True)
    _record(service, "create", actor=actor, reason=reason)
    return service


@transaction.atomic
def service_update(
    *,
    service_id: UUID,
    actor: audit.Actor | None,
    reason: str = MAINTENANCE,
    price: Money | None = None,
    category_id: UUID | None = None,
    **changes: Any,
) -> Service:
    """Change a live service; agreed prices of jobs stay what they are.

    :raises NotFound: if it or its category is deleted
    :raises Invalid: if the new category is not there or the price is zero
    """
    service = _live(service_get_locked(service_id))
    _live(service.category)
    before = _facts(service)
    if category_id is not None:
        service.category = _category(category_id)
    if price is not None:
        _set_price(service, price)
    _assign(service, changes)
    service.save(update_fields=["category", "price_minor", "currency", *changes])
    _record(service, "update", actor=actor, reason=reason, before=before)
    return service


@transaction.atomic
def service_delete(*, service_id: UUID, actor: audit.Actor | None, reason: str = MAINTENANCE) -> Service:
    """Take the service off the list; jobs that ordered it keep it."""
    service = _live(service_get_locked(service_id))
    _hide(service, actor=actor, reason=reason)
    return service


@transaction.atomic
def service_restore(*, service_id: UUID, actor: audit.Actor | None, reason: str = MAINTENANCE) -> Service:
    """Put the service back on the list.

    :raises NotDeleted: if it is live
    :raises CategoryDeleted: if its category is not
    """
    service = service_get_locked(service_id)
    if service.category.deleted_at is not None:
        raise CategoryDeleted
    _show(service, actor=actor, reason=reason)
    return service


# Fees


@transaction.atomic
def fee_rate_add(
    *,
    name: str,
    service: Service | None,
    rate: Decimal,
    valid_from: datetime | None,
    actor: audit.Actor | None,
    reason: str,
    tier: str = "",
) -> FeeRate:
    """Announce the share that the platform keeps from a date on, or from now, of one service or all, one tier or all.

    It cannot begin in the past: what was agreed then keeps the rate it was agreed at.

    :raises Invalid: if the name is in use, the rate is no share, the tier has no rates of its own, or the date is past
    """
    at = clock.now()
    if not 0 <= rate <= 1:
        raise Invalid(rate=["Give a share between 0 and 1."])
    if tier and tier not in RATED_TIERS:
        raise Invalid(tier=["Leave it empty for everybody: this tier has no rates of its own."])
    if FeeRate.objects.filter(name=name).exists():
        raise Invalid(name=["A rate of this name exists; rates are never edited."])
    if valid_from and valid_from < at:
        raise Invalid(valid_from=["Give a time that is still to come."])
    terms = FeeRate(name=name, service=service, tier=tier, rate=rate, valid_from=valid_from or at, created_at=at)
    terms.save(force_insert=True)
    scope = {"service": service.slug if service else None, "tier": tier}
    after = {"rate": str(rate), **scope, "valid_from": terms.valid_from.isoformat()}
    audit.record(actor=actor, action="catalog.fee_rate.add", target=terms, reason=reason, after=after)
    return terms


# Parts

Entry = TypeVar("Entry", Category, Service)


def _slug_of(name: str) -> str:
    slug = slugify(name)[:SLUG_LENGTH].strip("-")
    if not slug:
        raise Invalid(slug=["Give a slug: none can be made of this name."])
    return slug


def _live(entry: Entry) -> Entry:
    if entry.deleted_at is not None:
        raise NotFound
    return entry


def _category(category_id: UUID) -> Category:
    try:
        return category_get(category_id)
    except NotFound as exc:
        raise Invalid(category_id=["There is no such category."]) from exc


def _set_price(service: Service, price: Money) -> None:
    if price.minor <= 0:
        raise Invalid(price=["The price must be more than zero."])
    service.price_minor, service.currency = price.minor, price.currency


def _assign(entry: Category | Service, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(entry, name, value)


def _hide(entry: Category | Service, *, actor: audit.Actor | None, reason: str) -> None:
    entry.deleted_at = clock.now()
    entry.save(update_fields=["deleted_at"])
    _record(entry, "delete", actor=actor, reason=reason)


def _show(entry: Category | Service, *, actor: audit.Actor | None, reason: str) -> None:
    if entry.deleted_at is None:
        raise NotDeleted
    entry.deleted_at = None
    entry.save(update_fields=["deleted_at"])
    _record(entry, "restore", actor=actor, reason=reason)


def _record(
    entry: Category | Service, act: str, *, actor: audit.Actor | None, reason: str, before: dict[str, Any] | None = None
) -> None:
    action = f"catalog.{entry._meta.model_name}.{act}"
    audit.record(actor=actor, action=action, target=entry, reason=reason, before=before, after=_facts(entry))


def _facts(entry: Category | Service) -> dict[str, Any]:
    facts = {"slug": entry.slug, "name": entry.name, "description": entry.description, "deleted_at": entry.deleted_at}
    if isinstance(entry, Category):
        return facts
    return {
        **facts,
        "category": entry.category.slug,
        "price": str(entry.price),
        "pricing_unit": str(entry.pricing_unit),
        "duration_minutes": entry.duration_minutes,
    }


# The catalogue to start with


@transaction.atomic
def catalogue_seed(*, actor: audit.Actor | None, reason: str) -> list[str]:
    """Add what the catalogue of `catalog.seed` has and the database has not; return the names.

    Idempotent: what is there, deleted or changed since, is left as it is.
    """
    made = []
    for row in CATEGORIES:
        category = Category.objects.filter(slug=row.slug).first()
        if category is None:
            category = category_create(**row.facts(), actor=actor, reason=reason)
            made.append(row.slug)
        known = set(Service.objects.values_list("slug", flat=True))
        for service in row.services:
            if service.slug not in known and category.deleted_at is None:
                service_create(category_id=category.pk, **service.facts(), actor=actor, reason=reason)
                made.append(service.slug)
    if not FeeRate.objects.filter(name=FEE_RATE.name).exists():
        fee_rate_add(name=FEE_RATE.name, service=None, rate=FEE_RATE.rate, valid_from=None, actor=actor, reason=reason)
        made.append(FEE_RATE.name)
    return made
