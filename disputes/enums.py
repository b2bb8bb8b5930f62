from django.db import models


class DisputeStatus(models.TextChoices):
    OPEN = "OPEN", "Open"
    UNDER_REVIEW = "UNDER_REVIEW", "Under review"
    RESOLVED = "RESOLVED", "Resolved"
    DISMISSED = "DISMISSED", "Dismissed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


LIVE = (DisputeStatus.OPEN, DisputeStatus.UNDER_REVIEW)


class DisputeCategory(models.TextChoices):
    QUALITY = "QUALITY", "Quality of the work"
    PRICE = "PRICE", "Price"
    DAMAGE = "DAMAGE", "Damage"
    CONDUCT = "CONDUCT", "Conduct"
    NO_SHOW = "NO_SHOW", "Did not come"
    PAYMENT = "PAYMENT", "Payment"
    OTHER = "OTHER", "Other"


class DisputeOutcome(models.TextChoices):
    FOR_CUSTOMER = "FOR_CUSTOMER", "For the customer"
    FOR_TECHNICIAN = "FOR_TECHNICIAN", "For the technician"
    SHARED = "SHARED", "Shared"


class DisputeEventKind(models.TextChoices):
    OPENED = "OPENED", "Opened"
    MESSAGE = "MESSAGE", "Message"
    REVIEW_STARTED = "REVIEW_STARTED", "Review started"
    RESOLVED = "RESOLVED", "Resolved"
    DISMISSED = "DISMISSED", "Dismissed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
