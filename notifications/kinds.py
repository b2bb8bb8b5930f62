"""Which news goes over which channels. Everything is in the app; mail is for what cannot wait or is to be kept."""

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
    Kind.JOB_COMPLETED: _LOUD,
    Kind.JOB_CANCELLED: _LOUD,
    # An offer is over before a mail is read
    Kind.OFFER_RECEIVED: _QUIET,
    Kind.OFFER_EXPIRED: _QUIET,
    Kind.OFFER_WITHDRAWN: _QUIET,
    Kind.OFFERS_PAUSED: _QUIET,
    Kind.PAYMENT_CAPTURED: _LOUD,
    Kind.REVIEW_RECEIVED: _QUIET,
    Kind.PROFILE_APPROVED: _LOUD,
    Kind.PROFILE_REJECTED: _LOUD,
    Kind.PROFILE_SUSPENDED: _LOUD,
    Kind.DOCUMENT_REVIEWED: _LOUD,
    Kind.DOCUMENT_EXPIRING: _LOUD,
    Kind.DOCUMENT_EXPIRED: _LOUD,
    Kind.DISPUTE_OPENED: _LOUD,
    Kind.DISPUTE_CLOSED: _LOUD,
}
