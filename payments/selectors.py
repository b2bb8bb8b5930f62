from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from fixmate.core.money import Money
from payments.enums import PaymentPurpose, PaymentStatus
from payments.models import Payment


@dataclass(frozen=True, slots=True)
class Earnings:
    """What captured payments brought a technician; `frozen` is the part of `earned` that a dispute holds back."""

    earned: Money
    platform_fees: Money
    jobs: int
    frozen: Money


def payment_list_visible_to(user: User) -> QuerySet[Payment]:
    """Return every payment this user may know exists; anything else must look like a 404.

    A technician sees those of the jobs that are his now.
    """
    if user.role == Role.ADMIN:
        return Payment.objects.all()
    if user.role == Role.TECHNICIAN:
        return Payment.objects.filter(job__technician__user=user)
    return Payment.objects.filter(customer=user)


def payment_get_visible_to(*, user: User, payment_id: UUID) -> Payment:
    """:raises NotFound: if there is none this user may know of"""
    payment = payment_list_visible_to(user).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment


def payment_of_job_locked(job_id: UUID) -> Payment | None:
    """Return the payment of a job with its row locked. Lock the job first."""
    return Payment.objects.select_for_update().filter(job_id=job_id, purpose=PaymentPurpose.JOB).first()


def earnings_of_technician(
    *, technician_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> Earnings:
    """Add up the stored shares of what was captured from `since` on and before `until`, in the one currency set."""
    captured = Payment.objects.filter(
        technician_id=technician_id, status=PaymentStatus.CAPTURED, currency=settings.CURRENCY
    )
    if since:
        captured = captured.filter(captured_at__gte=since)
    if until:
        captured = captured.filter(captured_at__lt=until)
    held = Q(payout_frozen_at__isnull=False)
    sums = captured.aggregate(
        earned=Sum("technician_earnings_minor", default=0),
        platform_fees=Sum("platform_fee_minor", default=0),
        jobs=Count("pk"),
        frozen=Sum("technician_earnings_minor", filter=held, default=0),
    )
    return Earnings(
        earned=Money(int(sums["earned"]), settings.CURRENCY),
        platform_fees=Money(int(sums["platform_fees"]), settings.CURRENCY),
        jobs=sums["jobs"],
        frozen=Money(int(sums["frozen"]), settings.CURRENCY),
    )
