"""What providers hold for payments, and what they are asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from jobs.enums import BOOKED
from jobs.models import Job
from jobs.selectors import job_get_locked
from payments.enums import (
    HOLD_ON_ITS_WAY,
    HOLD_OPEN,
    CallKind,
    CallStatus,
    HoldStatus,
    PaymentStatus,
    Provider,
    RefundStatus,
)
from payments.models import Hold, Payment, ProviderCall, ProviderCustomer
from payments.selectors.payments import payment_get_locked

DUE_AT_ONCE: Final = 200
STUCK_AFTER: Final = timedelta(minutes=15)
_PART: Final = ("refund_id", "hold_id", "amount_minor")
QUIET_AFTER_FAILURE: Final = timedelta(hours=12)  # no card is tried again by itself before that


@dataclass(slots=True)
class Scene:
    """A payment with its job and all holds, locked in that order; `asked` is what providers are asked of each hold."""

    job: Job
    payment: Payment
    holds: list[Hold] = field(default_factory=list)
    asked: dict[tuple[UUID, str], int] = field(default_factory=dict)

    def hold(self, hold_id: UUID | None) -> Hold:
        return next(hold for hold in self.holds if hold.pk == hold_id)

    def is_leaving(self, hold: Hold) -> bool:
        return (hold.pk, CallKind.RELEASE) in self.asked

    def is_taken(self, hold: Hold) -> bool:
        return (hold.pk, CallKind.CAPTURE) in self.asked

    @property
    def is_any_taken(self) -> bool:
        return any(hold.captured_minor or self.is_taken(hold) for hold in self.holds)

    @property
    def staying(self) -> list[Hold]:
        """The open holds that nobody has asked to release."""
        return [hold for hold in self.holds if hold.status in HOLD_OPEN and not self.is_leaving(hold)]

    @property
    def held_minor(self) -> int:
        return sum(hold.amount_minor for hold in self.staying if hold.status == HoldStatus.HELD)

    @property
    def covering_minor(self) -> int:
        """What is held, may be soon, or has been taken."""
        return self.captured_minor + sum(hold.amount_minor for hold in self.staying)

    def lasting_minor(self, at: datetime) -> int:
        """The same without the holds that the provider is about to let go of."""
        soon = at + timedelta(hours=settings.HOLD_RENEW_HOURS)
        lapsing = [one for one in self.staying if one.lapses_at and one.lapses_at <= soon and not self.is_taken(one)]
        return self.covering_minor - sum(hold.amount_minor for hold in lapsing)

    @property
    def captured_minor(self) -> int:
        return sum(hold.captured_minor for hold in self.holds)

    def failed_lately(self, at: datetime) -> bool:
        failed = (hold.closed_at for hold in self.holds if hold.status == HoldStatus.FAILED)
        return any(closed_at and closed_at > at - QUIET_AFTER_FAILURE for closed_at in failed)


def scene_of(job: Job, payment: Payment) -> Scene:
    """Return the scene of a job and its payment, both locked. Cash has no holds."""
    if payment.is_offline:
        return Scene(job, payment)
    holds = list(Hold.objects.select_for_update().filter(payment=payment).order_by("number"))
    for hold in holds:
        hold.payment = payment
    calls = ProviderCall.objects.filter(payment=payment, kind__in=[CallKind.CAPTURE, CallKind.RELEASE])
    rows = calls.exclude(status=CallStatus.REFUSED).values_list("hold_id", "kind", "amount_minor")
    return Scene(job, payment, holds, {(hold_id, kind): amount for hold_id, kind, amount in rows if hold_id})


def scene_lock(payment_id: UUID) -> Scene:
    """Lock the job of a payment, then the payment, then its holds.

    :raises NotFound: if there is none
    """
    job_id = Payment.objects.filter(pk=payment_id).values_list("job_id", flat=True).first()
    if job_id is None:
        raise NotFound
    job = job_get_locked(job_id)
    return scene_of(job, payment_get_locked(payment_id))


def hold_get_by_ref(ref: str) -> Hold | None:
    return Hold.objects.select_related("payment").filter(ref=ref).first() if ref else None


def hold_shown(payment: Payment, viewer: User) -> Hold | None:
    """Return the hold that says how the customer's paying stands: the newest that nobody let go of.

    It is no business of the technician's.
    """
    if payment.is_offline or viewer.role == Role.TECHNICIAN:
        return None
    holds = Hold.objects.select_related("payment").filter(payment=payment).exclude(status=HoldStatus.RELEASED)
    return holds.order_by("-number").first()


def holds_captured(payment_id: UUID) -> list[Hold]:
    return list(Hold.objects.filter(payment=payment_id, status=HoldStatus.CAPTURED).order_by("number"))


def customer_of(user_id: UUID, provider: str) -> ProviderCustomer | None:
    return ProviderCustomer.objects.filter(user=user_id, provider=provider).first()


def payment_ids_to_cover(at: datetime) -> list[UUID]:
    """Return the payments of booked jobs whose visit is near and whose price is not held, or not for long."""
    near = Q(job__booked_from__lte=at + timedelta(days=settings.HOLD_DAYS_AHEAD))
    cards = ProviderCustomer.objects.filter(user=OuterRef("customer"), provider=OuterRef("provider"))
    holds = Hold.objects.filter(payment=OuterRef("pk"), status__in=HOLD_OPEN)
    soon = Q(lapses_at__lte=at + timedelta(hours=settings.HOLD_RENEW_HOURS))
    failed = Hold.objects.filter(
        payment=OuterRef("pk"), status=HoldStatus.FAILED, closed_at__gt=at - QUIET_AFTER_FAILURE
    )
    bare = Q(status=PaymentStatus.PENDING) & ~Exists(holds)
    lapsed = Q(status=PaymentStatus.AUTHORIZED, job__is_payment_required=True)
    lapsing = Q(status=PaymentStatus.AUTHORIZED) & Exists(holds.filter(soon))
    payments = Payment.objects.exclude(provider=Provider.OFFLINE).filter(near, job__status__in=BOOKED)
    payments = payments.filter(bare | lapsed | lapsing, ~Exists(holds.filter(status__in=HOLD_ON_ITS_WAY)))
    payments = payments.filter(Exists(cards.exclude(method="")), ~Exists(failed))
    return list(payments.order_by("job__booked_from", "pk").values_list("pk", flat=True)[:DUE_AT_ONCE])


# Calls


def call_get(call_id: UUID) -> ProviderCall | None:
    return ProviderCall.objects.select_related("payment", "hold").filter(pk=call_id).first()


def call_get_locked(call_id: UUID) -> ProviderCall:
    """Return the call with its row locked. Lock what it is about before.

    :raises NotFound: if there is none
    """
    call = ProviderCall.objects.select_for_update(of=("self",)).filter(pk=call_id).first()
    if call is None:
        raise NotFound
    return call


def call_list_due_locked(at: datetime) -> list[ProviderCall]:
    """Return the calls that are due, locked, those that somebody else has locked left out."""
    due = ProviderCall.objects.filter(status=CallStatus.WAITING, next_try_at__lte=at)
    can_skip = connection.features.has_select_for_update_skip_locked
    return list(due.select_for_update(skip_locked=can_skip).order_by("next_try_at", "id")[:DUE_AT_ONCE])


def calls_of_hold_waiting(hold: Hold) -> list[ProviderCall]:
    """Return what the provider is still asked of the hold, locked. Lock the hold first."""
    waiting = ProviderCall.objects.filter(hold=hold, status=CallStatus.WAITING).exclude(kind=CallKind.REFUND)
    return list(waiting.select_for_update().order_by("pk"))


def call_hold_waiting(hold: Hold) -> UUID | None:
    """Return the call by which the hold was asked for, while it has no answer."""
    waiting = ProviderCall.objects.filter(hold=hold, kind=CallKind.HOLD, status=CallStatus.WAITING)
    return waiting.values_list("pk", flat=True).first()


def call_of_refund_by_ref(ref: str) -> ProviderCall | None:
    return ProviderCall.objects.filter(kind=CallKind.REFUND, ref=ref).first() if ref else None


def calls_stuck(at: datetime) -> QuerySet[ProviderCall]:
    """Return what providers have been asked for long and not answered at all."""
    undecided = ~Q(ref="") | Q(hold__status__in=HOLD_ON_ITS_WAY, hold__ref__gt="")
    waiting = ProviderCall.objects.filter(status=CallStatus.WAITING, created_at__lte=at - STUCK_AFTER)
    return waiting.exclude(undecided)


def calls_of_refund(refund_id: UUID) -> list[ProviderCall]:
    """Return the parts of a refund: of each hold what was asked last."""
    calls = ProviderCall.objects.filter(refund=refund_id, kind=CallKind.REFUND).select_related("hold")
    return list({call.hold_id: call for call in calls.order_by("created_at", "pk")}.values())


def refunded_by_hold(payment_id: UUID) -> dict[UUID | None, int]:
    """Return what of each hold was given back, or is asked to be, or will be asked for again."""
    calls = ProviderCall.objects.filter(payment=payment_id, kind=CallKind.REFUND)
    calls = calls.exclude(refund__status=RefundStatus.FAILED).order_by("created_at", "pk")
    last = {(refund_id, hold_id): minor for refund_id, hold_id, minor in calls.values_list(*_PART)}
    given: dict[UUID | None, int] = {}
    for (_, hold_id), minor in last.items():
        given[hold_id] = given.get(hold_id, 0) + minor
    return given
