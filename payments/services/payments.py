"""The money of a job. Services lock the job, then its payment; amounts are copied from JobPrice, never computed.

Cash is captured at once. What an online provider does is asked of it in `calls.py`; what its answers lead to is
`payment_follow`, which everything here ends with.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.errors import AccountInUse
from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from fixmate.core.errors import IllegalTransition
from jobs.enums import CLOSED, JobStatus
from jobs.models import Job, JobPrice
from jobs.selectors import job_get_locked, price_current
from payments.enums import OPEN, REFUND_OPEN, HoldStatus, PaymentEventKind
from payments.errors import CardNeeded, JobNotSettled, PaymentClosed, PaymentOffline
from payments.events import HoldLookedAt, PaymentNeeded
from payments.models import Payment, ProviderCustomer, Refund
from payments.selectors import (
    Scene,
    balances_of_technician,
    payment_ids_to_cover,
    payment_of_job_locked,
    scene_lock,
    scene_of,
)
from payments.services.following import is_free, payment_follow
from payments.services.history import payment_event_add
from payments.services.holds import hold_cover, hold_let_go, method_of
from payments.services.payouts import payment_hold_back
from technicians.models import Technician


@transaction.atomic
def payment_ensure(*, job_id: UUID) -> Payment | None:
    """Return the payment of a job, made now if nothing has made it yet, and have its price held. Idempotent.

    A job that was called off for nothing gets none: then the answer is the payment it had before, or None.
    """
    job = job_get_locked(job_id)
    payment = _find_or_create(job)
    if payment and payment.status in OPEN and job.status not in CLOSED:
        _cover(scene_of(job, payment))
    return payment


@transaction.atomic
def payment_capture_for_job(*, job_id: UUID) -> Payment:
    """Take what a closed job costs: its newest price, split as stored there. One already captured is left alone.

    A provider is asked first, and may be asked to hold it first: then the payment is captured when it has answered.

    :raises JobNotSettled: if the job is open, or was called off for nothing
    :raises IllegalTransition: if the payment was voided
    """
    job = job_get_locked(job_id)
    price = price_current(job.pk)
    if job.status not in CLOSED or is_free(job, price):
        raise JobNotSettled
    payment = _get_or_create(job, price)
    if payment.voided_at:
        raise IllegalTransition(state=payment.status, action="capture")
    if not payment.captured_at:
        _cover(scene_of(job, payment))
    return payment


@transaction.atomic
def payment_void_for_job(*, job_id: UUID) -> Payment | None:
    """Give up the payment of a job that was called off for nothing, if it has one. Idempotent.

    :raises JobNotSettled: if the job is open, or ended with something to pay
    :raises IllegalTransition: if the payment was captured
    """
    job = job_get_locked(job_id)
    if not is_free(job, price_current(job.pk)):
        raise JobNotSettled
    payment = payment_of_job_locked(job.pk)
    if payment is None or payment.voided_at:
        return payment
    if payment.captured_at:
        raise IllegalTransition(state=payment.status, action="void")
    payment_follow(scene_of(job, payment), at=clock.now())
    return payment


@transaction.atomic
def payment_settle_cancelled(*, job_id: UUID) -> Payment | None:
    """Take the cancellation fee of a job that was called off, or give up its payment if there is none. Idempotent.

    In cash nobody met to pay it: it is owed until staff say that it was paid, or waive it (`services.fees`).

    :raises JobNotSettled: if the job is open
    """
    job = job_get_locked(job_id)
    price = price_current(job.pk)
    if is_free(job, price):
        return payment_void_for_job(job_id=job.pk)
    if job.status == JobStatus.CANCELLED:
        payment = _get_or_create(job, price)
        if payment.is_offline:
            return payment
    return payment_capture_for_job(job_id=job.pk)


def _cover(scene: Scene) -> None:
    """Let the payment follow its job, with another try to have held what is missing, even after one that failed."""
    at = clock.now()
    payment_follow(scene, at=at)
    if scene.payment.is_offline or scene.payment.status not in OPEN:
        return
    price = price_current(scene.job.pk)
    asked = hold_cover(scene, price, at=at)
    if asked is None and scene.covering_minor < price.amount_minor and not method_of(scene):
        events.publish(PaymentNeeded(payment_id=scene.payment.pk, job_id=scene.job.pk))


# The customer pays


@transaction.atomic
def payment_authorize(*, payment_id: UUID, actor: User, method: str = "") -> Payment:
    """Have what is missing of the price held, on this card or the one given before; or look whether he has confirmed.

    Nothing is asked of the provider here: calls and looks are ordered, and their answers come later. Idempotent.

    :raises PaymentOffline: if the technician is paid on site
    :raises PaymentClosed: if it was taken or given up
    :raises CardNeeded: without a card, if none was given before
    """
    scene = scene_lock(payment_id)
    _check_can_pay(scene)
    at = clock.now()
    if method:
        _keep_method(scene, method, at)
    elif not method_of(scene):
        raise CardNeeded
    _look_at_confirmed(scene, at)
    payment_follow(scene, at=at)
    if scene.payment.status in OPEN:
        hold_cover(scene, price_current(scene.job.pk), at=at)
    return scene.payment


def _check_can_pay(scene: Scene) -> None:
    if scene.payment.is_offline:
        raise PaymentOffline
    if scene.payment.status not in OPEN:
        raise PaymentClosed


def _keep_method(scene: Scene, method: str, at: datetime) -> None:
    """Pay with this card from now on; what waits for a confirmation on another one is let go of."""
    payment = scene.payment
    ProviderCustomer.objects.update_or_create(
        user_id=payment.customer_id,
        provider=payment.provider,
        defaults={"method": method},
        create_defaults={"method": method, "created_at": at},
    )
    for hold in scene.staying:
        if hold.status == HoldStatus.ACTION_NEEDED and hold.method != method:
            hold_let_go(scene, hold, at=at)


def _look_at_confirmed(scene: Scene, at: datetime) -> None:
    waiting = [hold for hold in scene.staying if hold.status == HoldStatus.ACTION_NEEDED]
    events.publish(*(HoldLookedAt(ref=hold.ref) for hold in waiting))


def payments_cover_due() -> int:
    """Have held what visits cost that are near, and anew what a provider is about to let go of; return how many."""
    return each_alone(payment_ids_to_cover(clock.now()), lambda payment_id: payment_cover(payment_id=payment_id))


@transaction.atomic
def payment_cover(*, payment_id: UUID) -> bool:
    """Have a payment follow its job, unless it is closed. Idempotent."""
    scene = scene_lock(payment_id)
    if scene.payment.status in OPEN:
        payment_follow(scene, at=clock.now())
    return True


# The payout, which a dispute holds back


@transaction.atomic
def payment_freeze(*, job_id: UUID, actor: User | None) -> Payment | None:
    """Hold back what the technician earns on the job. Idempotent; None where nothing is to be paid."""
    payment = _find_or_create(job_get_locked(job_id))
    if payment and not payment.payout_frozen_at:
        at = clock.now()
        _set_frozen(payment, at)
        payment_event_add(payment, PaymentEventKind.FROZEN, at=at, actor=actor)
        payment_hold_back(payment, at=at)
    return payment


@transaction.atomic
def payment_unfreeze(*, job_id: UUID, actor: User) -> Payment | None:
    """Let the technician's earnings on the job go again. Idempotent."""
    job = job_get_locked(job_id)
    payment = payment_of_job_locked(job.pk)
    if payment and payment.payout_frozen_at:
        _set_frozen(payment, None)
        payment_event_add(payment, PaymentEventKind.UNFROZEN, at=clock.now(), actor=actor)
    return payment


