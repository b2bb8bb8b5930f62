from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog.enums import PricingUnit
from catalog.errors import CategoryDeleted, NotDeleted, SlugTaken
from catalog.models import Category, FeeRate, Service
from catalog.seed import CATEGORIES
from catalog.selectors import service_list
from catalog.services import (
    catalogue_seed,
    category_create,
    category_delete,
    category_restore,
    category_update,
    fee_rate_add,
    service_create,
    service_delete,
    service_restore,
    service_update,
)
from catalog.tests.factories import CategoryFactory, ServiceFactory
from catalog.tests.people import staff
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money

pytestmark = pytest.mark.django_db


def audited():
    return list(AuditEntry.objects.order_by("sequence").values_list("action", "target_id", "reason"))


# Categories


def test_category_create_makes_the_slug_and_is_audited(noon):
    actor = staff()

    category = category_create(name="Roof & gutter", actor=actor, reason="New trade.")

    assert (category.slug, category.description, category.created_at) == ("roof-gutter", "", noon)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id, entry.actor_id) == ("catalog.category.create", str(category.pk), actor.pk)
    assert entry.after == {"slug": "roof-gutter", "name": "Roof & gutter", "description": "", "deleted_at": None}


@pytest.mark.parametrize("name", ["屋根", "!!"])
def test_category_create_needs_a_slug_where_none_can_be_made(name):
    with pytest.raises(Invalid) as refusal:
        category_create(name=name, actor=None, reason="x")

    assert list(refusal.value.details) == ["slug"]
    assert (Category.objects.count(), audited()) == (0, [])


def test_category_create_with_a_taken_slug_is_refused_even_if_its_owner_is_deleted(noon):
    CategoryFactory(slug="roof", deleted_at=noon)

    with pytest.raises(IntegrityError) as refusal:
        category_create(name="Roof", actor=None, reason="x")

    assert isinstance(conflict_of(refusal.value), SlugTaken)


def test_category_update_changes_what_is_given_alone():
    category = CategoryFactory(slug="roof", name="Roof", description="High up.")

    category_update(category_id=category.pk, actor=None, reason="Typo.", name="Roofs")

    assert list(Category.objects.values_list("slug", "name", "description")) == [("roof", "Roofs", "High up.")]
    entry = AuditEntry.objects.get()
    assert (entry.before["name"], entry.after["name"], entry.reason) == ("Roof", "Roofs", "Typo.")


def test_category_delete_hides_its_services_and_restore_shows_them_again(noon):
    category = CategoryFactory()
    kept, gone = ServiceFactory(category=category), ServiceFactory(category=category, deleted_at=noon)

    category_delete(category_id=category.pk, actor=None)
    hidden = list(service_list())
    category_restore(category_id=category.pk, actor=None)

    assert (hidden, list(service_list())) == ([], [kept])
    assert Service.objects.get(pk=gone.pk).deleted_at == noon
    assert audited() == [
        ("catalog.category.delete", str(category.pk), "catalogue maintenance"),
        ("catalog.category.restore", str(category.pk), "catalogue maintenance"),
    ]


def test_a_deleted_category_is_not_found_and_a_live_one_not_restored(noon):
    deleted, live = CategoryFactory(deleted_at=noon), CategoryFactory()

    for act in (category_delete, category_update):
        with pytest.raises(NotFound):
            act(category_id=deleted.pk, actor=None)
    with pytest.raises(NotDeleted):
        category_restore(category_id=live.pk, actor=None)
    with pytest.raises(NotFound):
        category_restore(category_id=uuid7(), actor=None)

    assert audited() == []


# Services


def test_service_create_stores_minor_units_and_defaults(noon):
    category = CategoryFactory()

    service = service_create(
        category_id=category.pk, name="Gutter", price=Money(8_950, "USD"), actor=None, reason="New."
    )

    assert (service.slug, service.price_minor, service.currency) == ("gutter", 8_950, "USD")
    assert (service.pricing_unit, service.duration_minutes, service.created_at) == (PricingUnit.FIXED, 60, noon)
    assert AuditEntry.objects.get().after == {
        "category": category.slug,
        "slug": "gutter",
        "name": "Gutter",
        "description": "",
        "deleted_at": None,
        "price": "89.50 USD",
        "pricing_unit": "FIXED",
        "duration_minutes": 60,
    }


def test_service_create_refuses_no_price_and_a_deleted_category(noon):
    live, deleted = CategoryFactory(), CategoryFactory(deleted_at=noon)

    with pytest.raises(Invalid) as free:
        service_create(category_id=live.pk, name="Gutter", price=Money(0, "USD"), actor=None)
    with pytest.raises(Invalid) as lost:
        service_create(category_id=deleted.pk, name="Gutter", price=Money(1, "USD"), actor=None)

    assert (list(free.value.details), list(lost.value.details)) == (["price"], ["category_id"])
    assert (Service.objects.count(), audited()) == (0, [])


def test_service_update_changes_price_and_category_and_says_what_was():
    service, other = ServiceFactory(), CategoryFactory()

    service_update(
        service_id=service.pk,
        actor=None,
        reason="Dearer.",
        price=Money(12_000, "USD"),
        category_id=other.pk,
        pricing_unit=PricingUnit.HOURLY,
    )

    stored = Service.objects.get()
    assert (stored.price_minor, stored.category_id, stored.pricing_unit) == (12_000, other.pk, PricingUnit.HOURLY)
    assert (stored.name, stored.slug) == (service.name, service.slug)
    entry = AuditEntry.objects.get()
    assert (entry.before["price"], entry.after["price"]) == ("100.00 USD", "120.00 USD")


