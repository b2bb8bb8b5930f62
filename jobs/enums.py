from enum import StrEnum

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
    QUOTE_PROPOSED = "QUOTE_PROPOSED", "Extra work proposed"
    QUOTE_APPROVED = "QUOTE_APPROVED", "Extra work approved"
    QUOTE_REFUSED = "QUOTE_REFUSED", "Approval refused: wrong code"
    QUOTE_DECLINED = "QUOTE_DECLINED", "Extra work declined"
    QUOTE_WITHDRAWN = "QUOTE_WITHDRAWN", "Proposal withdrawn"
    QUOTE_EXPIRED = "QUOTE_EXPIRED", "Proposal ran out"
    COMPLETED = "COMPLETED", "Work completed"
    CANCELLED = "CANCELLED", "Cancelled"
    REMINDED = "REMINDED", "Reminded of the visit"
    NOTE = "NOTE", "Remark"


class JobEventFact(StrEnum):
    """What figures read of an event's data."""

    TECHNICIAN = "technician_id"  # of ASSIGNED: who has the job from here on
    REASON = "reason"  # of RELEASED
    WAS_PUNCTUAL = "was_punctual"  # of STARTED, where the visit was booked ahead


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
    NO_SHOW = "NO_SHOW", "Customer was not there"
    OTHER = "OTHER", "Other"


# What a person who calls a job off may not give as his reason: the platform decides these, or an act of its own does.
DECIDED_REASONS = (CancelReason.WENT_DARK, CancelReason.TRANSFERRED, CancelReason.STAFF, CancelReason.NO_SHOW)


class JobOption(models.TextChoices):
    """What a customer can do about a job nobody was found for."""

    REMATCH = "REMATCH", "Search again now"
    ORDER_LATER = "ORDER_LATER", "Order it again for another time"
    CANCEL = "CANCEL", "Call it off, free of charge"


class PriceKind(models.TextChoices):
    QUOTE = "QUOTE", "Quote"
    SPLIT = "SPLIT", "Split of the technician"
    QUOTE_REVISION = "QUOTE_REVISION", "Quote revised on site"
    FINAL = "FINAL", "Final amount"
    CANCELLATION_FEE = "CANCELLATION_FEE", "Cancellation fee"


class LineKind(models.TextChoices):
    LABOUR = "LABOUR", "Labour"
    HOURS = "HOURS", "Hours"
    CALL_OUT = "CALL_OUT", "Call-out"
    PARTS = "PARTS", "Parts"
    CANCELLATION_FEE = "CANCELLATION_FEE", "Cancellation fee"
    ADJUSTMENT = "ADJUSTMENT", "Adjustment"


# What a technician may propose on site: the platform writes the others.
PROPOSED_LINES = (LineKind.LABOUR, LineKind.HOURS, LineKind.CALL_OUT, LineKind.PARTS)


class QuoteStatus(models.TextChoices):
    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    DECLINED = "DECLINED", "Declined"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    EXPIRED = "EXPIRED", "Expired"


class DeclineReason(models.TextChoices):
    TOO_EXPENSIVE = "TOO_EXPENSIVE", "Too expensive"
    NOT_NEEDED = "NOT_NEEDED", "Not needed"
    LATER = "LATER", "Another time"
    OTHER = "OTHER", "Other"


class PhotoKind(models.TextChoices):
    PROBLEM = "PROBLEM", "What is broken"
    RESULT = "RESULT", "Finished work"


class BlockSide(models.TextChoices):
    """Who does not want to meet the other again."""

    CUSTOMER = "CUSTOMER", "The customer"
    TECHNICIAN = "TECHNICIAN", "The technician"
