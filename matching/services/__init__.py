from matching.services.offers import (
    offer_accept,
    offer_expire_due,
    offer_mark_seen,
    offer_reject,
    offers_settle_of_job,
    offers_withdraw_of_technician,
)
from matching.services.passes import matching_pass_request_due, matching_run_pass

__all__ = [
    "matching_pass_request_due",
    "matching_run_pass",
    "offer_accept",
    "offer_expire_due",
    "offer_mark_seen",
    "offer_reject",
    "offers_settle_of_job",
    "offers_withdraw_of_technician",
]
