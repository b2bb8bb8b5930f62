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

    code, message = "TOO_FAR_FROM_JOB", "You are too far from the job."


class NoShowTooEarly(Conflict):
    """Details: `from`, `server_now`."""

    code, message = "NO_SHOW_TOO_EARLY", "Wait for the customer a little longer."
    is_recorded = True  # the wait begins with the first


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


class QuoteOpen(Conflict):
    """Details: `number`."""

    code, message = "QUOTE_OPEN", "The customer has not answered the last proposal yet."


class QuoteTooHigh(Conflict):
    """Details: `limit`, a decimal string: what the job may come to in all."""

    code, message = "QUOTE_TOO_HIGH", "This is far more than what was ordered. Look for a slip of the hand."


class QuoteExpired(Conflict):
    """Details: `expires_at`, `server_now`."""

    code, message = "QUOTE_EXPIRED", "The time to answer this proposal is over."


class QuoteCodeWrong(Conflict):
    """Details: `tries_left`."""

    code, message = "QUOTE_CODE_WRONG", "The code is not that of this proposal. Read it again."
    is_recorded = True  # the try counts


class QuoteCodeLocked(Conflict):
    code, message = "QUOTE_CODE_LOCKED", "Too many wrong codes. The technician has to propose it anew."
