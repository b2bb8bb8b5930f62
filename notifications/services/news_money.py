"""Payments, refunds, payouts, reviews and disputes, told to whom they concern."""

from typing import Any
from uuid import UUID

from disputes.enums import DisputeSide
from disputes.models import Dispute, DisputeDeadline
from notifications.enums import Kind
from notifications.selectors import (
    deadline_get,
    deadline_list_of_sides,
    dispute_event_get,
    dispute_get_locked,
    payment_get,
    payout_account_get_locked,
    payout_get_locked,
    refund_get_locked,
    review_get,
    reviewer_ids,
    staff_ids,
)
from notifications.services.delivery import notification_create
from notifications.services.news import news, shown, shown_at, tell_customer, tell_staff, tell_technician
from payments.enums import OPEN, REFUND_ON_ITS_WAY, PaymentStatus, PayoutStatus, RefundStatus
from payments.models import Payout, Refund


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
def notification_tell_refund_approved(*, refund_id: UUID) -> None:
    """Tell the customer while it is on its way, and the technician what it takes from him, unless it gave that back."""
    refund = refund_get_locked(refund_id)
    if refund.status in REFUND_ON_ITS_WAY:
        _tell_refunded(refund, Kind.REFUND_APPROVED, paid_by=refund.payment.provider)
    if refund.status != RefundStatus.FAILED:
        by_hand = {"by_hand": shown(refund.amount)} if refund.payment.is_offline else {}
        _tell_bearer(refund, Kind.REFUND_APPROVED, **by_hand)


@news
def notification_tell_refund_done(*, refund_id: UUID) -> None:
    """Tell the customer; of the technician it takes nothing more."""
    _tell_refunded(refund_get_locked(refund_id), Kind.REFUND_DONE)


@news
def notification_tell_refund_failed(*, refund_id: UUID) -> None:
    refund = refund_get_locked(refund_id)
    _tell_refunded(refund, Kind.REFUND_FAILED)
    _tell_bearer(refund, Kind.REFUND_FAILED)


def _tell_refunded(refund: Refund, kind: Kind, **facts: Any) -> None:
    tell_customer(refund.payment.job, kind, refund.pk, **_about_refund(refund), **facts)


def _tell_bearer(refund: Refund, kind: Kind, **facts: Any) -> None:
    """Tell the technician, if he bears some of it. In cash he gives back all of it, and owes less of the fee."""
    payment = refund.payment
    name, part = ("let_off", refund.platform_fee) if payment.is_offline else ("share", refund.technician_earnings)
    borne = {name: shown(part)} if part.minor else {}
    if payment.technician and (borne or payment.is_offline):
        tell_technician(
            payment.technician.user_id, payment.job, kind, refund.pk, **_about_refund(refund), **borne, **facts
        )


def _about_refund(refund: Refund) -> dict[str, Any]:
    return {"refund_id": str(refund.pk), "payment_id": str(refund.payment_id), "amount": shown(refund.amount)}


@news
def notification_tell_payout_sent(*, payout_id: UUID) -> None:
    payout = payout_get_locked(payout_id)
    if payout.status == PayoutStatus.SENT:
        _tell_payee(payout, Kind.PAYOUT_SENT)


@news
def notification_tell_payout_paid(*, payout_id: UUID) -> None:
    _tell_payee(payout_get_locked(payout_id), Kind.PAYOUT_PAID)


@news
def notification_tell_payout_failed(*, payout_id: UUID) -> None:
    """Tell why; of one that came to nothing because all in it was held back he hears by what held it."""
    payout = payout_get_locked(payout_id)
    if payout.amount_minor:
        _tell_payee(payout, Kind.PAYOUT_FAILED, reason=payout.failure)


def _tell_payee(payout: Payout, kind: Kind, **facts: str) -> None:
    payload = {"payout_id": str(payout.pk), "amount": shown(payout.amount), **facts}
    notification_create(user_id=payout.technician.user_id, kind=kind, subject_key=str(payout.pk), payload=payload)


# Cards and accounts


@news
def notification_tell_payment_needed(*, payment_id: UUID, occasion: int) -> None:
    """Tell the customer that something is asked of him, if the payment still waits."""
    payment = payment_get(payment_id)
    if payment.status in OPEN:
        tell_customer(payment.job, Kind.PAYMENT_NEEDED, f"{payment_id}:{occasion}", payment_id=str(payment_id))


@news
def notification_tell_payment_failed(*, payment_id: UUID, occasion: int) -> None:
    """Tell the customer that his card was refused, if he has not paid with another since."""
    payment = payment_get(payment_id)
    if payment.status == PaymentStatus.FAILED:
        tell_customer(payment.job, Kind.PAYMENT_FAILED, f"{payment_id}:{occasion}", payment_id=str(payment_id))


