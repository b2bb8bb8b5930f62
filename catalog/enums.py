from django.db import models


class PricingUnit(models.TextChoices):
    FIXED = "FIXED", "Fixed price"
    HOURLY = "HOURLY", "Per hour"


class TechnicianTier(models.TextChoices):
    """What a technician is to the platform where its share is concerned. STANDARD has no rates of its own."""

    STANDARD = "STANDARD", "Standard"
    PREFERRED = "PREFERRED", "Preferred"
    PARTNER = "PARTNER", "Partner"


RATED_TIERS = (TechnicianTier.PREFERRED, TechnicianTier.PARTNER)
