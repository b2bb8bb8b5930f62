"""A refund as what its provider is asked: hold by hold, as the payment was taken."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from payments.enums import CallKind
from payments.models import Refund
from payments.selectors import holds_captured, refunded_by_hold
from payments.selectors.chargebacks import charged_back_by_hold
from payments.services.calls import call_ask


def refund_calls_ask(refund: Refund, *, at: datetime) -> None:
    """Ask that the refund is given back. The caller has locked the payment."""
    payment = refund.payment
    gone, left = _gone_by_hold(payment.pk), refund.amount_minor
    for hold in holds_captured(payment.pk):
        part = min(left, hold.captured_minor - gone[hold.pk])
        if part > 0:
            about = {"payment": payment, "hold": hold, "refund": refund}
            call_ask(CallKind.REFUND, provider=payment.provider, at=at, amount_minor=part, **about)
            left -= part


def _gone_by_hold(payment_id: UUID) -> Counter[UUID | None]:
    """Return what of each hold went back already, or is with the customer's bank: no provider gives that twice."""
    return Counter(refunded_by_hold(payment_id)) + Counter(charged_back_by_hold(payment_id))
