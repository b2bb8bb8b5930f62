from typing import Any

from rest_framework import serializers

from catalog.enums import PricingUnit
from fixmate.core.api.serializers import InputSerializer, MoneyField, OutputSerializer, PriceField

_SHORTEST_MIN, _LONGEST_MIN = 5, 1440


class UpkeepInput(InputSerializer):
    """A staff act on the catalogue: the reason may be left out."""

    reason = serializers.CharField(max_length=1000, required=False)


class CategoryInput(UpkeepInput):
    name = serializers.CharField(max_length=80)
    slug = serializers.SlugField(max_length=60, required=False, help_text="Made from the name if left out.")
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ServiceInput(UpkeepInput):
    category_id = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=60, required=False, help_text="Made from the name if left out.")
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    price = PriceField(help_text="Fixed, or per hour.")
    pricing_unit = serializers.ChoiceField(PricingUnit.choices, required=False)
    duration_minutes = serializers.IntegerField(min_value=_SHORTEST_MIN, max_value=_LONGEST_MIN, required=False)


class CategoryBrief(OutputSerializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class CategoryOutput(CategoryBrief):
    description = serializers.CharField()


class ServiceBrief(OutputSerializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ServiceOutput(ServiceBrief):
    description = serializers.CharField()
    category = CategoryBrief()
    price = MoneyField(help_text="Fixed, or per hour.")
    pricing_unit = serializers.ChoiceField(PricingUnit.choices)
    duration_minutes = serializers.IntegerField()
    quoted = MoneyField(help_text="What a job is quoted: the price of the usual duration.")


class ServiceExample:
    """What the examples of the API document show."""

    OUTPUT: dict[str, Any] = {
        "id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11",
        "slug": "plumbing-visit",
        "name": "Plumber visit",
        "description": "Leaks, taps, toilets and clogs.",
        "category": {"id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b10", "slug": "plumbing", "name": "Plumbing"},
        "price": {"amount": "119.00", "currency": "USD"},
        "pricing_unit": "FIXED",
        "duration_minutes": 60,
        "quoted": {"amount": "119.00", "currency": "USD"},
    }
    INPUT: dict[str, Any] = {
        "category_id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b10",
        "name": "Plumber visit",
        "price": {"amount": "119.00", "currency": "USD"},
        "duration_minutes": 60,
        "reason": "New on the list.",
    }
