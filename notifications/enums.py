from django.db import models


class Channel(models.TextChoices):
    IN_APP = "IN_APP", "In the app"
    EMAIL = "EMAIL", "E-mail"


class DeliveryStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Failed"
    OVERTAKEN = "OVERTAKEN", "Overtaken by newer news"


class Kind(models.TextChoices):
    JOB_REQUESTED = "JOB_REQUESTED", "Job requested"
    JOB_ASSIGNED = "JOB_ASSIGNED", "Technician found"
    JOB_YOURS = "JOB_YOURS", "The job is yours"
    JOB_RELEASED = "JOB_RELEASED", "Looking for another technician"
    JOB_GONE = "JOB_GONE", "The job is no longer yours"
    JOB_UNMATCHED = "JOB_UNMATCHED", "No technician found"
    VISIT_REMINDER = "VISIT_REMINDER", "A visit is near"
    JOB_STARTED = "JOB_STARTED", "Work started"
    JOB_COMPLETED = "JOB_COMPLETED", "Work completed"
    JOB_CANCELLED = "JOB_CANCELLED", "Job cancelled"
    OFFER_RECEIVED = "OFFER_RECEIVED", "New offer"
    OFFER_EXPIRED = "OFFER_EXPIRED", "Offer expired"
    OFFER_WITHDRAWN = "OFFER_WITHDRAWN", "Offer withdrawn"
    OFFERS_PAUSED = "OFFERS_PAUSED", "Offers paused"
    PAYMENT_CAPTURED = "PAYMENT_CAPTURED", "Payment received"
    REVIEW_RECEIVED = "REVIEW_RECEIVED", "New review"
    PROFILE_APPROVED = "PROFILE_APPROVED", "Profile approved"
    PROFILE_REJECTED = "PROFILE_REJECTED", "Profile rejected"
    PROFILE_SUSPENDED = "PROFILE_SUSPENDED", "Profile suspended"
    DOCUMENT_REVIEWED = "DOCUMENT_REVIEWED", "Document reviewed"
    DOCUMENT_EXPIRING = "DOCUMENT_EXPIRING", "Document expires soon"
    DOCUMENT_EXPIRED = "DOCUMENT_EXPIRED", "Document expired"
    DISPUTE_OPENED = "DISPUTE_OPENED", "Dispute opened"
    DISPUTE_CLOSED = "DISPUTE_CLOSED", "Dispute closed"
