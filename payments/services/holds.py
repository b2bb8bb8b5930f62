"""Amounts held for a payment: asking for them, and following what the provider says of them.

Callers hold the locks of a `Scene`: job, payment, holds.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from fixmate.core import events
from jobs.enums import BOOKED, CLOSED
from jobs.models import JobPrice
from payments.enums import HOLD_OPEN, CallKind, HoldStatus, PaymentEventKind, PaymentStatus
from payments.events import PaymentFailed, PaymentNeeded
from payments.models import Hold
from payments.providers import HoldIs, HoldState
from payments.selectors import Scene, customer_of
from payments.services.calls import call_ask
from payments.services.history import payment_event_add

_STANDING = ["status", "ref", "client_secret", "failure", "held_at", "lapses_at", "captured_minor", "closed_at"]
NOT_SAID = "unknown"


def hold_cover(scene: Scene, price: JobPrice, *, method: str = "", at: datetime) -> Hold | None:
    """Ask that what is missing of the price is held, if its time has come and there is a card; None if nothing is."""
    missing = price.amount_minor - scene.lasting_minor(at)
    if missing <= 0 or not _is_time(scene, at):
        return None
    method = method or method_of(scene)
    return _ask(scene, _askable(scene, missing, price), method, at) if method else None


def _askable(scene: Scene, missing_minor: int, price: JobPrice) -> int:
    """Return what to ask for: the whole price, in place of what is held, if the rest is less than can be charged."""
    is_too_little = missing_minor < settings.CARD_LEAST_MINOR and not scene.is_any_taken
    return price.amount_minor if is_too_little else missing_minor


def method_of(scene: Scene) -> str:
    """Return the card the customer has given to pay with."""
    customer = customer_of(scene.payment.customer_id, scene.payment.provider)
    return customer.method if customer else ""


def _is_time(scene: Scene, at: datetime) -> bool:
    """A hold made long before the visit would lapse before it."""
    job = scene.job
    if job.status not in BOOKED:
        return job.status in CLOSED
    return bool(job.booked_from and job.booked_from <= at + timedelta(days=settings.HOLD_DAYS_AHEAD))


def _ask(scene: Scene, amount_minor: int, method: str, at: datetime) -> Hold:
    payment = scene.payment
    number = len(scene.holds) + 1
    hold = Hold(payment=payment, number=number, amount_minor=amount_minor, method=method, created_at=at)
    hold.save(force_insert=True)
    scene.holds.append(hold)
    payment_event_add(payment, PaymentEventKind.HOLD_ASKED, at=at, number=number, amount=str(hold.amount))
    call_ask(CallKind.HOLD, provider=payment.provider, at=at, amount_minor=amount_minor, payment=payment, hold=hold)
    return hold


def hold_take(scene: Scene, hold: Hold, amount_minor: int, *, at: datetime) -> None:
    """Ask that so much of the hold is taken, and the rest of it let go."""
    _ask_of(scene, hold, CallKind.CAPTURE, amount_minor, at)


def hold_let_go(scene: Scene, hold: Hold, *, at: datetime) -> None:
    """Ask that the hold is released, unless something is asked of it or the provider does not know it yet. Idempotent.

    One that is only asked for is let go of when the provider has answered.
    """
    if hold.ref and not scene.is_leaving(hold) and not scene.is_taken(hold):
        _ask_of(scene, hold, CallKind.RELEASE, 0, at)


def _ask_of(scene: Scene, hold: Hold, kind: CallKind, amount_minor: int, at: datetime) -> None:
    payment = scene.payment
    call_ask(kind, provider=payment.provider, at=at, amount_minor=amount_minor, payment=payment, hold=hold)
    scene.asked[hold.pk, kind] = amount_minor


# What the provider says


def hold_follow(scene: Scene, hold: Hold, state: HoldState, price: JobPrice, at: datetime) -> None:
    """Bring the hold to where the provider says it is. What is closed here stays closed."""
    if hold.status in HOLD_OPEN:
        _STEPS[state.status](scene, hold, state, at)
        hold.save(update_fields=_STANDING)
        if hold.status == HoldStatus.FAILED:
            payment_note_uncovered(scene, price, at)
    elif state.status == HoldIs.HELD and hold.status != HoldStatus.CAPTURED:
        hold_let_go(scene, hold, at=at)  # confirmed after all, when nobody counted on it any more


def _need_action(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    if hold.status != HoldStatus.ASKED:
        return
    hold.need_action(ref=state.ref, client_secret=state.client_secret)
    payment_event_add(scene.payment, PaymentEventKind.HOLD_ACTION_NEEDED, at=at, number=hold.number)
    events.publish(PaymentNeeded(payment_id=scene.payment.pk, job_id=scene.job.pk))


def _note_ref(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    hold.ref = hold.ref or state.ref


def _hold(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    if hold.status == HoldStatus.HELD:
        hold.lapses_at = state.lapses_at
    else:
        hold.hold(ref=state.ref, lapses_at=state.lapses_at, at=at)


def _capture(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    if hold.status != HoldStatus.HELD:
        hold.hold(ref=state.ref, lapses_at=None, at=at)
    hold.capture(amount_minor=state.captured_minor, at=at)


def _release(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    is_ours = scene.is_leaving(hold)
    hold.ref = hold.ref or state.ref
    hold.release(at=at)
    if not is_ours:
        payment_event_add(scene.payment, PaymentEventKind.HOLD_RELEASED, at=at, number=hold.number)


def _fail(scene: Scene, hold: Hold, state: HoldState, at: datetime) -> None:
    hold_mark_failed(scene, hold, ref=state.ref, failure=state.failure, at=at)


_STEPS: dict[HoldIs, Callable[[Scene, Hold, HoldState, datetime], None]] = {
    HoldIs.ACTION_NEEDED: _need_action,
    HoldIs.UNDER_WAY: _note_ref,
    HoldIs.HELD: _hold,
    HoldIs.CAPTURED: _capture,
    HoldIs.RELEASED: _release,
    HoldIs.FAILED: _fail,
}


def hold_refused(scene: Scene, hold: Hold, code: str, price: JobPrice, at: datetime) -> None:
    """Note that the provider will never hold it, or no longer does."""
    if hold.status in HOLD_OPEN:
        hold_mark_failed(scene, hold, ref=hold.ref, failure=code, at=at)
        hold.save(update_fields=_STANDING)
        payment_note_uncovered(scene, price, at)


def hold_mark_failed(scene: Scene, hold: Hold, *, ref: str, failure: str, at: datetime) -> None:
    hold.fail(ref=ref, failure=(failure or NOT_SAID)[:100], at=at)
    failed = PaymentEventKind.HOLD_FAILED
    payment_event_add(scene.payment, failed, at=at, number=hold.number, failure=hold.failure)


def payment_note_uncovered(scene: Scene, price: JobPrice, at: datetime) -> None:
    """Have the payment fail if without the hold that failed the price is not covered: the customer is told."""
    payment = scene.payment
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED):
        return
    if scene.covering_minor < price.amount_minor:
        payment.fail()
        payment.save(update_fields=["status"])
        payment_event_add(payment, PaymentEventKind.FAILED, at=at)
        events.publish(PaymentFailed(payment_id=payment.pk, job_id=scene.job.pk))
