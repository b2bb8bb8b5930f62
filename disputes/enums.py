from django.db import models


class DisputeStatus(models.TextChoices):
    OPEN = "OPEN", "Open"
    UNDER_REVIEW = "UNDER_REVIEW", "Under review"
    RESOLVED = "RESOLVED", "Resolved"
    DISMISSED = "DISMISSED", "Dismissed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


ERASED = "(deleted)"  # in place of a description
LIVE = (DisputeStatus.OPEN, DisputeStatus.UNDER_REVIEW)


class DisputeCategory(models.TextChoices):
    QUALITY = "QUALITY", "Quality of the work"
    PRICE = "PRICE", "Price"
    DAMAGE = "DAMAGE", "Damage"
    CONDUCT = "CONDUCT", "Conduct"
    NO_SHOW = "NO_SHOW", "Did not come"
    PAYMENT = "PAYMENT", "Payment"
    CHARGEBACK = "CHARGEBACK", "Chargeback"
    OTHER = "OTHER", "Other"


# What a side may choose; the others come from elsewhere
OF_A_SIDE = [(code, label) for code, label in DisputeCategory.choices if code != DisputeCategory.CHARGEBACK]


class DisputeOutcome(models.TextChoices):
    FOR_CUSTOMER = "FOR_CUSTOMER", "For the customer"
    FOR_TECHNICIAN = "FOR_TECHNICIAN", "For the technician"
    SHARED = "SHARED", "Shared"


class DisputeSide(models.TextChoices):
    """The values are those of `Role`: a side is a person of that role."""

    CUSTOMER = "CUSTOMER", "The customer"
    TECHNICIAN = "TECHNICIAN", "The technician"


class DeadlineKind(models.TextChoices):
    STAFF_ANSWER = "STAFF_ANSWER", "First answer of staff"
    SIDE_ANSWER = "SIDE_ANSWER", "Answer of a side"
    DECISION = "DECISION", "Decision"
    PROVIDER_EVIDENCE = "PROVIDER_EVIDENCE", "Evidence on a chargeback"


class DisputeEventKind(models.TextChoices):
    OPENED = "OPENED", "Opened"
    MESSAGE = "MESSAGE", "Message"
    ASKED = "ASKED", "Asked for more"
    EVIDENCE = "EVIDENCE", "Evidence handed in"
    REVIEW_STARTED = "REVIEW_STARTED", "Review started"
    RESOLVED = "RESOLVED", "Resolved"
    DISMISSED = "DISMISSED", "Dismissed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    CHARGED_BACK = "CHARGED_BACK", "Charged back"
    CHARGEBACK_WON = "CHARGEBACK_WON", "Chargeback won"
    CHARGEBACK_LOST = "CHARGEBACK_LOST", "Chargeback lost"
