from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.enums import PricingUnit, TechnicianTier
from catalog.fees import FeeTerms
from catalog.models import Category, FeeRate, Service
from catalog.selectors import category_get, category_list, fee_rate_for, service_get, service_list
from catalog.tests.factories import ServiceFactory
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from fixmate.core.money import Money

pytestmark = pytest.mark.django_db


def test_lists_hold_what_is_live(noon):
    live = ServiceFactory()
    ServiceFactory(deleted_at=noon, category=live.category)
    ServiceFactory(category__deleted_at=noon)

    assert (list(category_list()), list(service_list())) == ([live.category], [live])


def test_get_finds_the_live_alone(noon):
    live, deleted = ServiceFactory(), ServiceFactory(deleted_at=noon, category__deleted_at=noon)

    assert (service_get(live.pk), category_get(live.category_id)) == (live, live.category)
    for pk in (deleted.pk, uuid7()):
        with pytest.raises(NotFound):
            service_get(pk)
    with pytest.raises(NotFound):
        category_get(deleted.category_id)


def test_fee_rate_is_the_settings_default_without_any(noon, settings):
    settings.DEFAULT_FEE_RATE = Decimal("0.12")

    assert fee_rate_for(service=ServiceFactory(), at=noon) == FeeTerms("default", Decimal("0.12"))


def test_fee_rate_prefers_the_services_own_then_the_newest_in_force(noon):
    service, other = ServiceFactory(), ServiceFactory()

    def rate(name, service, rate, days):
        FeeRate.objects.create(name=name, service=service, rate=rate, valid_from=noon + timedelta(days=days))

    rate("all-old", None, "0.20", -9)
    rate("all-new", None, "0.15", -2)
    rate("all-later", None, "0.01", 1)
    rate("own-old", service, "0.11", -9)
    rate("own-new", service, "0.10", 0)
    rate("own-later", service, "0.02", 1)

    assert fee_rate_for(service=service, at=noon) == FeeTerms("own-new", Decimal("0.10"))
    assert fee_rate_for(service=service, at=noon - timedelta(days=1)) == FeeTerms("own-old", Decimal("0.11"))
    assert fee_rate_for(service=other, at=noon) == FeeTerms("all-new", Decimal("0.15"))


def test_fee_rate_goes_by_the_most_specific_kind_that_is_in_force(noon):
    service, other = ServiceFactory(), ServiceFactory()
    rates = {"all": (None, ""), "tier": (None, "PARTNER"), "own": (service, ""), "both": (service, "PARTNER")}
    for days, (name, (of, tier)) in enumerate(rates.items()):
        since = noon - timedelta(days=days + 1)  # the more specific, the older: age decides within a kind alone
        FeeRate.objects.create(name=name, service=of, tier=tier, rate="0.1", valid_from=since)
    later = noon + timedelta(days=1)
    FeeRate.objects.create(name="later", service=service, tier="PARTNER", rate="0.1", valid_from=later)

    def name_for(service, tier="STANDARD"):
        return fee_rate_for(service=service, at=noon, tier=tier).name

    assert [name_for(service, tier) for tier in TechnicianTier] == ["own", "own", "both"]
    assert [name_for(other, tier) for tier in TechnicianTier] == ["all", "all", "tier"]
    assert name_for(service) == "own"


@pytest.mark.parametrize(
    ("unit", "price", "minutes", "quoted"),
    [
        (PricingUnit.FIXED, 10_000, 90, 10_000),
        (PricingUnit.HOURLY, 10_000, 90, 15_000),
        (PricingUnit.HOURLY, 1_001, 90, 1_502),  # 1501.5
        (PricingUnit.HOURLY, 1_000, 20, 333),
    ],
)
def test_quoted_is_the_price_of_the_usual_duration(unit, price, minutes, quoted):
    service = Service(price_minor=price, currency="USD", pricing_unit=unit, duration_minutes=minutes)

    assert service.quoted == Money(quoted, "USD")


def test_entries_are_called_by_their_names():
    assert (str(Category(name="Roof")), str(Service(name="Gutter"))) == ("Roof", "Gutter")
    assert str(FeeRate(name="low", rate=Decimal("0.1"))) == "low (0.1)"
