"""Disputes: both sides speak, staff decide. None of the services moves money.

Each locks the job, then the dispute; one that decides, then the technician, whose figures may follow.
"""

from disputes.services.chargebacks import dispute_follow_chargeback
from disputes.services.erasure import dispute_erase, dispute_erase_due
from disputes.services.reminders import dispute_remind_due
from disputes.services.sides import dispute_check_opener, dispute_guard_deletion, dispute_open, dispute_withdraw
from disputes.services.staff import dispute_begin_review, dispute_dismiss, dispute_resolve
from disputes.services.thread import dispute_ask, dispute_evidence_add, dispute_message_add

__all__ = [
    "dispute_ask",
    "dispute_begin_review",
    "dispute_check_opener",
    "dispute_dismiss",
    "dispute_erase",
    "dispute_erase_due",
    "dispute_evidence_add",
    "dispute_follow_chargeback",
    "dispute_guard_deletion",
    "dispute_message_add",
    "dispute_open",
    "dispute_remind_due",
    "dispute_resolve",
    "dispute_withdraw",
]
