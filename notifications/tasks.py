"""Who hears of what. Each reaction is one task and one service call; ids in, and nothing else decided here."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task

from accounts.events import UserReinstated, UserRestricted, UserSuspended
from disputes.events import (
    DisputeAnswerWanted,
    DisputeClosed,
    DisputeOpened,
    DisputeReminderDue,
    DisputeSpoken,
)
from fixmate.core.celery import OutboxTask, occasion_of
from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from jobs.events import (
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobReleased,
    JobReminderDue,
    JobRequested,
    JobStarted,
    JobUnmatched,
    QuoteApproved,
    QuoteClosed,
    QuoteProposed,
)
from matching.events import OfferCreated, OfferExpired, OfferUnseen, OfferWithdrawn
from notifications import services
from notifications.events import DeliveryDue
from payments.events import (
    PaymentCaptured,
    PaymentFailed,
    PaymentNeeded,
    PayoutAccountReady,
    PayoutFailed,
    PayoutPaid,
    PayoutReversed,
    PayoutSent,
    RefundApproved,
    RefundDone,
    RefundFailed,
)
from reviews.events import ReviewCreated, ReviewReplied
from technicians.events import (
    DocumentExpired,
    DocumentExpiring,
    DocumentReviewed,
    TechnicianPaused,
    TechnicianRejected,
    TechnicianSuspended,
    TechnicianVerified,
)

# Deliveries


@subscribe(DeliveryDue)
@shared_task(name="notifications.deliver", base=OutboxTask, reaches_outside=True)
def deliver(*, delivery_id: str, **_: Any) -> None:
    services.delivery_send(delivery_id=UUID(delivery_id))


@sweep(every=timedelta(minutes=1))
@shared_task(name="notifications.send_pending")
def send_pending() -> None:
    services.delivery_send_pending()


# Jobs


@subscribe(JobRequested)
@shared_task(name="notifications.job_requested")
def tell_job_requested(*, job_id: str, **_: Any) -> None:
    services.notification_tell_job_requested(job_id=UUID(job_id))


@subscribe(JobAssigned)
@shared_task(name="notifications.job_assigned")
def tell_job_assigned(*, job_id: str, technician_id: str, **_: Any) -> None:
    services.notification_tell_job_assigned(job_id=UUID(job_id), technician_id=UUID(technician_id))


@subscribe(JobReleased)
@shared_task(name="notifications.job_released")
def tell_job_released(*, job_id: str, technician_id: str, **_: Any) -> None:
    services.notification_tell_job_released(job_id=UUID(job_id), technician_id=UUID(technician_id))


@subscribe(JobReminderDue)
@shared_task(name="notifications.visit_near")
def tell_visit_near(*, job_id: str, technician_id: str, **_: Any) -> None:
    services.notification_tell_visit_near(job_id=UUID(job_id), technician_id=UUID(technician_id))


@subscribe(JobUnmatched)
@shared_task(name="notifications.job_unmatched")
def tell_job_unmatched(*, job_id: str, **_: Any) -> None:
    services.notification_tell_job_unmatched(job_id=UUID(job_id))


@subscribe(JobStarted)
@shared_task(name="notifications.job_started")
def tell_job_started(*, job_id: str, technician_id: str, **_: Any) -> None:
    services.notification_tell_job_started(job_id=UUID(job_id), technician_id=UUID(technician_id))


@subscribe(QuoteProposed)
@shared_task(name="notifications.quote_proposed")
def tell_quote_proposed(*, job_id: str, quote_id: str, **_: Any) -> None:
    services.notification_tell_quote_proposed(job_id=UUID(job_id), quote_id=UUID(quote_id))


@subscribe(QuoteApproved)
@shared_task(name="notifications.quote_approved")
def tell_quote_approved(*, job_id: str, quote_id: str, **_: Any) -> None:
    services.notification_tell_quote_approved(job_id=UUID(job_id), quote_id=UUID(quote_id))


@subscribe(QuoteClosed)
@shared_task(name="notifications.quote_closed")
def tell_quote_closed(*, job_id: str, quote_id: str, **_: Any) -> None:
    services.notification_tell_quote_closed(job_id=UUID(job_id), quote_id=UUID(quote_id))


@subscribe(JobCompleted)
@shared_task(name="notifications.job_completed")
def tell_job_completed(*, job_id: str, technician_id: str, **_: Any) -> None:
    services.notification_tell_job_completed(job_id=UUID(job_id), technician_id=UUID(technician_id))


@subscribe(JobCancelled)
@shared_task(name="notifications.job_cancelled")
def tell_job_cancelled(*, job_id: str, technician_id: str | None, has_fee: bool, cancelled_by: str, **_: Any) -> None:
    services.notification_tell_job_cancelled(
        job_id=UUID(job_id),
        technician_id=UUID(technician_id) if technician_id else None,
        has_fee=has_fee,
        cancelled_by=cancelled_by,
    )


# Offers


@subscribe(OfferCreated)
@shared_task(name="notifications.offer_created")
def tell_offer_created(*, offer_id: str, **_: Any) -> None:
    services.notification_tell_offer_created(offer_id=UUID(offer_id))


@subscribe(OfferUnseen)
@shared_task(name="notifications.offer_unseen")
def tell_offer_unseen(*, offer_id: str, **_: Any) -> None:
    services.notification_tell_offer_unseen(offer_id=UUID(offer_id))


@subscribe(OfferExpired)
@shared_task(name="notifications.offer_expired")
def tell_offer_expired(*, offer_id: str, **_: Any) -> None:
    services.notification_tell_offer_expired(offer_id=UUID(offer_id))


@subscribe(OfferWithdrawn)
@shared_task(name="notifications.offer_withdrawn")
def tell_offer_withdrawn(*, offer_id: str, **_: Any) -> None:
    services.notification_tell_offer_withdrawn(offer_id=UUID(offer_id))


# Technicians


@subscribe(TechnicianPaused)
@shared_task(name="notifications.offers_paused")
def tell_offers_paused(*, technician_id: str, until: str, **_: Any) -> None:
    services.notification_tell_offers_paused(technician_id=UUID(technician_id), until=until)


@subscribe(TechnicianVerified)
@shared_task(name="notifications.technician_verified", bind=True)
def tell_technician_verified(self: Task, /, *, technician_id: str, **_: Any) -> None:
    services.notification_tell_profile_approved(technician_id=UUID(technician_id), occasion=occasion_of(self))


@subscribe(TechnicianRejected)
@shared_task(name="notifications.technician_rejected", bind=True)
def tell_technician_rejected(self: Task, /, *, technician_id: str, reason: str, **_: Any) -> None:
    services.notification_tell_profile_rejected(
        technician_id=UUID(technician_id), reason=reason, occasion=occasion_of(self)
    )


@subscribe(TechnicianSuspended)
@shared_task(name="notifications.technician_suspended", bind=True)
def tell_technician_suspended(self: Task, /, *, technician_id: str, reason: str, **_: Any) -> None:
    services.notification_tell_profile_suspended(
        technician_id=UUID(technician_id), reason=reason, occasion=occasion_of(self)
    )


@subscribe(DocumentReviewed)
@shared_task(name="notifications.document_reviewed")
def tell_document_reviewed(*, document_id: str, status: str, reason: str, **_: Any) -> None:
    services.notification_tell_document_reviewed(document_id=UUID(document_id), status=status, reason=reason)


@subscribe(DocumentExpiring)
@shared_task(name="notifications.document_expiring")
def tell_document_expiring(*, document_id: str, expires_on: str, **_: Any) -> None:
    services.notification_tell_document_expiring(document_id=UUID(document_id), expires_on=expires_on)


@subscribe(DocumentExpired)
@shared_task(name="notifications.document_expired")
def tell_document_expired(*, document_id: str, **_: Any) -> None:
    services.notification_tell_document_expired(document_id=UUID(document_id))


# Accounts


@subscribe(UserRestricted)
@shared_task(name="notifications.account_restricted", bind=True)
def tell_account_restricted(self: Task, /, *, user_id: str, reason: str, **_: Any) -> None:
    services.notification_tell_account_restricted(user_id=UUID(user_id), reason=reason, occasion=occasion_of(self))


@subscribe(UserSuspended)
@shared_task(name="notifications.account_suspended", bind=True)
def tell_account_suspended(self: Task, /, *, user_id: str, reason: str, **_: Any) -> None:
    services.notification_tell_account_suspended(user_id=UUID(user_id), reason=reason, occasion=occasion_of(self))


@subscribe(UserReinstated)
@shared_task(name="notifications.account_reinstated", bind=True)
def tell_account_reinstated(self: Task, /, *, user_id: str, is_restricted: bool = False, **_: Any) -> None:
    services.notification_tell_account_reinstated(
        user_id=UUID(user_id), is_restricted=is_restricted, occasion=occasion_of(self)
    )


# Money, reviews, disputes


@subscribe(PaymentCaptured)
@shared_task(name="notifications.payment_captured")
def tell_payment_captured(*, payment_id: str, **_: Any) -> None:
    services.notification_tell_payment_captured(payment_id=UUID(payment_id))


@subscribe(RefundApproved)
@shared_task(name="notifications.refund_approved")
def tell_refund_approved(*, refund_id: str, **_: Any) -> None:
    services.notification_tell_refund_approved(refund_id=UUID(refund_id))


@subscribe(RefundDone)
@shared_task(name="notifications.refund_done")
def tell_refund_done(*, refund_id: str, **_: Any) -> None:
    services.notification_tell_refund_done(refund_id=UUID(refund_id))


@subscribe(RefundFailed)
@shared_task(name="notifications.refund_failed")
def tell_refund_failed(*, refund_id: str, **_: Any) -> None:
    services.notification_tell_refund_failed(refund_id=UUID(refund_id))


@subscribe(PayoutSent)
@shared_task(name="notifications.payout_sent")
def tell_payout_sent(*, payout_id: str, **_: Any) -> None:
    services.notification_tell_payout_sent(payout_id=UUID(payout_id))


@subscribe(PayoutPaid)
@shared_task(name="notifications.payout_paid")
def tell_payout_paid(*, payout_id: str, **_: Any) -> None:
    services.notification_tell_payout_paid(payout_id=UUID(payout_id))


@subscribe(PayoutFailed)
@shared_task(name="notifications.payout_failed")
def tell_payout_failed(*, payout_id: str, **_: Any) -> None:
    services.notification_tell_payout_failed(payout_id=UUID(payout_id))


@subscribe(PaymentNeeded)
@shared_task(name="notifications.payment_needed", bind=True)
def tell_payment_needed(self: Task, /, *, payment_id: str, **_: Any) -> None:
    services.notification_tell_payment_needed(payment_id=UUID(payment_id), occasion=occasion_of(self))


@subscribe(PaymentFailed)
@shared_task(name="notifications.payment_failed", bind=True)
def tell_payment_failed(self: Task, /, *, payment_id: str, **_: Any) -> None:
    services.notification_tell_payment_failed(payment_id=UUID(payment_id), occasion=occasion_of(self))


@subscribe(PayoutAccountReady)
@shared_task(name="notifications.payout_account_ready")
def tell_payout_account_ready(*, account_id: str, **_: Any) -> None:
    services.notification_tell_payout_account_ready(account_id=UUID(account_id))


@subscribe(PayoutReversed)
@shared_task(name="notifications.payout_reversed")
def tell_payout_reversed(*, payout_id: str, **_: Any) -> None:
    services.notification_tell_payout_reversed(payout_id=UUID(payout_id))


@subscribe(ReviewCreated)
@shared_task(name="notifications.review_created")
def tell_review_created(*, review_id: str, **_: Any) -> None:
    services.notification_tell_review_created(review_id=UUID(review_id))


@subscribe(ReviewReplied)
@shared_task(name="notifications.review_replied")
def tell_review_replied(*, review_id: str, **_: Any) -> None:
    services.notification_tell_review_replied(review_id=UUID(review_id))


@subscribe(DisputeOpened)
@shared_task(name="notifications.dispute_opened")
def tell_dispute_opened(*, dispute_id: str, **_: Any) -> None:
    services.notification_tell_dispute_opened(dispute_id=UUID(dispute_id))


@subscribe(DisputeClosed)
@shared_task(name="notifications.dispute_closed")
def tell_dispute_closed(*, dispute_id: str, status: str, **_: Any) -> None:
    services.notification_tell_dispute_closed(dispute_id=UUID(dispute_id), status=status)


@subscribe(DisputeSpoken)
@shared_task(name="notifications.dispute_spoken")
def tell_dispute_spoken(*, dispute_id: str, event_id: int, **_: Any) -> None:
    services.notification_tell_dispute_spoken(dispute_id=UUID(dispute_id), event_id=event_id)


@subscribe(DisputeAnswerWanted)
@shared_task(name="notifications.dispute_answer_wanted")
def tell_dispute_answer_wanted(*, dispute_id: str, deadline_id: int, **_: Any) -> None:
    services.notification_tell_dispute_answer_wanted(dispute_id=UUID(dispute_id), deadline_id=deadline_id)


@subscribe(DisputeReminderDue)
@shared_task(name="notifications.dispute_reminder")
def tell_dispute_reminder(*, dispute_id: str, deadline_id: int, **_: Any) -> None:
    services.notification_tell_dispute_reminder(dispute_id=UUID(dispute_id), deadline_id=deadline_id)
