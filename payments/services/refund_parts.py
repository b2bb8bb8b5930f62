"""A refund as what its provider is asked: hold by hold, as the payment was taken."""

from datetime import datetime

from payments.enums import CallKind
from payments.models import Refund
from payments.selectors import holds_captured, refunded_by_hold
from payments.services.calls import call_ask


def refund_calls_ask(refund: Refund, *, at: datetime) -> None:
    """Ask that the refund is given back. The caller has locked the payment."""
    payment = refund.payment
    given, left = refunded_by_hold(payment.pk), refund.amount_minor
    for hold in holds_captured(payment.pk):
        part = min(left, hold.captured_minor - given.get(hold.pk, 0))
        if part > 0:
            about = {"payment": payment, "hold": hold, "refund": refund}
            call_ask(CallKind.REFUND, provider=payment.provider, at=at, amount_minor=part, **about)
            left -= part
