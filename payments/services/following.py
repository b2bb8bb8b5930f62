"""A payment follows its job and its holds: whatever happened, in whatever order, it is brought to where they say."""

from datetime import datetime

from fixmate.core import events
from fixmate.core.money import Money
from jobs.enums import BOOKED, CLOSED, JobStatus, PriceKind
from jobs.models import Job, JobPrice
from jobs.selectors import price_current
from jobs.services import job_require_payment
from payments.enums import OPEN, CallKind, HoldStatus, PaymentEventKind, PaymentStatus
from payments.events import PaymentAuthorized, PaymentCaptured, PaymentVoided
from payments.models import Hold
from payments.selectors import Scene
from payments.services.history import payment_event_add
from payments.services.holds import hold_cover, hold_let_go, hold_take, payment_note_uncovered
from payments.services.movements import move_capture

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


def is_free(job: Job, price: JobPrice) -> bool:
    """Tell whether the job was called off for nothing."""
    return job.status == JobStatus.CANCELLED and price.kind != PriceKind.CANCELLATION_FEE


def payment_follow(scene: Scene, *, at: datetime) -> None:
    """Authorise, capture or void the payment if it is time, ask for what is missing, let go of what is not needed.

    Idempotent. The caller has locked the scene.
    """
    job, payment = scene.job, scene.payment
    if payment.status in OPEN:
        price = price_current(job.pk)
        if is_free(job, price):
            _void(scene, at)
        elif job.status in CLOSED:
            _follow_closed(scene, price, at)
        else:
            _follow_open(scene, price, at)
    if payment.status not in OPEN:
        for hold in scene.staying:
            hold_let_go(scene, hold, at=at)


# While the job is open: the price is held


def _follow_open(scene: Scene, price: JobPrice, at: datetime) -> None:
    is_covered = scene.payment.is_offline or scene.captured_minor + scene.held_minor >= price.amount_minor
    if not scene.payment.is_offline:
        _cover_quietly(scene, price, at)
        if is_covered:
            _authorize(scene, at)
            _let_go_of_replaced(scene, price, at)
    if scene.job.status in BOOKED and scene.job.is_payment_required == is_covered:
        job_require_payment(job_id=scene.job.pk, is_required=not is_covered)
        scene.job.is_payment_required = not is_covered


def _cover_quietly(scene: Scene, price: JobPrice, at: datetime) -> None:
    """Ask for what is missing, but not again with a card that was refused: then it is the customer's turn."""
    if scene.payment.status == PaymentStatus.FAILED:
        return
    if scene.failed_lately(at):
        payment_note_uncovered(scene, price, at)  # what was held may have lapsed since
    else:
        hold_cover(scene, price, at=at)


def _authorize(scene: Scene, at: datetime) -> None:
    payment = scene.payment
    if payment.status == PaymentStatus.AUTHORIZED:
        return
    payment.authorize()
    payment.save(update_fields=["status"])
    payment_event_add(payment, PaymentEventKind.AUTHORIZED, at=at)
    if scene.job.status not in CLOSED:
        events.publish(PaymentAuthorized(payment_id=payment.pk, job_id=scene.job.pk))


def _let_go_of_replaced(scene: Scene, price: JobPrice, at: datetime) -> None:
    """Let go of the holds, the oldest first, without which the price is held as well."""
    for hold in [hold for hold in scene.staying if hold.status == HoldStatus.HELD]:
        if scene.captured_minor + scene.held_minor - hold.amount_minor >= price.amount_minor:
            hold_let_go(scene, hold, at=at)


# When the job has ended: the price is taken


def _follow_closed(scene: Scene, price: JobPrice, at: datetime) -> None:
    """Take what is held, whether it is all or not: it would lapse while the customer is asked for the rest."""
    if scene.payment.is_offline or scene.captured_minor >= price.amount_minor:
        _capture(scene, price, at)
        return
    is_covered = scene.captured_minor + scene.held_minor >= price.amount_minor
    if is_covered:
        _authorize(scene, at)
        _let_go_of_replaced(scene, price, at)
    elif _is_all_asked_for(scene, price):
        return
    _take(scene, price.amount_minor - scene.captured_minor, at)
    if not is_covered:
        _cover_quietly(scene, price, at)


def _is_all_asked_for(scene: Scene, price: JobPrice) -> bool:
    """Tell whether the whole price is asked for at once, in place of what is held: what is missing is too little."""
    return any(hold.status == HoldStatus.ASKED and hold.amount_minor >= price.amount_minor for hold in scene.staying)


def _take(scene: Scene, due_minor: int, at: datetime) -> None:
    """Ask for the sum from one hold after the other."""
    held = [hold for hold in scene.staying if hold.status == HoldStatus.HELD]
    due_minor -= sum(scene.asked[hold.pk, CallKind.CAPTURE] for hold in held if scene.is_taken(hold))
    for hold in held:
        if due_minor > 0 and not scene.is_taken(hold):
            due_minor -= _take_of(scene, hold, min(due_minor, hold.amount_minor), at)


def _take_of(scene: Scene, hold: Hold, amount_minor: int, at: datetime) -> int:
    hold_take(scene, hold, amount_minor, at=at)
    amount = str(Money(amount_minor, scene.payment.currency))
    payment_event_add(scene.payment, PaymentEventKind.CAPTURE_ASKED, at=at, number=hold.number, amount=amount)
    return amount_minor


def _capture(scene: Scene, price: JobPrice, at: datetime) -> None:
    """Write down the split that is stored with the price, and post it. No answer of a provider changes it."""
    payment = scene.payment
    if payment.status == PaymentStatus.FAILED:
        payment.authorize()
    payment.capture(price=price, technician_id=scene.job.technician_id, at=at)
    payment.save(update_fields=_CAPTURED)
    payment_event_add(payment, PaymentEventKind.CAPTURED, at=at, price_revision=price.revision)
    move_capture(payment, at=at)
    events.publish(PaymentCaptured(payment_id=payment.pk, job_id=scene.job.pk))


def _void(scene: Scene, at: datetime) -> None:
    payment = scene.payment
    payment.void(at=at)
    payment.save(update_fields=["status", "voided_at"])
    payment_event_add(payment, PaymentEventKind.VOIDED, at=at)
    events.publish(PaymentVoided(payment_id=payment.pk, job_id=scene.job.pk))
