from django.db import models


class PaymentStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    AUTHORIZED = "AUTHORIZED", "Authorized"
    CAPTURED = "CAPTURED", "Captured"
    VOIDED = "VOIDED", "Voided"
    FAILED = "FAILED", "Failed"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED", "Partially refunded"
    REFUNDED = "REFUNDED", "Refunded"


# Neither paid nor called off
OPEN = (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED)


class PaymentPurpose(models.TextChoices):
    JOB = "JOB", "Job"


class Provider(models.TextChoices):
    OFFLINE = "offline", "Cash or terminal"


class PaymentEventKind(models.TextChoices):
    CREATED = "CREATED", "Created"
    CAPTURED = "CAPTURED", "Captured"
    VOIDED = "VOIDED", "Voided"
    FROZEN = "FROZEN", "Payout frozen"
    UNFROZEN = "UNFROZEN", "Payout released"