def card_forget(user: User) -> None:
    """Forget which card he paid with. Idempotent."""
    ProviderCustomer.objects.filter(user=user).update(method="")


def payment_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while a payment of his is open, held back, on its way back, or owed to him"""
    his = Payment.objects.filter(Q(customer=user) | Q(technician__user=user) | Q(job__technician__user=user))
    if his.filter(Q(status__in=OPEN) | Q(payout_frozen_at__isnull=False)).exists():
        raise AccountInUse("A payment is still open.")
    if Refund.objects.filter(payment__in=his, status__in=REFUND_OPEN).exists():
        raise AccountInUse("A refund is still under way.")
    technician = Technician.objects.filter(user=user).first()
    if technician and balances_of_technician(technician.pk).is_owed_something:
        raise AccountInUse("Money that was earned is still to be paid out.")


def _set_frozen(payment: Payment, at: datetime | None) -> None:
    payment.payout_frozen_at = at
    payment.save(update_fields=["payout_frozen_at"])


# Parts


def _find_or_create(job: Job) -> Payment | None:
    price = price_current(job.pk)
    return payment_of_job_locked(job.pk) if is_free(job, price) else _get_or_create(job, price)


def _get_or_create(job: Job, price: JobPrice) -> Payment:
    """Return the payment of the locked job, locked too: under the job's lock one caller alone finds none."""
    payment = payment_of_job_locked(job.pk)
    if payment:
        return payment
    at = clock.now()
    payment = Payment(
        job=job,
        customer_id=job.customer_id,
        provider=settings.PAYMENT_PROVIDER,
        currency=price.currency,
        created_at=at,
    )
    payment.save(force_insert=True)
    payment_event_add(payment, PaymentEventKind.CREATED, at=at)
    return payment
