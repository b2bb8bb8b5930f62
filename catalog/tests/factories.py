import factory

from catalog.enums import PricingUnit
from catalog.models import Category, Service


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category

    slug = factory.Sequence(lambda n: f"category-{n}")
    name = factory.Sequence(lambda n: f"Category {n}")


class ServiceFactory(factory.django.DjangoModelFactory):
    """100.00 USD, fixed, an hour."""

    class Meta:
        model = Service

    category = factory.SubFactory(CategoryFactory)
    slug = factory.Sequence(lambda n: f"service-{n}")
    name = factory.Sequence(lambda n: f"Service {n}")
    price_minor = 10_000
    currency = "USD"
    pricing_unit = PricingUnit.FIXED
    duration_minutes = 60
