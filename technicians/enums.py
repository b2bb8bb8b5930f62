from enum import StrEnum

from django.db import models


class Verification(models.TextChoices):
    PENDING = "PENDING", "Pending"
    VERIFIED = "VERIFIED", "Verified"
    REJECTED = "REJECTED", "Rejected"
    SUSPENDED = "SUSPENDED", "Suspended"


class DocumentKind(models.TextChoices):
    IDENTITY = "IDENTITY", "Identity"
    LICENCE = "LICENCE", "Licence"
    INSURANCE = "INSURANCE", "Insurance"
    CERTIFICATE = "CERTIFICATE", "Certificate"


class DocumentStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    EXPIRED = "EXPIRED", "Expired"


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class Aspect(StrEnum):
    """What a review may rate by itself, beside the whole; the names of its columns."""

    PUNCTUAL = "punctual"
    QUALITY = "quality"
    PRICE = "price"
    CONDUCT = "conduct"


# Everything that has stars: `<name>_sum` and `<name>_count` of a technician add them up.
RATED = ("rating", *Aspect)
