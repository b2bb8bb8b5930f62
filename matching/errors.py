from fixmate.core.errors import Conflict

ACCEPT_CONFLICT = "accept_conflict:"  # and the code of the refusal: the tally that `/metrics` shows


class OfferClosed(Conflict):
    """Details: `status`."""

    code, message = "OFFER_CLOSED", "This offer is closed."


class OfferExpired(Conflict):
    """Details: `expires_at`, `server_now`."""

    code, message = "OFFER_EXPIRED", "The time to answer this offer is over."


class AlertClosed(Conflict):
    """Details: `closed_at`."""

    code, message = "ALERT_CLOSED", "This alert is closed already."


class ManualAssignmentOff(Conflict):
    code, message = "MANUAL_ASSIGNMENT_OFF", "Giving jobs by hand is switched off here."


class TechnicianHasJob(Conflict):
    code, message = "TECHNICIAN_HAS_JOB", "The job is his already."


class TechnicianExcluded(Conflict):
    code, message = "TECHNICIAN_EXCLUDED", "Staff keep this technician from the job."


class TechnicianBlocked(Conflict):
    code, message = "TECHNICIAN_BLOCKED", "This technician and the customer do not meet again."


class RolloutRunning(Conflict):
    """Details: `rollout_id`."""

    code, message = "ROLLOUT_RUNNING", "This version is used in this way already."


class RolloutEnded(Conflict):
    """Details: `ended_at`."""

    code, message = "ROLLOUT_ENDED", "This rollout has ended."
