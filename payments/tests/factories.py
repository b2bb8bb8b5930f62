from datetime import timedelta

import factory
from django.test import override_settings
from django.utils import timezone

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.money import Money
from jobs.enums import PriceKind
from jobs.selectors import price_current
from jobs.tests.factories import JobFactory, job_assigned, job_completed, price_for
from payments.enums import CallStatus, HoldStatus, Provider
from payments.models import Hold, Payment, PayoutAccount, ProviderCall, ProviderCustomer
from payments.services import call_perform, chargeback_apply, payment_ensure, payout_order, refund_request
from payments.services.movements import move_capture
from payments.services.payouts import payment_release
from payments.tests.fake import CARD
from payments.tests.telling import chargeback_state
from technicians.tests.factories import TechnicianFactory


class PaymentFactory(factory.django.DjangoModelFactory):
    """A PENDING payment over the price of its job."""

    class Meta:
        model = Payment

    job = factory.SubFactory(JobFactory)
    customer = factory.SelfAttribute("job.customer")
    currency = "USD"
    created_at = factory.LazyFunction(timezone.now)


class PayoutAccountFactory(factory.django.DjangoModelFactory):
    """An account whose form the technician has not filled in; with `ready`, one he is paid to."""

    class Meta:
        model = PayoutAccount

    class Params:
        ready = factory.Trait(ready_at=factory.SelfAttribute("created_at"))

    technician = factory.SubFactory(TechnicianFactory)
    provider = Provider.STRIPE
    ref = factory.Sequence(lambda number: f"acct_made_{number}")
    created_at = factory.LazyFunction(timezone.now)


def payment_captured(technician=None, *, job=None, at=None, **kwargs):
    """The payment of a completed job, taken in full and in the books; offline unless `provider` says otherwise."""
    payment = PaymentFactory(job=job or job_completed(technician), **kwargs)
    price = price_current(payment.job_id)
    payment.capture(price=price, technician_id=payment.job.technician_id, at=at or payment.created_at)
    payment.save()
    move_capture(payment, at=payment.captured_at)
    return payment


def payment_held(technician=None, **kwargs):
    """A captured payment whose money a provider has, so that the technician's share is in hold."""
    return payment_captured(technician, provider=Provider.STRIPE, **kwargs)


def payment_authorized(job=None, method=CARD):
    """The payment of an assigned job, its price held; needs the fixture `online`."""
    job = job or job_assigned()
    card_for(job.customer, method)
    payment = payment_ensure(job_id=job.pk)
    calls_perform()
    return Payment.objects.get(pk=payment.pk)


def job_finish(job, amount_minor=None):
    """Complete an assigned job; below the quote, if an amount is given."""
    job.start(at=job.created_at)
    job.save()
    job.complete(work_summary="New washer.", at=job.created_at)
    job.save()
    if amount_minor is not None:
        price_for(job, PriceKind.FINAL, amount_minor=amount_minor, revision=price_current(job.pk).revision + 1)
    return job


def job_call_off(job, fee_minor=0):
    job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=job.created_at)
    job.save()
    if fee_minor:
        price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=fee_minor, revision=price_current(job.pk).revision + 1)
    return job


def hold_for(payment, **kwargs):
    """The first hold of a payment, over what its job costs; HELD unless `status` says otherwise."""
    facts = {"number": 1, "status": HoldStatus.HELD, "method": CARD, "ref": f"pi_{payment.pk.hex}"}
    facts |= {"amount_minor": price_current(payment.job_id).amount_minor}
    facts |= dict.fromkeys(("created_at", "held_at"), payment.created_at)
    return Hold.objects.create(payment=payment, **{**facts, **kwargs})


def card_for(user, method=CARD):
    ProviderCustomer.objects.update_or_create(
        user=user,
        provider=Provider.STRIPE,
        defaults={"method": method},
        create_defaults={"method": method, "created_at": clock.now()},
    )


def calls_perform():
    """Ask the provider everything that it is to be asked, and what follows from its answers."""
    asked = set()
    while due := [pk for pk in calls_waiting() if pk not in asked]:
        for call_id in due:
            asked.add(call_id)
            call_perform(call_id=call_id)


def calls_waiting():
    return list(ProviderCall.objects.filter(status=CallStatus.WAITING).order_by("pk").values_list("pk", flat=True))


def payment_voided(**kwargs):
    payment = PaymentFactory(**kwargs)
    payment.void(at=payment.created_at)
    payment.save()
    return payment


def job_cancelled_with_fee(technician=None, fee_minor=2_000, **kwargs):
    """A job its customer called off late: revision 2 is the fee."""
    job = job_assigned(technician, **kwargs)
    job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=job.created_at)
    job.save()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=fee_minor, revision=2)
    return job


def job_nobody_was_there_for(technician=None, fee_minor=2_000, **kwargs):
    """A job whose technician met nobody at the door: revision 2 is the fee."""
    job = job_assigned(technician, **kwargs)
    job.no_show(note="", by="TECHNICIAN", at=job.created_at)
    job.save()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=fee_minor, revision=2)
    return job


def refund_and_payout(technician):
    """A refund that somebody else has to approve, of a payment in cash, and a payout that is ordered."""
    at = clock.now()
    cash, through = (job_completed(technician, created_at=at - timedelta(days=days)) for days in (6, 5))
    asked = {"actor": UserFactory(admin=True), "amount": Money(100, "USD"), "reason": "It drips."}
    with override_settings(REFUND_SECOND_PERSON_MINOR=0, PAYOUT_HOLD_DAYS=0):
        refund = refund_request(payment_id=payment_captured(job=cash, at=at).pk, **asked)
        payment_release(payment_id=payment_held(job=through, at=at).pk)
        [payout] = payout_order(technician_id=technician.pk, currency="USD")
    return refund, payout


def hold_of(payment, ref="pi_1", **kwargs):
    """What the provider held of a captured payment, all of it taken."""
    hold = Hold(payment=payment, number=1, amount_minor=payment.amount_minor, created_at=payment.created_at)
    hold.hold(ref=ref, lapses_at=None, at=payment.created_at)
    hold.capture(amount_minor=payment.amount_minor, at=payment.captured_at)
    hold.save()
    return hold


def chargeback_of(payment, ref="dp_1", **facts):
    """What the customer's bank took back of a payment whose money a provider had, as the provider told it."""
    hold = payment.holds.first() or hold_of(payment, ref=f"pi_{payment.pk}")
    return chargeback_apply(provider=payment.provider, state=chargeback_state(hold.ref, ref=ref, **facts))
