from django.db import models


class PricingUnit(models.TextChoices):
    FIXED = "FIXED", "Fixed price"
    HOURLY = "HOURLY", "Per hour"
