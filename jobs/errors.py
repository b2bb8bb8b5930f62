from fixmate.core.errors import Conflict


class StartCodeWrong(Conflict):
    """Details: `tries_left`."""

    code, message = "START_CODE_WRONG", "The start code is not right. Ask the customer for it."
    is_recorded = True  # the try counts


class StartCodeLocked(Conflict):
    code, message = "START_CODE_LOCKED", "Too many wrong codes. The customer has to renew the start code."


class LocationStale(Conflict):
    """Details: `age_s` (null without any position), `limit_s`."""

    code, message = "LOCATION_STALE", "Your position is too old. Send it again."


class TooFarFromJob(Conflict):
    """Details: `distance_m`, `limit_m`."""

    code, message = "TOO_FAR_FROM_JOB", "You are too far from the job to start it."


class AmountNotApproved(Conflict):
    """Details: `approved`, a decimal string."""

    code, message = "AMOUNT_NOT_APPROVED", "This is more than the customer approved."


class PaymentRequired(Conflict):
    code, message = "PAYMENT_REQUIRED", "The payment has to be arranged before the work starts."


class BookingOverlap(Conflict):
    code, message = "BOOKING_OVERLAP", "The technician has other work at that time."


class NeverAssigned(Conflict):
    code, message = "NEVER_ASSIGNED", "No technician has had this job yet."


class AlreadyWorking(Conflict):
    code, message = "ALREADY_WORKING", "Finish the job you are working on first."
