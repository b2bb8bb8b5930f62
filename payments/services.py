"""The money of a job. Services lock the job, then its payment; amounts are copied from JobPrice, never computed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.errors import AccountInUse
from accounts.models import User
from fixmate.core import clock, events
from jobs.enums import CLOSED, JobStatus, PriceKind
from jobs.models import Job, JobPrice
from jobs.selectors import job_get_locked, price_current
from payments.enums import OPEN, PaymentEventKind
from payments.errors import JobNotSettled
from payments.events import PaymentCaptured, PaymentVoided
from payments.models import Payment, PaymentEvent
from payments.providers import provider_get
from payments.selectors import payment_of_job_locked

_CAPTURED = [
    "status",
    "amount_minor",
    "platform_fee_minor",
    "technician_earnings_minor",
    "fee_rate",
    "fee_source",
    "technician",
    "captured_at",
]


@transaction.atomic
def payment_ensure(*, job_id: UUID) -> Payment | None:
    """Return the payment of a job, made now if nothing has made it yet. Idempotent.

    A job that was called off for nothing gets none: then the answer is the payment it had before, or None.
    """
    return _find_or_create(job_get_locked(job_id))


@transaction.atomic
def payment_capture_for_job(*, job_id: UUID) -> Payment:
    """Take what a closed job costs: its newest price, split as stored there. One already captured is left alone.

    :raises JobNotSettled: if the job is open, or was called off for nothing
    :raises IllegalTransition: if the payment was voided
    """
    job = job_get_locked(job_id)
    price = price_current(job.pk)
    if job.status not in CLOSED or _is_free(job, price):
        raise JobNotSettled
    payment = _get_or_create(job, price)
    if payment.captured_at:
        return payment
    at = clock.now()
    payment.capture(price=price, technician_id=job.technician_id, at=at)
    provider_get(payment.provider).capture(payment_id=payment.pk, amount=price.amount)
    payment.save(update_fields=_CAPTURED)
    _event_add(payment, PaymentEventKind.CAPTURED, at=at, price_revision=price.revision)
    events.publish(PaymentCaptured(payment_id=payment.pk, job_id=job.pk))
    return payment


@transaction.atomic
def payment_void_for_job(*, job_id: UUID) -> Payment | None:
    """Give up the payment of a job that was called off for nothing, if it has one. Idempotent.

    :raises JobNotSettled: if the job is open, or ended with something to pay
    """
    job = job_get_locked(job_id)
    if not _is_free(job, price_current(job.pk)):
        raise JobNotSettled
    payment = payment_of_job_locked(job.pk)
    if payment is None or payment.voided_at:
        return payment
    at = clock.now()
    payment.void(at=at)
    provider_get(payment.provider).void(payment_id=payment.pk)
    payment.save(update_fields=["status", "voided_at"])
    _event_add(payment, PaymentEventKind.VOIDED, at=at)
    events.publish(PaymentVoided(payment_id=payment.pk, job_id=job.pk))
    return payment


@transaction.atomic
def payment_settle_cancelled(*, job_id: UUID) -> Payment | None:
    """Take the cancellation fee of a job that was called off, or give up its payment if there is none. Idempotent.

    :raises JobNotSettled: if the job is open
    """
    job = job_get_locked(job_id)
    if _is_free(job, price_current(job.pk)):
        return payment_void_for_job(job_id=job.pk)
    return payment_capture_for_job(job_id=job.pk)


# The payout, which a dispute holds back


@transaction.atomic
def payment_freeze(*, job_id: UUID, actor: User) -> Payment | None:
    """Hold back what the technician earns on the job. Idempotent; None where nothing is to be paid."""
    payment = _find_or_create(job_get_locked(job_id))
    if payment and not payment.payout_frozen_at:
        at = clock.now()
        _set_frozen(payment, at)
        _event_add(payment, PaymentEventKind.FROZEN, at=at, actor=actor)
    return payment


@transaction.atomic
def payment_unfreeze(*, job_id: UUID, actor: User) -> Payment | None:
    """Let the technician's earnings on the job go again. Idempotent."""
    job = job_get_locked(job_id)
    payment = payment_of_job_locked(job.pk)
    if payment and payment.payout_frozen_at:
        _set_frozen(payment, None)
        _event_add(payment, PaymentEventKind.UNFROZEN, at=clock.now(), actor=actor)
    return payment


def payment_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while a payment of his, as customer or technician, is open or held back"""
    his = Payment.objects.filter(Q(customer=user) | Q(technician__user=user) | Q(job__technician__user=user))
    if his.filter(Q(status__in=OPEN) | Q(payout_frozen_at__isnull=False)).exists():
        raise AccountInUse("A payment is still open.")


def _set_frozen(payment: Payment, at: datetime | None) -> None:
    payment.payout_frozen_at = at
    payment.save(update_fields=["payout_frozen_at"])


# Parts


def _is_free(job: Job, price: JobPrice) -> bool:
    return job.status == JobStatus.CANCELLED and price.kind != PriceKind.CANCELLATION_FEE


def _find_or_create(job: Job) -> Payment | None:
    price = price_current(job.pk)
    return payment_of_job_locked(job.pk) if _is_free(job, price) else _get_or_create(job, price)


def _get_or_create(job: Job, price: JobPrice) -> Payment:
    """Return the payment of the locked job, locked too: under the job's lock one caller alone finds none."""
    payment = payment_of_job_locked(job.pk)
    if payment:
        return payment
    at = clock.now()
    payment = Payment(job=job, customer_id=job.customer_id, currency=price.currency, created_at=at)
    payment.save(force_insert=True)
    _event_add(payment, PaymentEventKind.CREATED, at=at)
    return payment


def _event_add(
    payment: Payment, kind: PaymentEventKind, *, at: datetime, actor: User | None = None, **data: Any
) -> None:
    PaymentEvent.objects.create(payment=payment, kind=kind, status=payment.status, actor=actor, at=at, data=data)
