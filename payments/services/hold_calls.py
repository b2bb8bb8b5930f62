"""How holds are asked for, taken and released, and looked at again when somebody says that one has changed."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.db import transaction

from fixmate.core import clock
from fixmate.core.money import Money
from jobs.selectors import price_current
from payments.enums import HOLD_ON_ITS_WAY, CallKind, HoldStatus
from payments.models import Hold, Payment, ProviderCall, ProviderCustomer
from payments.providers import HoldAsk, HoldIs, HoldState, OnlineProvider, ProviderAway, ProviderRefused, provider_get
from payments.selectors import Scene, call_hold_waiting, calls_of_hold_waiting, customer_of, hold_get_by_ref, scene_lock
from payments.services.calls import Handler, Settled, call_answered, call_handled_by
from payments.services.following import payment_follow
from payments.services.holds import hold_follow, hold_let_go, hold_refused


def _lock(call: ProviderCall) -> Scene:
    return scene_lock(_payment_of(call).pk)


def _payment_of(call: ProviderCall) -> Payment:
    return cast("Payment", call.payment)


def _hold_of(call: ProviderCall) -> Hold:
    return cast("Hold", call.hold)


# Asking


def _ask_hold(call: ProviderCall, provider: OnlineProvider) -> HoldState:
    hold, payment = _hold_of(call), _payment_of(call)
    if hold.ref:
        return _of(hold, provider.hold_state(hold.ref))
    asked = HoldAsk(
        payment_id=payment.pk,
        hold_id=hold.pk,
        amount=hold.amount,
        customer_ref=_customer_ref(payment, provider),
        method=hold.method,
        asked_at=hold.created_at,
    )
    return _of(hold, provider.hold(ask=asked, key=str(call.pk)))


def _customer_ref(payment: Payment, provider: OnlineProvider) -> str:
    """Return the customer's id with the provider, which is kept as soon as it has given him one."""
    customer = customer_of(payment.customer_id, payment.provider)
    if customer and customer.ref:
        return customer.ref
    ref = provider.customer(user_id=payment.customer_id, key=f"customer-{payment.customer_id}")
    ProviderCustomer.objects.filter(user=payment.customer_id, provider=payment.provider, ref="").update(ref=ref)
    return ref


def _ask_capture(call: ProviderCall, provider: OnlineProvider) -> HoldState:
    hold = _hold_of(call)
    amount = Money(call.amount_minor, hold.payment.currency)
    return _of(hold, provider.capture(ref=hold.ref, amount=amount, key=str(call.pk)))


def _ask_release(call: ProviderCall, provider: OnlineProvider) -> HoldState:
    hold = _hold_of(call)
    return _of(hold, provider.release(ref=hold.ref, key=str(call.pk)))


def _of(hold: Hold, state: HoldState) -> HoldState:
    """:raises ProviderAway: if the answer is nonsense: about another amount than was asked for, or more taken"""
    if state.amount_minor != hold.amount_minor or not 0 <= state.captured_minor <= hold.amount_minor:
        raise ProviderAway(f"says {state} of a hold of {hold.amount}")
    if not state.ref or (state.status == HoldIs.CAPTURED) != bool(state.captured_minor):
        raise ProviderAway(f"says {state}")
    return state


# What follows


def _apply(scene: Scene, call: ProviderCall, state: HoldState, at: datetime) -> Settled:
    hold = scene.hold(call.hold_id)
    hold_follow(scene, hold, state, price_current(scene.job.pk), at)
    return Settled(ref=hold.ref, is_final=call.kind != CallKind.HOLD or hold.status not in HOLD_ON_ITS_WAY)


def _refuse(scene: Scene, call: ProviderCall, refusal: ProviderRefused, at: datetime) -> None:
    hold = scene.hold(call.hold_id)
    scene.asked.pop((hold.pk, call.kind), None)
    hold_refused(scene, hold, refusal.code, price_current(scene.job.pk), at)
    if call.kind == CallKind.CAPTURE:  # it may be held all the same, beside what the customer pays with instead
        hold_let_go(scene, hold, at=at)


def _then(scene: Scene, call: ProviderCall, at: datetime) -> None:
    _finish_others(scene.hold(call.hold_id), at)
    payment_follow(scene, at=at)


def _finish_others(hold: Hold, at: datetime) -> None:
    """Close the calls whose aim has been reached another way: by a webhook, or by the provider itself."""
    for call in calls_of_hold_waiting(hold):
        if hold.status in _REACHED[call.kind]:
            call.finish(ref=hold.ref, at=at)
            call.save(update_fields=["status", "ref", "last_error", "closed_at"])


_OVER = (HoldStatus.CAPTURED, HoldStatus.RELEASED, HoldStatus.FAILED)
_REACHED: dict[str, tuple[HoldStatus, ...]] = {
    CallKind.HOLD: (HoldStatus.HELD, *_OVER),
    CallKind.CAPTURE: _OVER,
    CallKind.RELEASE: (HoldStatus.CAPTURED, HoldStatus.RELEASED),
}

for _kind, _ask in {
    CallKind.HOLD: _ask_hold,
    CallKind.CAPTURE: _ask_capture,
    CallKind.RELEASE: _ask_release,
}.items():
    call_handled_by(_kind, Handler(lock=_lock, ask=_ask, apply=_apply, refuse=_refuse, then=_then))


# Looking again


def hold_refresh(*, ref: str) -> bool:
    """Ask the provider how a hold stands, and do what follows; False if it is not of ours. Reaches outside. Idempotent.

    :raises ProviderAway: if it does not answer
    """
    hold = hold_get_by_ref(ref)
    if hold is None:
        return False
    state = _of(hold, provider_get(hold.payment.provider).hold_state(ref))
    call_id = call_hold_waiting(hold)
    if call_id is None or not call_answered(call_id=call_id, answer=state):
        _refreshed(hold.payment_id, hold.pk, state)
    return True


@transaction.atomic
def _refreshed(payment_id: UUID, hold_id: UUID, state: HoldState) -> None:
    scene, at = scene_lock(payment_id), clock.now()
    hold = scene.hold(hold_id)
    hold_follow(scene, hold, state, price_current(scene.job.pk), at)
    _finish_others(hold, at)
    payment_follow(scene, at=at)
