"""What customers still owe when a job has ended: staff say that it was paid, or let them off.

That is a cancellation fee in cash, or what no card paid of a job that is paid through a provider. Services lock the
job, its payment, then its holds.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from fixmate.core.errors import IllegalTransition
from fixmate.core.money import Money
from jobs.enums import CLOSED
from jobs.services import price_let_off
from payments.enums import OPEN, HoldStatus, PaymentEventKind, PaymentStatus
from payments.errors import NoFeeOwed, SettledByProvider
from payments.events import PaymentVoided
from payments.models import Payment
from payments.selectors import Scene, payment_is_of_fee, scene_lock
from payments.services.following import payment_follow
from payments.services.history import payment_event_add
from payments.services.payments import payment_capture_for_job

_COMING_IN = (HoldStatus.ASKED, HoldStatus.HELD)


@transaction.atomic
def payment_fee_paid(*, payment_id: UUID, actor: User, reason: str) -> Payment:
    """Note that the customer has paid the technician the fee: it is captured as if paid at the door. Audited.

    :raises NotFound: if there is no such payment
    :raises SettledByProvider: unless it is in cash
    :raises NoFeeOwed: unless it is over a cancellation fee
    :raises IllegalTransition: if it was paid or waived
    """
    before = scene_lock(payment_id).payment
    if not before.is_offline:
        raise SettledByProvider
    _check_fee(before, "paid")
    payment = payment_capture_for_job(job_id=before.job_id)
    _audit(payment, "payment.fee_paid", actor=actor, reason=reason, before=before.status)
    return payment


@transaction.atomic
def payment_fee_waive(*, payment_id: UUID, actor: User, reason: str) -> Payment:
    """Let the customer off what is still owed. Audited.

    What a provider has taken of it becomes the price, and the payment is captured over that; with nothing taken it is
    void.

    :raises NotFound: if there is no such payment
    :raises SettledByProvider: through a provider, unless the job has ended and nothing of it is on its way: what waits
        for the customer himself, a card or his word to his bank, is let go of
    :raises NoFeeOwed: in cash, unless it is over a cancellation fee
    :raises IllegalTransition: in cash, if it was paid or waived
    """
    scene = scene_lock(payment_id)
    payment, before, at = scene.payment, scene.payment.status, clock.now()
    if payment.is_offline:
        _check_fee(payment, "waive")
    else:
        _check_unpaid(scene)
    if scene.captured_minor:
        price_let_off(job_id=payment.job_id, paid=Money(scene.captured_minor, payment.currency))
    else:
        _void(payment, actor, at)
    payment_follow(scene, at=at)
    _audit(payment, "payment.fee_waive", actor=actor, reason=reason, before=before)
    return payment


def _check_fee(payment: Payment, action: str) -> None:
    if not payment_is_of_fee(payment):
        raise NoFeeOwed
    if payment.status != PaymentStatus.PENDING:
        raise IllegalTransition(state=payment.status, action=action)


def _check_unpaid(scene: Scene) -> None:
    """Refuse while money may come in without the customer: what is asked for, held, or about to be taken."""
    if scene.payment.status not in OPEN or scene.job.status not in CLOSED:
        raise SettledByProvider
    if any(hold.status in _COMING_IN for hold in scene.holds):
        raise SettledByProvider("The provider is asked for what is owed. Wait for its answer.")


def _void(payment: Payment, actor: User, at: datetime) -> None:
    payment.void(at=at)
    payment.save(update_fields=["status", "voided_at"])
    payment_event_add(payment, PaymentEventKind.VOIDED, at=at, actor=actor)
    events.publish(PaymentVoided(payment_id=payment.pk, job_id=payment.job_id))


def _audit(payment: Payment, action: str, *, actor: User, reason: str, before: str) -> None:
    after = {"status": payment.status, "amount": str(payment.amount) if payment.amount else None}
    audit.record(actor=actor, action=action, target=payment, reason=reason, before={"status": before}, after=after)
