"""Which news goes over which channels, and which takes the place of which.

Everything is in the app; mail is for what cannot wait or is to be kept.
"""

from dataclasses import dataclass

from notifications.enums import Channel, Kind

_QUIET = (Channel.IN_APP,)
_LOUD = (Channel.IN_APP, Channel.EMAIL)

CHANNELS: dict[Kind, tuple[Channel, ...]] = {
    Kind.JOB_REQUESTED: _LOUD,
    Kind.JOB_ASSIGNED: _LOUD,
    Kind.JOB_YOURS: _LOUD,
    Kind.JOB_RELEASED: _LOUD,
    Kind.JOB_GONE: _LOUD,
    Kind.JOB_UNMATCHED: _LOUD,
    Kind.VISIT_REMINDER: _LOUD,
    Kind.JOB_STARTED: _QUIET,
    Kind.QUOTE_PROPOSED: _LOUD,
    Kind.QUOTE_APPROVED: _LOUD,
    Kind.QUOTE_DECLINED: _QUIET,  # both stand at the job
    Kind.QUOTE_LAPSED: _QUIET,
    Kind.JOB_COMPLETED: _LOUD,
    Kind.JOB_CANCELLED: _LOUD,
    # An offer is over before a mail is read
    Kind.OFFER_RECEIVED: _QUIET,
    Kind.OFFER_EXPIRED: _QUIET,
    Kind.OFFER_WITHDRAWN: _QUIET,
    Kind.OFFERS_PAUSED: _QUIET,
    Kind.PAYMENT_NEEDED: _LOUD,
    Kind.PAYMENT_FAILED: _LOUD,
    Kind.PAYMENT_CAPTURED: _LOUD,
    Kind.REFUND_APPROVED: _LOUD,
    Kind.REFUND_DONE: _LOUD,
    Kind.REFUND_FAILED: _LOUD,
    Kind.PAYOUT_SENT: _LOUD,
    Kind.PAYOUT_PAID: _LOUD,
    Kind.PAYOUT_FAILED: _LOUD,
    Kind.PAYOUT_ACCOUNT_READY: _LOUD,
    Kind.PAYOUT_REVERSED: _LOUD,
    Kind.REVIEW_RECEIVED: _QUIET,
    Kind.REVIEW_ANSWERED: _QUIET,
    Kind.PROFILE_APPROVED: _LOUD,
    Kind.PROFILE_REJECTED: _LOUD,
    Kind.PROFILE_SUSPENDED: _LOUD,
    Kind.ACCOUNT_RESTRICTED: _LOUD,
    Kind.ACCOUNT_SUSPENDED: _LOUD,
    Kind.ACCOUNT_REINSTATED: _LOUD,
    Kind.DOCUMENT_REVIEWED: _LOUD,
    Kind.DOCUMENT_EXPIRING: _LOUD,
    Kind.DOCUMENT_EXPIRED: _LOUD,
    Kind.DISPUTE_OPENED: _LOUD,
    Kind.DISPUTE_MESSAGE: _QUIET,
    Kind.DISPUTE_ANSWER_WANTED: _LOUD,
    Kind.DISPUTE_REMINDER: _LOUD,
    Kind.DISPUTE_DUE: _LOUD,
    Kind.DISPUTE_CLOSED: _LOUD,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """How one thing stands: the newest of these kinds is true, the others were. The payload names which thing."""

    kinds: tuple[Kind, ...]
    named_by: str = ""


OF_A_TURN = (Kind.JOB_ASSIGNED, Kind.JOB_YOURS, Kind.VISIT_REMINDER)  # true while the technician still has the job
PROFILE = Topic((Kind.PROFILE_APPROVED, Kind.PROFILE_REJECTED, Kind.PROFILE_SUSPENDED))
ACCOUNT = Topic((Kind.ACCOUNT_RESTRICTED, Kind.ACCOUNT_SUSPENDED, Kind.ACCOUNT_REINSTATED))
_TOPICS = (
    PROFILE,
    ACCOUNT,
    Topic(
        (
            Kind.JOB_REQUESTED,
            Kind.JOB_ASSIGNED,
            Kind.JOB_YOURS,
            Kind.JOB_RELEASED,
            Kind.JOB_GONE,
            Kind.JOB_UNMATCHED,
            Kind.VISIT_REMINDER,
            Kind.JOB_STARTED,
            Kind.JOB_COMPLETED,
            Kind.JOB_CANCELLED,
        ),
        named_by="job_id",
    ),
    Topic((Kind.QUOTE_PROPOSED, Kind.QUOTE_APPROVED, Kind.QUOTE_DECLINED, Kind.QUOTE_LAPSED), named_by="quote_id"),
    Topic((Kind.REFUND_APPROVED, Kind.REFUND_DONE, Kind.REFUND_FAILED), named_by="refund_id"),
    Topic((Kind.PAYOUT_SENT, Kind.PAYOUT_PAID, Kind.PAYOUT_FAILED), named_by="payout_id"),
    Topic((Kind.PAYMENT_NEEDED, Kind.PAYMENT_FAILED, Kind.PAYMENT_CAPTURED), named_by="payment_id"),
    Topic((Kind.DOCUMENT_REVIEWED, Kind.DOCUMENT_EXPIRING, Kind.DOCUMENT_EXPIRED), named_by="document_id"),
    Topic(
        (
            Kind.DISPUTE_OPENED,
            Kind.DISPUTE_ANSWER_WANTED,
            Kind.DISPUTE_REMINDER,
            Kind.DISPUTE_DUE,
            Kind.DISPUTE_CLOSED,
        ),
        named_by="dispute_id",
    ),
)


def topic_of(kind: Kind) -> Topic | None:
    """Return what the news is about; None where it tells of a moment and stays true."""
    return next((topic for topic in _TOPICS if kind in topic.kinds), None)
