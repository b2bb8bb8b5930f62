from matching.services.alerts import alert_close_by_staff, alert_follow_job
from matching.services.delivery import offer_push_again_due
from matching.services.expiry import offer_expire_due
from matching.services.offers import (
    offer_accept,
    offer_mark_seen,
    offer_reject,
    offers_settle_of_job,
    offers_withdraw_of_technician,
)
from matching.services.passes import matching_pass_request_due, matching_run_pass
from matching.services.rank_index import index_clamp_idle, index_move_window
from matching.services.retention import decision_purge
from matching.services.scarcity import scarcity_review
from matching.services.service_rules import service_rules_set
from matching.services.staff import (
    job_assign_by_hand,
    job_exclude,
    job_transfer_by_hand,
    offers_withdraw_blocked,
)
from matching.services.story import job_story, job_story_of, story_lines
from matching.services.summary import Summary, matching_summary
from matching.services.versions import policy_version_add, rollout_end, rollout_index, rollout_start

__all__ = [
    "Summary",
    "alert_close_by_staff",
    "alert_follow_job",
    "decision_purge",
    "index_clamp_idle",
    "index_move_window",
    "job_assign_by_hand",
    "job_exclude",
    "job_story",
    "job_story_of",
    "job_transfer_by_hand",
    "matching_pass_request_due",
    "matching_run_pass",
    "matching_summary",
    "offer_accept",
    "offer_expire_due",
    "offer_mark_seen",
    "offer_push_again_due",
    "offer_reject",
    "offers_settle_of_job",
    "offers_withdraw_blocked",
    "offers_withdraw_of_technician",
    "policy_version_add",
    "rollout_end",
    "rollout_index",
    "rollout_start",
    "scarcity_review",
    "service_rules_set",
    "story_lines",
]
