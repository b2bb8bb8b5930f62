from fixmate.core.errors import Conflict


class DisputeExists(Conflict):
    code, message = "DISPUTE_EXISTS", "This job has an open dispute."


class DisputeTooLate(Conflict):
    """Details: `limit_days`."""

    code, message = "DISPUTE_TOO_LATE", "The time to open a dispute on this job is over."


class DisputeTooEarly(Conflict):
    code, message = "DISPUTE_TOO_EARLY", "A dispute can be opened once a technician has been assigned."


class DisputeNotLive(Conflict):
    code, message = "DISPUTE_CLOSED", "This dispute is closed."