def test_service_update_without_price_keeps_it():
    service = ServiceFactory()

    service_update(service_id=service.pk, actor=None, name="Other")

    assert list(Service.objects.values_list("name", "price_minor", "category_id")) == [
        ("Other", 10_000, service.category_id)
    ]


def test_service_of_a_deleted_category_is_not_changed(noon):
    service = ServiceFactory(category__deleted_at=noon)

    with pytest.raises(NotFound):
        service_update(service_id=service.pk, actor=None, name="Other")

    assert (Service.objects.get().name, audited()) == (service.name, [])


def test_service_delete_and_restore():
    service = ServiceFactory()

    service_delete(service_id=service.pk, actor=None, reason="Out of season.")
    hidden = list(service_list())
    with pytest.raises(NotFound):
        service_delete(service_id=service.pk, actor=None)
    service_restore(service_id=service.pk, actor=None, reason="In season.")

    assert (hidden, list(service_list())) == ([], [service])
    assert [action for action, _, _ in audited()] == ["catalog.service.delete", "catalog.service.restore"]


def test_service_restore_needs_its_category_and_a_deletion(noon):
    orphan, live = ServiceFactory(deleted_at=noon, category__deleted_at=noon), ServiceFactory()

    with pytest.raises(CategoryDeleted):
        service_restore(service_id=orphan.pk, actor=None)
    with pytest.raises(NotDeleted):
        service_restore(service_id=live.pk, actor=None)

    assert (Service.objects.get(pk=orphan.pk).deleted_at, audited()) == (noon, [])


def test_a_slug_taken_by_another_service_is_refused():
    ServiceFactory(slug="gutter")
    service = ServiceFactory()

    with pytest.raises(IntegrityError) as refusal:
        service_update(service_id=service.pk, actor=None, slug="gutter")

    assert isinstance(conflict_of(refusal.value), SlugTaken)


# Fees


def test_fee_rate_add_is_audited(noon):
    service = ServiceFactory(slug="gutter")

    fee_rate_add(name="low", service=service, rate=Decimal("0.1"), valid_from=noon, actor=None, reason="Promotion.")

    assert list(FeeRate.objects.values_list("name", "service", "rate")) == [("low", service.pk, Decimal("0.1"))]
    assert AuditEntry.objects.get().after == {
        "rate": "0.1",
        "service": "gutter",
        "tier": "",
        "valid_from": noon.isoformat(),
    }


def test_fee_rate_add_for_a_tier_from_now_on(noon):
    partners = {"name": "partners", "service": None, "tier": "PARTNER", "rate": Decimal("0.1"), "valid_from": None}

    rate = fee_rate_add(**partners, actor=None, reason="New terms.")

    assert (rate.tier, rate.valid_from, rate.created_at) == ("PARTNER", noon, noon)
    assert AuditEntry.objects.get().after["tier"] == "PARTNER"


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("name", {"name": "standard"}),
        ("rate", {"rate": Decimal("1.01")}),
        ("rate", {"rate": Decimal("-0.01")}),
        ("tier", {"tier": "STANDARD"}),
        ("valid_from", {"valid_from": datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC)}),
    ],
)
def test_fee_rate_add_refuses_what_cannot_be(noon, field, facts):
    FeeRate.objects.create(name="standard", rate=Decimal("0.15"), valid_from=noon - timedelta(days=1))
    terms = {"name": "other", "service": None, "rate": Decimal("0.1"), "valid_from": noon, **facts}

    with pytest.raises(Invalid) as refusal:
        fee_rate_add(**terms, actor=None, reason="x")

    assert list(refusal.value.details) == [field]
    assert (FeeRate.objects.count(), audited()) == (1, [])


@pytest.mark.parametrize("change", [lambda rates: rates.update(rate=Decimal("0.2")), lambda rates: rates.delete()])
def test_fee_rates_are_never_edited(noon, change):
    FeeRate.objects.create(name="standard", rate=Decimal("0.15"), valid_from=noon)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change(FeeRate.objects.all())

    assert FeeRate.objects.get().rate == Decimal("0.15")


# Seed


def test_catalogue_seed_is_idempotent_and_leaves_what_staff_changed(noon):
    first = catalogue_seed(actor=None, reason="Start.")
    service_update(service_id=Service.objects.get(slug="plumbing-visit").pk, actor=None, name="Our plumber")
    service_delete(service_id=Service.objects.get(slug="rewiring").pk, actor=None)
    category_delete(category_id=Category.objects.get(slug="pest-control").pk, actor=None)

    second = catalogue_seed(actor=None, reason="Again.")

    assert (len(first), second) == (22, [])
    assert (Category.objects.count(), Service.objects.count(), FeeRate.objects.count()) == (7, 14, 1)
    assert Service.objects.get(slug="plumbing-visit").name == "Our plumber"
    assert Service.objects.get(slug="rewiring").deleted_at == noon


def test_catalogue_seed_does_not_fill_a_deleted_category(noon):
    CategoryFactory(slug="heating", deleted_at=noon)

    catalogue_seed(actor=None, reason="Start.")

    assert not Service.objects.filter(category__slug="heating").exists()


def test_every_category_of_the_seed_has_one_visit():
    visits = {
        category.slug: [s.slug for s in category.services if s.slug.endswith("-visit")] for category in CATEGORIES
    }

    assert visits == {slug: [f"{slug}-visit"] for slug in visits}
    assert set(visits) == {
        "heating",
        "electrical",
        "plumbing",
        "general-repair",
        "structural-safety",
        "inspection",
        "pest-control",
    }
