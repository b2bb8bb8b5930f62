from django.db import models


class JobStatus(models.TextChoices):
    REQUESTED = "REQUESTED", "Requested"
    MATCHING = "MATCHING", "Matching"
    UNMATCHED = "UNMATCHED", "Unmatched"
    ASSIGNED = "ASSIGNED", "Assigned"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    COMPLETED = "COMPLETED", "Completed"
    CANCELLED = "CANCELLED", "Cancelled"


BOOKED = (JobStatus.ASSIGNED, JobStatus.IN_PROGRESS)
WAITING = (JobStatus.REQUESTED, JobStatus.MATCHING)
CLOSED = (JobStatus.COMPLETED, JobStatus.CANCELLED)


class JobEventKind(models.TextChoices):
    REQUESTED = "REQUESTED", "Requested"
    MATCHING_STARTED = "MATCHING_STARTED", "Matching started"
    UNMATCHED = "UNMATCHED", "Nobody found"
    REMATCH_REQUESTED = "REMATCH_REQUESTED", "Matching tried again"
    ASSIGNED = "ASSIGNED", "Technician assigned"
    RELEASED = "RELEASED", "Technician cancelled"
    STARTED = "STARTED", "Work started"
    START_REFUSED = "START_REFUSED", "Start refused"
    START_CODE_RENEWED = "START_CODE_RENEWED", "Start code renewed"
    COMPLETED = "COMPLETED", "Work completed"
    CANCELLED = "CANCELLED", "Cancelled"
    REMINDED = "REMINDED", "Reminded of the visit"
    NOTE = "NOTE", "Remark"


# The state a job has after an event of the kind; kinds that are not here leave it as it was.
STATUS_AFTER: dict[str, str] = {
    JobEventKind.REQUESTED: JobStatus.REQUESTED,
    JobEventKind.MATCHING_STARTED: JobStatus.MATCHING,
    JobEventKind.UNMATCHED: JobStatus.UNMATCHED,
    JobEventKind.REMATCH_REQUESTED: JobStatus.MATCHING,
    JobEventKind.ASSIGNED: JobStatus.ASSIGNED,
    JobEventKind.RELEASED: JobStatus.MATCHING,
    JobEventKind.STARTED: JobStatus.IN_PROGRESS,
    JobEventKind.COMPLETED: JobStatus.COMPLETED,
    JobEventKind.CANCELLED: JobStatus.CANCELLED,
}


class CancelReason(models.TextChoices):
    NOT_NEEDED = "NOT_NEEDED", "Not needed any more"
    TOO_SLOW = "TOO_SLOW", "Took too long"
    FOUND_OTHER = "FOUND_OTHER", "Found somebody else"
    MISTAKE = "MISTAKE", "Ordered by mistake"
    CANNOT_COME = "CANNOT_COME", "Cannot come"
    EMERGENCY = "EMERGENCY", "Emergency"
    WENT_DARK = "WENT_DARK", "Could not be reached before the visit"
    TRANSFERRED = "TRANSFERRED", "Given to somebody else by staff"
    STAFF = "STAFF", "Decided by staff"
    OTHER = "OTHER", "Other"


# What a person who calls a job off may not give as his reason: the platform decides these.
DECIDED_REASONS = (CancelReason.WENT_DARK, CancelReason.TRANSFERRED, CancelReason.STAFF)


class JobOption(models.TextChoices):
    """What a customer can do about a job nobody was found for."""

    REMATCH = "REMATCH", "Search again now"
    ORDER_LATER = "ORDER_LATER", "Order it again for another time"
    CANCEL = "CANCEL", "Call it off, free of charge"


class PriceKind(models.TextChoices):
    QUOTE = "QUOTE", "Quote"
    FINAL = "FINAL", "Final amount"
    CANCELLATION_FEE = "CANCELLATION_FEE", "Cancellation fee"


class PhotoKind(models.TextChoices):
    PROBLEM = "PROBLEM", "What is broken"
    RESULT = "RESULT", "Finished work"


class BlockSide(models.TextChoices):
    """Who does not want to meet the other again."""

    CUSTOMER = "CUSTOMER", "The customer"
    TECHNICIAN = "TECHNICIAN", "The technician"
