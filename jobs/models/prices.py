from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from catalog.fees import FeeTerms
from fixmate.core.money import Money
from fixmate.core.triggers import adds_up, append_only
from jobs.enums import LineKind, PriceKind
from jobs.models.jobs import Job


@append_only
class JobPrice(models.Model):
    """What a job costs, revision by revision: computed once, by a named rate, and read ever after."""

    # Fields
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="prices")
    revision = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=PriceKind.choices)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    fee_rate = models.DecimalField(max_digits=5, decimal_places=4)
    fee_source = models.CharField(max_length=60, help_text="the name of the rate")
    platform_fee_minor = models.PositiveBigIntegerField()
    technician_earnings_minor = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "revision"], name="job_price_revision_once"),
            models.CheckConstraint(condition=Q(kind__in=PriceKind.values), name="job_price_kind_known"),
            models.CheckConstraint(
                condition=Q(amount_minor=F("platform_fee_minor") + F("technician_earnings_minor")),
                name="job_price_split_adds_up",
            ),
            models.CheckConstraint(condition=Q(revision__gte=1), name="job_price_revision_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def terms(self) -> FeeTerms:
        return FeeTerms(self.fee_source, self.fee_rate)

    @property
    def platform_fee(self) -> Money:
        return Money(self.platform_fee_minor, self.currency)

    @property
    def technician_earnings(self) -> Money:
        return Money(self.technician_earnings_minor, self.currency)


class PriceLine(models.Model):
    """One line of an amount: what it is for, how much of it, and what one of it costs."""

    OWNER: ClassVar[str]  # what it is a line of

    # Fields
    position = models.PositiveSmallIntegerField(help_text="from 1 on")
    kind = models.CharField(max_length=20, choices=LineKind.choices)
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=10, decimal_places=4)
    unit_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"

    # Facts
    @property
    def currency(self) -> str:
        currency: str = getattr(self, self.OWNER).currency
        return currency

    @property
    def unit_amount(self) -> Money:
        return Money(self.unit_minor, self.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def line_constraints(owner: str) -> list[models.BaseConstraint]:
    """Return what holds for the lines of every owner: a price or a quote."""
    return [
        models.UniqueConstraint(fields=[owner, "position"], name=f"{owner}_line_position_once"),
        models.CheckConstraint(condition=Q(kind__in=LineKind.values), name=f"{owner}_line_kind_known"),
        models.CheckConstraint(condition=Q(quantity__gt=0, position__gte=1), name=f"{owner}_line_of_something"),
    ]


@append_only
@adds_up("price", "amount_minor")
class JobPriceLine(PriceLine):
    """A line of a revision: together they are its amount."""

    OWNER = "price"

    price = models.ForeignKey(JobPrice, on_delete=models.PROTECT, related_name="lines", db_index=False)

    class Meta:
        constraints: ClassVar = line_constraints("price")
