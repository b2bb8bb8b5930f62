from fixmate.core.errors import Conflict


class DisputeExists(Conflict):
    code, message = "DISPUTE_EXISTS", "This job has an open dispute."


class DisputeTooLate(Conflict):
    """Details: `limit_days`."""

    code, message = "DISPUTE_TOO_LATE", "The time to open a dispute on this job is over."


class DisputeTooEarly(Conflict):
    code, message = "DISPUTE_TOO_EARLY", "A dispute can be opened once a technician has been assigned."


class EvidenceFull(Conflict):
    """Details: `limit_files`, `limit_bytes`; `files`, `bytes`: what the side has handed in before."""

    code, message = "EVIDENCE_FULL", "A side of a dispute cannot hand in more files than this."


class DisputeNotLive(Conflict):
    code, message = "DISPUTE_CLOSED", "This dispute is closed."


class EvidenceOwed(Conflict):
    """Details: `due_at`."""

    code = "EVIDENCE_OWED"
    message = "The customer's bank took the payment back, and evidence on it is still to be handed in."
