"""The catalogue a new installation starts with."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from catalog.enums import PricingUnit
from catalog.fees import FeeTerms
from fixmate.core.money import Money


@dataclass(frozen=True, slots=True)
class SeedService:
    slug: str
    name: str
    amount: str
    duration_minutes: int
    description: str
    pricing_unit: PricingUnit = PricingUnit.FIXED

    def facts(self) -> dict[str, Any]:
        """Return the arguments of `service_create`, the price in the currency of the settings."""
        return {
            "slug": self.slug,
            "name": self.name,
            "price": Money.parse(self.amount, settings.CURRENCY),
            "duration_minutes": self.duration_minutes,
            "description": self.description,
            "pricing_unit": self.pricing_unit,
        }


@dataclass(frozen=True, slots=True)
class SeedCategory:
    slug: str
    name: str
    description: str
    services: tuple[SeedService, ...]

    def facts(self) -> dict[str, Any]:
        """Return the arguments of `category_create`."""
        return {"slug": self.slug, "name": self.name, "description": self.description}


HOURLY = PricingUnit.HOURLY
FEE_RATE = FeeTerms("standard-15", Decimal("0.15"))
CATEGORIES = (
    SeedCategory(
        "heating",
        "Heating",
        "Boilers, furnaces, radiators and gas.",
        (
            SeedService(
                "heating-visit", "Heating repair visit", "139", 60, "No heat or no hot water: find and fix it."
            ),
            SeedService("boiler-service", "Boiler service", "179", 90, "Yearly service with a combustion check."),
            SeedService("gas-mechanical", "Gas line and appliance work", "110", 90, "By a licensed fitter.", HOURLY),
        ),
    ),
    SeedCategory(
        "electrical",
        "Electrical",
        "Wiring, outlets, panels and lights.",
        (
            SeedService("electrical-visit", "Electrician visit", "129", 60, "Outlets, switches, breakers, lights."),
            SeedService("rewiring", "Rewiring", "95", 180, "Circuits and panels, by the hour.", HOURLY),
        ),
    ),
    SeedCategory(
        "plumbing",
        "Plumbing",
        "Pipes, drains, taps and toilets.",
        (
            SeedService("plumbing-visit", "Plumber visit", "119", 60, "Leaks, taps, toilets and clogs."),
            SeedService("drain-clearing", "Drain clearing", "149", 90, "Main and branch drains, by machine."),
        ),
    ),
    SeedCategory(
        "general-repair",
        "General repair",
        "Carpentry, doors, walls and everything small.",
        (
            SeedService("general-repair-visit", "Handyman visit", "89", 60, "A small repair about the house."),
            SeedService("carpentry", "Carpentry", "75", 120, "Doors, windows, stairs and floors.", HOURLY),
        ),
    ),
    SeedCategory(
        "structural-safety",
        "Structural safety",
        "Walls, porches, roofs and what might fall.",
        (
            SeedService(
                "structural-safety-visit", "Structural safety visit", "199", 90, "Look at it and make it safe."
            ),
            SeedService("emergency-shoring", "Emergency shoring", "140", 180, "Props and bracing, at once.", HOURLY),
        ),
    ),
    SeedCategory(
        "inspection",
        "Inspection",
        "Hazards and the state of a building, in writing.",
        (
            SeedService("inspection-visit", "Hazard inspection", "109", 60, "Lead, mould, gas and fire hazards."),
            SeedService("building-inspection", "Building inspection", "349", 180, "The whole house, with a report."),
        ),
    ),
    SeedCategory(
        "pest-control",
        "Pest control",
        "Rodents, insects and what they leave.",
        (SeedService("pest-control-visit", "Pest control visit", "149", 60, "Find, treat and seal."),),
    ),
)
