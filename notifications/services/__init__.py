from notifications.services.delivery import delivery_send, delivery_send_pending, notification_create
from notifications.services.inbox import notification_read, notification_read_all
from notifications.services.news_jobs import (
    notification_tell_job_assigned,
    notification_tell_job_cancelled,
    notification_tell_job_completed,
    notification_tell_job_released,
    notification_tell_job_requested,
    notification_tell_job_started,
    notification_tell_job_unmatched,
)
from notifications.services.news_money import (
    notification_tell_dispute_closed,
    notification_tell_dispute_opened,
    notification_tell_payment_captured,
    notification_tell_review_created,
)
from notifications.services.news_technicians import (
    notification_tell_document_expired,
    notification_tell_document_expiring,
    notification_tell_document_reviewed,
    notification_tell_offer_created,
    notification_tell_offer_expired,
    notification_tell_offer_withdrawn,
    notification_tell_profile_approved,
    notification_tell_profile_rejected,
    notification_tell_profile_suspended,
)

__all__ = [
    "delivery_send",
    "delivery_send_pending",
    "notification_create",
    "notification_read",
    "notification_read_all",
    "notification_tell_dispute_closed",
    "notification_tell_dispute_opened",
    "notification_tell_document_expired",
    "notification_tell_document_expiring",
    "notification_tell_document_reviewed",
    "notification_tell_job_assigned",
    "notification_tell_job_cancelled",
    "notification_tell_job_completed",
    "notification_tell_job_released",
    "notification_tell_job_requested",
    "notification_tell_job_started",
    "notification_tell_job_unmatched",
    "notification_tell_offer_created",
    "notification_tell_offer_expired",
    "notification_tell_offer_withdrawn",
    "notification_tell_payment_captured",
    "notification_tell_profile_approved",
    "notification_tell_profile_rejected",
    "notification_tell_profile_suspended",
    "notification_tell_review_created",
]
