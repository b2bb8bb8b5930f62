from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import User
from fixmate.core.errors import NotFound
from payments.enums import REFUND_OPEN, AccountKind
from payments.models import LedgerAccount, Payment, Payout, PayoutItem, Refund
from payments.selectors.chargebacks import has_open_chargeback
from payments.selectors.ledger import moved_by_payments


def payout_list() -> QuerySet[Payout]:
    """Return every payout, for staff."""
    return Payout.objects.all()


def payout_list_of(user: User) -> QuerySet[Payout]:
    """Return the payouts of the technician who is this user."""
    return Payout.objects.filter(technician__user=user)


def with_items(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    items = PayoutItem.objects.select_related("payment", "payout").order_by("id")
    return payouts.prefetch_related(Prefetch("items", queryset=items, to_attr="item_rows"))


def payout_get_locked(payout_id: UUID) -> Payout:
    """Return the payout with the rows of what is in it, in order, and then its own locked.

    :raises NotFound: if there is none
    """
    in_it = PayoutItem.objects.filter(payout=payout_id).values("payment")
    list(Payment.objects.select_for_update().filter(pk__in=in_it).order_by("pk").values_list("pk"))
    payout = Payout.objects.select_for_update().filter(pk=payout_id).first()
    if payout is None:
        raise NotFound
    return payout


def technicians_with_free_money() -> list[tuple[UUID, str]]:
    """Return whom something may be paid out to, and in which currency."""
    free = LedgerAccount.objects.filter(kind=AccountKind.TECHNICIAN_PAYABLE, balance_minor__lt=0)
    return list(free.order_by("pk").values_list("technician_id", "currency"))


def payment_list_free_locked(*, technician_id: UUID, currency: str) -> list[Payment]:
    """Return what can go into a payout of the technician's now, with the rows locked in order.

    Looked at again under the locks: whoever held one may have paid out, frozen or refunded.
    """
    released = Payment.objects.filter(technician=technician_id, currency=currency, released_at__isnull=False)
    locked = _may_be_paid_out(released).select_for_update().order_by("pk").values_list("pk", flat=True)
    return list(_may_be_paid_out(Payment.objects.filter(pk__in=list(locked))).order_by("pk"))


def _may_be_paid_out(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    in_payout = PayoutItem.objects.filter(payment=OuterRef("pk"), returned_at__isnull=True)
    refund = Refund.objects.filter(payment=OuterRef("pk"), status__in=REFUND_OPEN)
    free = payments.filter(~Exists(in_payout), ~Exists(refund), Q(payout_frozen_at__isnull=True))
    return free.filter(~has_open_chargeback())


def free_of_payments(payment_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return what each payment brought to its technician's free money."""
    return {one: -total for one, total in moved_by_payments(AccountKind.TECHNICIAN_PAYABLE, payment_ids).items()}
