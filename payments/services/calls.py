"""What a provider is asked: a row in the transaction of the change, then the question outside any, then what follows.

The one place where a question is asked again. Until a provider has answered nothing else changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from fixmate.core import clock, events
from payments.enums import CallKind, CallStatus
from payments.events import ProviderCallDue
from payments.models import ProviderCall
from payments.providers import OnlineProvider, ProviderAway, ProviderRefused, provider_get
from payments.selectors import call_get, call_get_locked, call_list_due_locked

FIRST_DELAY: Final = timedelta(seconds=2)
LONGEST_DELAY: Final = timedelta(minutes=10)
LOOK_AGAIN: Final = timedelta(minutes=10)  # at what the provider has not decided yet; a webhook says it sooner
NOT_WANTED: Final = "Not wanted any more."
_REQUESTS_A_CALL: Final = 6  # at most: a customer may be asked for, and what was made the time before looked for

Scene = TypeVar("Scene")
Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer means for the call. One that is not final is looked at again; one with a failure is refused."""

    ref: str
    is_final: bool = True
    failure: str = ""


def _is_wanted(scene: Any, call: ProviderCall, at: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler(Generic[Scene, Answer]):
    """How a kind of call is asked and what follows. All but `ask` are called in a transaction.

    `lock` locks what the call is about, in the order of docs/money.md, and returns it for the others; the call itself
    is locked after that. `begin` may write what has to be there before the question, and tells whether it is still
    wanted. `ask` alone reaches outside; of a call with a `ref` it looks how that stands. `then` comes after the call
    has been saved with its new status.
    """

    lock: Callable[[ProviderCall], Scene]
    ask: Callable[[ProviderCall, OnlineProvider], Answer]
    apply: Callable[[Scene, ProviderCall, Answer, datetime], Settled]
    refuse: Callable[[Scene, ProviderCall, ProviderRefused, datetime], None]
    then: Callable[[Scene, ProviderCall, datetime], None]
    begin: Callable[[Scene, ProviderCall, datetime], bool] = _is_wanted


_handlers: dict[str, Handler[Any, Any]] = {}


def call_handled_by(kind: CallKind, handler: Handler[Any, Any]) -> None:
    _handlers[kind] = handler


def call_ask(
    kind: CallKind, *, provider: str, at: datetime, amount_minor: int = 0, **about: Model | None
) -> ProviderCall:
    """Order that a provider is asked, in the caller's transaction. `about`: payment, hold, refund, payout."""
    call = ProviderCall(
        kind=kind, provider=provider, amount_minor=amount_minor, created_at=at, next_try_at=at + _lease(), **about
    )
    call.save(force_insert=True)
    events.publish(ProviderCallDue(call_id=call.pk, tries=0))
    return call


# Asking


def call_perform(*, call_id: UUID, tries: int | None = None) -> bool:
    """Ask the provider, and do what follows from its answer; tell whether it answered. Reaches outside.

    With `tries`, nothing is done unless the call was tried so often. A provider that is away is asked again later.
    """
    call = _begin(call_id, tries)
    if call is None:
        return False
    try:
        answer = _handlers[call.kind].ask(call, provider_get(call.provider))
    except ProviderAway as exc:
        _put_off(call_id, str(exc))
        return False
    except ProviderRefused as exc:
        return _refuse(call_id, exc)
    return call_answered(call_id=call_id, answer=answer)


@transaction.atomic
def _begin(call_id: UUID, tries: int | None) -> ProviderCall | None:
    """Count the try and take the call for as long as the asking may last."""
    opened = _opened(call_id)
    if opened is None or tries not in (None, opened[1].tries):
        return None
    scene, call = opened
    at = clock.now()
    if not _handlers[call.kind].begin(scene, call, at):
        _save_refused(call, NOT_WANTED, at)
        return None
    call.tries += 1
    call.next_try_at = at + _lease()
    call.save(update_fields=["tries", "next_try_at"])
    return call


def _opened(call_id: UUID) -> tuple[Any, ProviderCall] | None:
    """Return the call and what it is about, all locked, if it still waits for an answer."""
    call = call_get(call_id)
    if call is None or call.status != CallStatus.WAITING:
        return None
    scene = _handlers[call.kind].lock(call)
    call = call_get_locked(call_id)
    return (scene, call) if call.status == CallStatus.WAITING else None


def _lease() -> timedelta:
    return timedelta(seconds=_REQUESTS_A_CALL * settings.STRIPE_TIMEOUT_S)


# Answers


@transaction.atomic
def call_answered(*, call_id: UUID, answer: Any) -> bool:
    """Do what follows from an answer, whoever brings it; False if the call had one already."""
    opened = _opened(call_id)
    if opened is None:
        return False
    scene, call = opened
    at, handler = clock.now(), _handlers[call.kind]
    settled = handler.apply(scene, call, answer, at)
    if settled.failure:
        call.ref = settled.ref
        _save_refused(call, settled.failure, at)
    elif settled.is_final:
        call.finish(ref=settled.ref, at=at)
        call.save(update_fields=["status", "ref", "last_error", "closed_at"])
    else:
        call.ref, call.last_error, call.next_try_at = settled.ref, "", at + LOOK_AGAIN
        call.save(update_fields=["ref", "last_error", "next_try_at"])
    handler.then(scene, call, at)
    return True


@transaction.atomic
def _refuse(call_id: UUID, refusal: ProviderRefused) -> bool:
    opened = _opened(call_id)
    if opened is None:
        return False
    scene, call = opened
    at, handler = clock.now(), _handlers[call.kind]
    handler.refuse(scene, call, refusal, at)
    _save_refused(call, f"{refusal.code} {refusal}".strip(), at)
    handler.then(scene, call, at)
    return True


def _save_refused(call: ProviderCall, error: str, at: datetime) -> None:
    call.refuse(error=error, at=at)
    call.save(update_fields=["status", "ref", "last_error", "closed_at"])


@transaction.atomic
def _put_off(call_id: UUID, error: str) -> None:
    """Wait twice as long each time; the provider is asked as long as it takes."""
    call = call_get_locked(call_id)
    if call.status != CallStatus.WAITING:
        return
    delay = min(FIRST_DELAY * 2 ** min(call.tries - 1, 20), LONGEST_DELAY)
    call.next_try_at, call.last_error = clock.now() + delay, error[:1000]
    call.save(update_fields=["next_try_at", "last_error"])
    log.warning("payments.provider_away", call_id=str(call_id), kind=call.kind, tries=call.tries, error=error)


# What is due again


@transaction.atomic
def calls_order_due() -> int:
    """Order the calls that are due: put off, or lost on their way. Return how many. Safe to run twice at once."""
    at = clock.now()
    due = call_list_due_locked(at)
    for call in due:
        call.next_try_at = at + _lease()
        call.save(update_fields=["next_try_at"])
    events.publish(*(ProviderCallDue(call_id=call.pk, tries=call.tries) for call in due))
    return len(due)
