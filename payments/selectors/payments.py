from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, QuerySet, Subquery, When

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from jobs.enums import JobStatus, PriceKind
from jobs.models import JobPrice
from jobs.selectors import price_current
from payments.enums import PAID, REFUND_OPEN, HoldStatus, MovementKind, PaymentPurpose, PaymentStatus, Provider
from payments.models import Hold, LedgerTransaction, Payment, Refund
from payments.selectors.chargebacks import has_open_chargeback

RELEASED_AT_ONCE: Final = 500  # whoever runs sweeps has other deadlines


def payment_list_visible_to(user: User) -> QuerySet[Payment]:
    """Return every payment this user may know exists, with `fee_owed_minor`; anything else must look like a 404.

    A technician sees those of the jobs that are his now.
    """
    payments = Payment.objects.annotate(fee_owed_minor=_fee_owed())
    if user.role == Role.ADMIN:
        return payments
    if user.role == Role.TECHNICIAN:
        return payments.filter(job__technician__user=user)
    return payments.filter(customer=user)


def _fee_owed() -> Case:
    """Return the cancellation fee that nobody has paid yet in cash, or null."""
    fee = JobPrice.objects.filter(job=OuterRef("job"), kind=PriceKind.CANCELLATION_FEE).order_by("-revision")
    is_unpaid = Q(status=PaymentStatus.PENDING, provider=Provider.OFFLINE, job__status=JobStatus.CANCELLED)
    return Case(When(is_unpaid, then=Subquery(fee.values("amount_minor")[:1])), output_field=BigIntegerField())


def payment_is_of_fee(payment: Payment) -> bool:
    """Tell whether the payment is over the fee for calling its job off. Lock the job first."""
    return (
        payment.job.status == JobStatus.CANCELLED and price_current(payment.job_id).kind == PriceKind.CANCELLATION_FEE
    )


def job_is_paid_in_cash(job_id: UUID) -> bool:
    """Tell whether the job is paid on the spot, or would be if its payment were made now."""
    provider = Payment.objects.filter(job=job_id, purpose=PaymentPurpose.JOB).values_list("provider", flat=True).first()
    return (provider or settings.PAYMENT_PROVIDER) == Provider.OFFLINE


def payment_get_visible_to(*, user: User, payment_id: UUID) -> Payment:
    """:raises NotFound: if there is none this user may know of"""
    payment = payment_list_visible_to(user).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment


def payment_of_job_locked(job_id: UUID) -> Payment | None:
    """Return the payment of a job with its row locked. Lock the job first."""
    return Payment.objects.select_for_update().filter(job_id=job_id, purpose=PaymentPurpose.JOB).first()


def payment_get_locked(payment_id: UUID) -> Payment:
    """Return the payment with its row locked.

    :raises NotFound: if there is none
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment


def payment_is_awaited(job_id: UUID) -> bool:
    """Tell whether work on the job has to wait until an online provider holds its price.

    What it held may have lapsed while nobody had the job: that a payment was authorised once is not enough.
    """
    if settings.PAYMENT_PROVIDER == Provider.OFFLINE:
        return False  # what payments of before wait for stays as it is
    payment = Payment.objects.filter(job=job_id, purpose=PaymentPurpose.JOB).first()
    if payment is None or payment.is_offline:
        return payment is None
    is_held = Hold.objects.filter(payment=payment, status=HoldStatus.HELD).exists()
    return payment.status != PaymentStatus.AUTHORIZED or not is_held


def payment_may_go(payment: Payment) -> bool:
    """Tell whether neither dispute, refund nor chargeback keeps what the technician earned. Lock the payment first."""
    kept = Payment.objects.filter(_has_open_refund() | has_open_chargeback(), pk=payment.pk)
    return not payment.payout_frozen_at and not kept.exists()


def _has_open_refund() -> Exists:
    """Return the condition that a refund of the payment is open."""
    return Exists(Refund.objects.filter(payment=OuterRef("pk"), status__in=REFUND_OPEN))


def payment_ids_to_release(*, captured_before: datetime) -> list[UUID]:
    """Return the payments whose hold is over and that nothing keeps, the oldest first, so many at a time."""
    held = Payment.objects.filter(captured_at__lte=captured_before, released_at__isnull=True)
    held = held.exclude(provider=Provider.OFFLINE).filter(payout_frozen_at__isnull=True)
    due = held.exclude(_has_open_refund() | has_open_chargeback()).order_by("captured_at", "pk")
    return list(due.values_list("pk", flat=True)[:RELEASED_AT_ONCE])


def payment_ids_not_posted() -> list[UUID]:
    """Return the captured payments that are not in the books though there is something to post, the oldest first."""
    posted = LedgerTransaction.objects.filter(payment=OuterRef("pk"), kind=MovementKind.CAPTURE)
    taken = Payment.objects.filter(status__in=PAID).exclude(Exists(posted)).exclude(amount_minor=0)
    taken = taken.exclude(provider=Provider.OFFLINE, platform_fee_minor=0)
    return list(taken.order_by("captured_at", "pk").values_list("pk", flat=True))
