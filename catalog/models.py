from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.enums import RATED_TIERS, PricingUnit, TechnicianTier
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from fixmate.core.triggers import append_only


class Category(models.Model):
    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    description = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """What can be ordered; soft-deleted, never removed."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="services")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(default="", blank=True)
    price_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    pricing_unit = models.CharField(max_length=10, choices=PricingUnit.choices, default=PricingUnit.FIXED)
    duration_minutes = models.PositiveIntegerField(default=60)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pricing_unit__in=PricingUnit.values), name="service_unit_known"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=1440), name="service_duration_sane"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="service_price_positive"),
        ]
        indexes: ClassVar = [models.Index(fields=["category", "name"], name="service_of_category")]

    def __str__(self) -> str:
        return self.name

    # Facts
    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def quoted(self) -> Money:
        return Money(self.quoted_minor, self.currency)

    @property
    def quoted_minor(self) -> int:
        """Return the price of the usual duration, in minor units; hours are billed to the minute, rounded half up."""
        if self.pricing_unit == PricingUnit.HOURLY:
            return (self.price_minor * self.duration_minutes + 30) // 60
        return self.price_minor


@append_only
class FeeRate(models.Model):
    """A named share that the platform keeps, in force from a date on: for one service or all, one tier or all.

    Never edited: what follows it has a name and a date of its own.
    """

    # Fields
    name = models.CharField(max_length=60, unique=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="fee_rates")
    tier = models.CharField(max_length=20, choices=TechnicianTier.choices, default="", db_default="", blank=True)
    rate = models.DecimalField(max_digits=5, decimal_places=4)
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=1), name="fee_rate_is_a_share"),
            models.CheckConstraint(condition=Q(tier__in=["", *RATED_TIERS]), name="fee_rate_tier_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["service", "-valid_from"], name="fee_rate_in_force")]

    def __str__(self) -> str:
        return f"{self.name} ({self.rate})"
