"""Cancellation fees of jobs paid in cash: owed by the customer until staff say that he paid, or let him off.

Services lock the job, then its payment.
"""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.errors import IllegalTransition
from jobs.selectors import job_get_locked
from payments.enums import PaymentEventKind, PaymentStatus
from payments.errors import NoFeeOwed, SettledByProvider
from payments.events import PaymentVoided
from payments.models import Payment
from payments.selectors import payment_get_locked, payment_is_of_fee, payment_job_id
from payments.services.history import payment_event_add
from payments.services.payments import payment_capture_for_job


@transaction.atomic
def payment_fee_paid(*, payment_id: UUID, actor: User, reason: str) -> Payment:
    """Note that the customer has paid the technician the fee: it is captured as if paid at the door. Audited.

    :raises NotFound: if there is no such payment
    :raises SettledByProvider: unless it is in cash
    :raises NoFeeOwed: unless it is over a cancellation fee
    :raises IllegalTransition: if it was paid or waived
    """
    before = _owed_locked(payment_id, "paid")
    payment = payment_capture_for_job(job_id=before.job_id)
    _audit(payment, "payment.fee_paid", actor=actor, reason=reason, before=before)
    return payment


@transaction.atomic
def payment_fee_waive(*, payment_id: UUID, actor: User, reason: str) -> Payment:
    """Let the customer off the fee. Audited. Refuses whatever `payment_fee_paid` refuses."""
    before = _owed_locked(payment_id, "waive")
    payment, at = payment_get_locked(payment_id), clock.now()
    payment.void(at=at)
    payment.save(update_fields=["status", "voided_at"])
    payment_event_add(payment, PaymentEventKind.VOIDED, at=at, actor=actor)
    events.publish(PaymentVoided(payment_id=payment.pk, job_id=payment.job_id))
    _audit(payment, "payment.fee_waive", actor=actor, reason=reason, before=before)
    return payment


def _owed_locked(payment_id: UUID, action: str) -> Payment:
    """Return the payment as it stands, with its row locked after the job's."""
    job_get_locked(payment_job_id(payment_id))
    payment = payment_get_locked(payment_id)
    if not payment.is_offline:
        raise SettledByProvider
    if not payment_is_of_fee(payment):
        raise NoFeeOwed
    if payment.status != PaymentStatus.PENDING:
        raise IllegalTransition(state=payment.status, action=action)
    return payment


def _audit(payment: Payment, action: str, *, actor: User, reason: str, before: Payment) -> None:
    after = {"status": payment.status, "amount": str(payment.amount) if payment.amount else None}
    audit.record(
        actor=actor, action=action, target=payment, reason=reason, before={"status": before.status}, after=after
    )
