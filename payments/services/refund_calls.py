"""What follows from what a provider says of refunds."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock
from fixmate.core.errors import IllegalTransition
from fixmate.core.money import Money
from payments.enums import CallKind, CallStatus, PaymentEventKind, RefundStatus
from payments.models import Hold, ProviderCall, Refund
from payments.providers import OnlineProvider, ProviderAway, ProviderRefused, RefundIs, RefundState, provider_get
from payments.selectors import (
    call_of_refund_by_ref,
    calls_of_refund,
    refund_get_locked,
)
from payments.services.calls import Handler, Settled, call_answered, call_ask, call_handled_by
from payments.services.history import payment_event_add
from payments.services.refunds import refund_fail, refund_finish, refund_send

log = structlog.get_logger(__name__)


# The calls


def _lock(call: ProviderCall) -> Refund:
    return refund_get_locked(cast("UUID", call.refund_id))


def _begin(refund: Refund, call: ProviderCall, at: datetime) -> bool:
    if refund.status == RefundStatus.APPROVED:
        refund = refund_send(refund_id=refund.pk)
    return bool(refund.status == RefundStatus.SENT)


def _ask(call: ProviderCall, provider: OnlineProvider) -> RefundState:
    if call.ref:
        return _of(call, provider.refund_state(call.ref))
    hold, refund_id = cast("Hold", call.hold), cast("UUID", call.refund_id)
    asked: dict[str, Any] = {"call_id": call.pk, "refund_id": refund_id, "key": str(call.pk)}
    amount = Money(call.amount_minor, hold.payment.currency)
    return _of(call, provider.refund(hold_ref=hold.ref, amount=amount, **asked))


def _of(call: ProviderCall, state: RefundState) -> RefundState:
    """:raises ProviderAway: if the answer is nonsense: about another amount than was asked for"""
    if not state.ref or state.amount_minor != call.amount_minor:
        raise ProviderAway(f"says {state} of a refund of {call.amount_minor}")
    return state


def _apply(refund: Refund, call: ProviderCall, state: RefundState, at: datetime) -> Settled:
    failure = (state.failure or "failed") if state.status == RefundIs.FAILED else ""
    return Settled(ref=state.ref, is_final=state.status != RefundIs.UNDER_WAY, failure=failure)


def _refuse(refund: Refund, call: ProviderCall, refusal: ProviderRefused, at: datetime) -> None:
    """Nothing more than the call's own refusal: what it means for the refund shows when all have answered."""


def _then(refund: Refund, call: ProviderCall, at: datetime) -> None:
    """Finish the refund when every part is given back, or fail it when none is.

    If some came through and others not, the books cannot say so, and the money is not to be fetched back: the refund
    stays SENT until staff have the rest asked for again.
    """
    parts = calls_of_refund(refund.pk)
    statuses = {part.status for part in parts}
    if refund.status != RefundStatus.SENT or CallStatus.WAITING in statuses:
        return
    if statuses == {CallStatus.DONE}:
        refund_finish(refund_id=refund.pk)
    elif statuses == {CallStatus.REFUSED}:
        refund_fail(refund_id=refund.pk, reason=parts[0].last_error)
    else:
        log.error("payments.refund_in_pieces", refund_id=str(refund.pk))


call_handled_by(CallKind.REFUND, Handler(lock=_lock, begin=_begin, ask=_ask, apply=_apply, refuse=_refuse, then=_then))


def refund_refresh(*, ref: str) -> bool:
    """Ask the provider how a refund stands, and do what follows; False if it is not of ours. Reaches outside.

    :raises ProviderAway: if it does not answer
    """
    call = call_of_refund_by_ref(ref)
    if call is None:
        return False
    state = _of(call, provider_get(call.provider).refund_state(ref))
    if not call_answered(call_id=call.pk, answer=state) and state.status == RefundIs.FAILED:
        _note_came_back(call, state)
    return True


@transaction.atomic
def _note_came_back(call: ProviderCall, state: RefundState) -> None:
    """Keep that a refund failed long after it was done: what it means is for people to say, and reconcile lists it."""
    refund = _lock(call)
    if call.status == CallStatus.DONE:
        facts: dict[str, Any] = {"refund_id": str(refund.pk), "failure": state.failure, "was_done": True}
        payment_event_add(refund.payment, PaymentEventKind.REFUND_FAILED, at=clock.now(), **facts)
        log.error("payments.refund_came_back", refund_id=str(refund.pk), ref=state.ref)


@transaction.atomic
def refund_ask_again(*, refund_id: UUID, actor: User, reason: str) -> Refund:
    """Have the parts of a refund asked for again that the provider refused, where others came through. Audited.

    :raises IllegalTransition: unless it is SENT and has such parts
    """
    refund = refund_get_locked(refund_id)
    refused = [part for part in calls_of_refund(refund.pk) if part.status == CallStatus.REFUSED]
    if refund.status != RefundStatus.SENT or not refused:
        raise IllegalTransition(state=refund.status, action="ask_again")
    at = clock.now()
    for part in refused:
        about = {"payment": refund.payment, "hold": part.hold, "refund": refund}
        call_ask(CallKind.REFUND, provider=part.provider, at=at, amount_minor=part.amount_minor, **about)
    audit.record(actor=actor, action="refund.ask_again", target=refund, reason=reason)
    return refund
