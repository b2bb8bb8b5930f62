from fixmate.core.errors import Conflict


class OfferClosed(Conflict):
    """Details: `status`."""

    code, message = "OFFER_CLOSED", "This offer is closed."


class OfferExpired(Conflict):
    """Details: `expires_at`, `server_now`."""

    code, message = "OFFER_EXPIRED", "The time to answer this offer is over."
