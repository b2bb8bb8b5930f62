from jobs.services.blocks import block_lift, block_set
from jobs.services.closing import (
    job_cancel_by_customer,
    job_cancel_by_staff,
    job_cancel_preview,
    job_no_show_by_technician,
    job_release_by_technician,
)
from jobs.services.dispatch import (
    job_assign,
    job_begin_matching,
    job_look_by_staff,
    job_mark_unmatched,
    job_rematch_by_customer,
    job_rematch_by_staff,
    job_set_next_pass,
    job_transfer_by_staff,
    jobs_set_next_pass,
)
from jobs.services.history import job_note_add
from jobs.services.prices import price_let_off
from jobs.services.quotes import quote_approve, quote_decline, quote_expire_due, quote_propose, quote_withdraw
from jobs.services.request import job_request
from jobs.services.visits import job_release_dark, job_remind_due
from jobs.services.work import (
    job_complete_by_technician,
    job_renew_start_code,
    job_require_payment,
    job_start_by_technician,
)

__all__ = [
    "block_lift",
    "block_set",
    "job_assign",
    "job_begin_matching",
    "job_cancel_by_customer",
    "job_cancel_by_staff",
    "job_cancel_preview",
    "job_complete_by_technician",
    "job_look_by_staff",
    "job_mark_unmatched",
    "job_no_show_by_technician",
    "job_note_add",
    "job_release_by_technician",
    "job_release_dark",
    "job_rematch_by_customer",
    "job_rematch_by_staff",
    "job_remind_due",
    "job_renew_start_code",
    "job_request",
    "job_require_payment",
    "job_set_next_pass",
    "job_start_by_technician",
    "job_transfer_by_staff",
    "jobs_set_next_pass",
    "price_let_off",
    "quote_approve",
    "quote_decline",
    "quote_expire_due",
    "quote_propose",
    "quote_withdraw",
]
