from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet, Sum

from fixmate.core.errors import NotFound
from payments.enums import REFUND_OPEN, RefundStatus
from payments.models import Payment, Refund


@dataclass(frozen=True, slots=True)
class Taken:
    """What refunds of a payment, open or done, take from whom."""

    amount_minor: int
    platform_fee_minor: int
    tax_minor: int


def refund_list() -> QuerySet[Refund]:
    """Return every refund, for staff."""
    return Refund.objects.select_related("payment")


def refund_get_locked(refund_id: UUID) -> Refund:
    """Return the refund with the rows of its payment and then its own locked.

    :raises NotFound: if there is none
    """
    payment_id = Refund.objects.filter(pk=refund_id).values_list("payment_id", flat=True).first()
    if payment_id is None:
        raise NotFound
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    refund.payment = payment
    return refund


def refund_taken(payment_id: UUID) -> Taken:
    counting = Refund.objects.filter(payment=payment_id, status__in=[*REFUND_OPEN, RefundStatus.DONE])
    names = ("amount_minor", "platform_fee_minor", "tax_minor")
    sums = counting.aggregate(**{f"of_{name}": Sum(name, default=0) for name in names})
    return Taken(**{name: int(sums[f"of_{name}"]) for name in names})


def refund_done_minor(payment_id: UUID) -> int:
    done = Refund.objects.filter(payment=payment_id, status=RefundStatus.DONE)
    return int(done.aggregate(total=Sum("amount_minor", default=0))["total"])
