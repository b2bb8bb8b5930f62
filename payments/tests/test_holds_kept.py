"""What is held for a payment is not lost: not to a card refused for the rest, not to time, not to a sum too small."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.money import Money
from fixmate.core.tests.watch import watch
from jobs.enums import PriceKind
from jobs.models import Job
from jobs.tests.factories import job_assigned, price_for
from payments.enums import HoldStatus, PaymentStatus, RefundStatus
from payments.events import PaymentFailed
from payments.models import Hold, Payment, Refund
from payments.providers import HoldIs, ProviderRefused
from payments.services import (
    hold_refresh,
    payment_authorize,
    payment_capture_for_job,
    payment_ensure,
    payments_cover_due,
    refund_ask_again,
    refund_request,
)
from payments.tests.factories import calls_perform, card_for, job_finish, payment_authorized
from payments.tests.fake import ASKS, CARD, DECLINED

pytestmark = [pytest.mark.django_db]


def stored():
    return Payment.objects.get()


def refs():
    return list(Hold.objects.order_by("number").values_list("ref", flat=True))


def raised(payment, to, *, card=CARD):
    price_for(payment.job, PriceKind.QUOTE_REVISION, amount_minor=to, revision=2)
    card_for(payment.customer, card)
    payment_ensure(job_id=payment.job_id)
    calls_perform()


def ended(payment):
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    calls_perform()


def swept(at):
    with clock.frozen(at):
        payments_cover_due()
        calls_perform()


def lapsed(online, ref, at):
    with clock.frozen(at):
        online.lapse(ref)
        hold_refresh(ref=ref)
        calls_perform()


@pytest.mark.parametrize("card", [DECLINED, ASKS])
def test_what_is_held_is_taken_though_the_rest_is_not(online, card):
    payment = payment_authorized()
    raised(payment, 14_000, card=card)

    ended(payment)

    assert (online.taken_minor, stored().captured_at) == (10_000, None)


def test_the_rest_is_taken_as_soon_as_it_is_held(online):
    payment = payment_authorized()
    raised(payment, 14_000, card=ASKS)
    ended(payment)
    online.confirm(refs()[1])

    hold_refresh(ref=refs()[1])
    calls_perform()

    assert (stored().status, stored().amount_minor, online.taken_minor) == (PaymentStatus.CAPTURED, 14_000, 14_000)


def test_one_whose_hold_lapsed_after_its_renewal_was_refused_fails_and_the_customer_is_told(online, noon, monkeypatch):
    payment = payment_authorized(job=job_assigned(created_at=noon))
    card_for(payment.customer, DECLINED)
    told = watch(monkeypatch, PaymentFailed)
    for hours in (144.1, 156.2):  # a day and half a day before it lapses
        swept(noon + timedelta(hours=hours))
    assert (stored().status, told()) == (PaymentStatus.AUTHORIZED, [])

    lapsed(online, refs()[0], noon + timedelta(days=7))

    assert (stored().status, len(told())) == (PaymentStatus.FAILED, 1)
    assert Job.objects.get().is_payment_required


def test_a_hold_that_lapsed_long_before_the_visit_is_asked_for_again_when_it_is_near(online, noon):
    job = job_assigned(created_at=noon)
    payment_authorized(job=job)
    Job.objects.filter(pk=job.pk).update(booked_from=noon + timedelta(days=14), booked_until=noon + timedelta(days=15))
    lapsed(online, refs()[0], noon + timedelta(days=7))
    assert (online.held_minor, Job.objects.get().is_payment_required) == (0, True)

    swept(noon + timedelta(days=13))

    assert (online.held_minor, Job.objects.get().is_payment_required) == (10_000, False)


def test_a_hold_about_to_lapse_is_replaced_beside_one_that_lasts(online, noon):
    payment = payment_authorized(job=job_assigned(created_at=noon))
    with clock.frozen(noon + timedelta(days=3)):
        raised(payment, 14_000)

    swept(noon + timedelta(days=6, minutes=1))

    held = [hold for hold in online.holds.values() if hold.status == HoldIs.HELD]
    assert sum(hold.amount_minor for hold in held) == 14_000
    assert min(hold.lapses_at for hold in held) > noon + timedelta(days=8)


@pytest.fixture
def least_50(online, monkeypatch):
    hold, capture = online._hold, online._capture

    def checked(minor):
        if minor < 50:
            raise ProviderRefused("too little", code="amount_too_small")

    monkeypatch.setattr(online, "_hold", lambda ask: (checked(ask.amount.minor), hold(ask))[1])
    monkeypatch.setattr(online, "_capture", lambda ref, minor: (checked(minor), capture(ref, minor))[1])


@pytest.mark.usefixtures("least_50")
def test_a_rise_too_small_for_a_card_is_held_together_with_the_rest(online):
    payment = payment_authorized()

    raised(payment, 10_030)
    calls_perform()

    assert (stored().status, online.held_minor) == (PaymentStatus.AUTHORIZED, 10_030)
    ended(payment)
    assert (stored().status, online.taken_minor, online.held_minor) == (PaymentStatus.CAPTURED, 10_030, 0)


@pytest.mark.usefixtures("least_50")
def test_a_rise_too_small_for_a_card_is_taken_from_one_hold_though_the_job_ends_meanwhile(online):
    payment = payment_authorized()
    price_for(payment.job, PriceKind.QUOTE_REVISION, amount_minor=10_030, revision=2)
    payment_ensure(job_id=payment.job_id)

    ended(payment)
    calls_perform()

    assert (stored().status, online.taken_minor, online.held_minor) == (PaymentStatus.CAPTURED, 10_030, 0)


def test_a_hold_whose_capture_was_refused_is_let_go_of(online):
    payment = payment_authorized()
    online.refuses["capture"] = "amount_too_small"
    ended(payment)
    online.refuses.clear()

    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)
    calls_perform()

    assert (online.taken_minor, online.held_minor) == (10_000, 0)
    assert list(Hold.objects.order_by("number").values_list("status", flat=True)) == [
        HoldStatus.FAILED, HoldStatus.CAPTURED,
    ]  # fmt: skip


def test_what_a_refused_part_of_a_refund_needs_is_not_given_back_by_another(online):
    payment, staff = payment_authorized(), UserFactory(admin=True)
    raised(payment, 14_000)
    ended(payment)
    give_back = online._refund

    def first_hold_refuses(hold_ref, minor):
        if hold_ref == refs()[0]:
            raise ProviderRefused("no", code="temporary")
        return give_back(hold_ref, minor)

    online._refund = first_hold_refuses
    first = refund_request(payment_id=payment.pk, actor=staff, amount=Money(12_000, "USD"), reason="a")
    calls_perform()
    online._refund = give_back
    refund_request(payment_id=payment.pk, actor=staff, amount=Money(2_000, "USD"), reason="b")
    calls_perform()
    refund_ask_again(refund_id=first.pk, actor=staff, reason="again")
    calls_perform()

    assert set(Refund.objects.values_list("status", flat=True)) == {RefundStatus.DONE}
