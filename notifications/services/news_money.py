"""Payments, reviews and disputes, told to whom they concern."""

from uuid import UUID

from disputes.models import Dispute
from notifications.enums import Kind
from notifications.selectors import dispute_get_locked, payment_get, review_get
from notifications.services.news import news, shown, tell_customer, tell_technician


@news
def notification_tell_payment_captured(*, payment_id: UUID) -> None:
    """Tell the customer what was paid and the technician what he earned of it, as stored."""
    payment = payment_get(payment_id)
    paid, earned = payment.amount, payment.technician_earnings
    if paid is None or earned is None:
        return
    subject, facts = payment_id, {"payment_id": str(payment_id)}
    tell_customer(payment.job, Kind.PAYMENT_CAPTURED, subject, amount=shown(paid), **facts)
    if payment.technician:
        user_id = payment.technician.user_id
        tell_technician(user_id, payment.job, Kind.PAYMENT_CAPTURED, subject, amount=shown(earned), **facts)


@news
def notification_tell_review_created(*, review_id: UUID) -> None:
    review = review_get(review_id)
    facts = {"review_id": str(review_id), "rating": review.rating}
    tell_technician(review.technician.user_id, review.job, Kind.REVIEW_RECEIVED, review_id, **facts)


@news
def notification_tell_dispute_opened(*, dispute_id: UUID) -> None:
    """Tell both while it is open: a short one may have been closed, and that been told, before this is handled."""
    dispute = dispute_get_locked(dispute_id)
    if dispute.is_live:
        _tell_both(dispute, Kind.DISPUTE_OPENED)


@news
def notification_tell_dispute_closed(*, dispute_id: UUID, status: str) -> None:
    _tell_both(dispute_get_locked(dispute_id), Kind.DISPUTE_CLOSED, status=status)


def _tell_both(dispute: Dispute, kind: Kind, **facts: str) -> None:
    job, facts = dispute.job, {"dispute_id": str(dispute.pk), **facts}
    tell_customer(job, kind, dispute.pk, **facts)
    tell_technician(dispute.technician.user_id, job, kind, dispute.pk, **facts)