@news
def notification_tell_payout_account_ready(*, account_id: UUID) -> None:
    """Tell the technician while it still is, once for each time it became so."""
    account = payout_account_get_locked(account_id)
    if account.ready_at:
        notification_create(
            user_id=account.technician.user_id,
            kind=Kind.PAYOUT_ACCOUNT_READY,
            subject_key=f"{account_id} {shown_at(account.ready_at)}",
            payload={},
        )


@news
def notification_tell_payout_reversed(*, payout_id: UUID) -> None:
    """Tell staff what was taken back of it by now, once for each sum."""
    payout = payout_get_locked(payout_id)
    facts = {"payout_id": str(payout_id), "reversed": shown(payout.reversed)}
    for user_id in staff_ids():
        subject = f"{payout_id} {payout.reversed_minor}"
        notification_create(user_id=user_id, kind=Kind.PAYOUT_REVERSED, subject_key=subject, payload=facts)


@news
def notification_tell_review_created(*, review_id: UUID) -> None:
    review = review_get(review_id)
    facts = {"review_id": str(review_id), "rating": review.rating}
    tell_technician(review.technician.user_id, review.job, Kind.REVIEW_RECEIVED, review_id, **facts)


@news
def notification_tell_review_replied(*, review_id: UUID) -> None:
    review = review_get(review_id)
    facts = {"review_id": str(review_id), "technician": review.technician.user.first_name}
    tell_customer(review.job, Kind.REVIEW_ANSWERED, review_id, **facts)


@news
def notification_tell_dispute_opened(*, dispute_id: UUID) -> None:
    """Tell both while it is open: a short one may have been closed, and that been told, before this is handled.

    Whoever did not open it is told until when he can answer.
    """
    dispute = dispute_get_locked(dispute_id)
    if dispute.is_live:
        wanted = {deadline.side: shown_at(deadline.due_at) for deadline in deadline_list_of_sides(dispute_id)}
        for side in DisputeSide:
            facts = {"answer_due_at": wanted[side]} if side in wanted else {}
            _tell_side(dispute, side, Kind.DISPUTE_OPENED, dispute_id, **facts)


@news
def notification_tell_dispute_spoken(*, dispute_id: UUID, event_id: int) -> None:
    """Tell the sides, but for the one who spoke, while it is open."""
    dispute, event = dispute_get_locked(dispute_id), dispute_event_get(event_id)
    if dispute.is_live:
        for side in DisputeSide:
            if event.actor_role != side:
                _tell_side(dispute, side, Kind.DISPUTE_MESSAGE, event_id)


@news
def notification_tell_dispute_answer_wanted(*, dispute_id: UUID, deadline_id: int) -> None:
    """Tell the side that staff ask, unless it has answered by now."""
    dispute, deadline = dispute_get_locked(dispute_id), deadline_get(deadline_id)
    if deadline.ended_at is None:
        _tell_owed(dispute, deadline, Kind.DISPUTE_ANSWER_WANTED)


@news
def notification_tell_dispute_reminder(*, dispute_id: UUID, deadline_id: int) -> None:
    """Remind whoever owes it still: a side, or of staff who took the dispute up; all of staff where nobody has."""
    dispute, deadline = dispute_get_locked(dispute_id), deadline_get(deadline_id)
    if deadline.ended_at is not None:
        return
    if deadline.side:
        _tell_owed(dispute, deadline, Kind.DISPUTE_REMINDER)
    else:
        for user_id in reviewer_ids(dispute):
            facts = {"answer_due_at": shown_at(deadline.due_at), "deadline": deadline.kind}
            tell_staff(user_id, dispute.job, Kind.DISPUTE_DUE, deadline_id, **_about(dispute), **facts)


@news
def notification_tell_dispute_closed(*, dispute_id: UUID, status: str) -> None:
    _tell_both(dispute_get_locked(dispute_id), Kind.DISPUTE_CLOSED, status=status)


def _tell_both(dispute: Dispute, kind: Kind, **facts: str) -> None:
    for side in DisputeSide:
        _tell_side(dispute, side, kind, dispute.pk, **facts)


def _tell_owed(dispute: Dispute, deadline: DisputeDeadline, kind: Kind) -> None:
    _tell_side(dispute, deadline.side, kind, deadline.pk, answer_due_at=shown_at(deadline.due_at))


def _tell_side(dispute: Dispute, side: str, kind: Kind, subject: object, **facts: str) -> None:
    if side == DisputeSide.CUSTOMER:
        tell_customer(dispute.job, kind, subject, **_about(dispute), **facts)
    else:
        tell_technician(dispute.technician.user_id, dispute.job, kind, subject, **_about(dispute), **facts)


def _about(dispute: Dispute) -> dict[str, str]:
    return {"dispute_id": str(dispute.pk)}
