"""A payment through an online provider, from the assignment to the end of the job."""

from datetime import timedelta

import pytest

from conftest import NOON
from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from fixmate.core.tests.watch import watch
from jobs.enums import PriceKind
from jobs.models import Job
from jobs.tests.factories import job_assigned, job_cancelled, price_for
from payments.enums import CallKind, CallStatus, HoldStatus, PaymentEventKind, PaymentStatus, Provider
from payments.errors import CardNeeded, PaymentClosed, PaymentOffline
from payments.events import HoldLookedAt, PaymentAuthorized, PaymentCaptured, PaymentFailed, PaymentNeeded
from payments.models import Hold, Payment, PaymentEvent, ProviderCall, ProviderCustomer
from payments.providers import HoldIs
from payments.selectors import payment_is_awaited
from payments.services import (
    card_forget,
    hold_refresh,
    payment_authorize,
    payment_capture_for_job,
    payment_cover,
    payment_ensure,
    payment_settle_cancelled,
    payments_cover_due,
)
from payments.tests.books import balances
from payments.tests.factories import (
    PaymentFactory,
    calls_perform,
    card_for,
    job_call_off,
    job_finish,
    payment_authorized,
    payment_captured,
)
from payments.tests.fake import ASKS, CARD, DECLINED, SLOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def stored():
    return Payment.objects.get()


def holds():
    return list(Hold.objects.order_by("number").values_list("status", "amount_minor", "captured_minor"))


def is_work_waiting():
    return Job.objects.get().is_payment_required


def raise_price(job, to):
    price_for(job, PriceKind.QUOTE_REVISION, amount_minor=to, revision=2)


# The assignment


def test_the_price_is_held_when_the_job_is_assigned(online, monkeypatch):
    authorized = watch(monkeypatch, PaymentAuthorized)
    payment = payment_authorized()

    assert (payment.status, payment.provider) == (PaymentStatus.AUTHORIZED, Provider.STRIPE)
    assert holds() == [(HoldStatus.HELD, 10_000, 0)]
    assert online.held_minor == 10_000
    assert authorized() == [{"payment_id": str(payment.pk), "job_id": str(payment.job_id)}]
    assert list(PaymentEvent.objects.order_by("id").values_list("kind", flat=True)) == [
        PaymentEventKind.CREATED, PaymentEventKind.HOLD_ASKED, PaymentEventKind.AUTHORIZED,
    ]  # fmt: skip
    assert ProviderCustomer.objects.get().ref == f"cus_{payment.customer_id}"


def test_an_assignment_heard_twice_asks_once(online):
    payment = payment_authorized()

    payment_ensure(job_id=payment.job_id)
    calls_perform()

    assert online.asked == ["customer", "hold"]


def test_without_a_card_work_waits_and_the_customer_is_told(online, monkeypatch):
    needed = watch(monkeypatch, PaymentNeeded)
    job = job_assigned()

    payment = payment_ensure(job_id=job.pk)

    assert (stored().status, holds(), is_work_waiting()) == (PaymentStatus.PENDING, [], True)
    assert needed() == [{"payment_id": str(payment.pk), "job_id": str(job.pk)}]


def test_work_may_begin_once_the_price_is_held(online):
    job = job_assigned()
    payment_ensure(job_id=job.pk)
    assert is_work_waiting()

    card_for(job.customer)
    payment_ensure(job_id=job.pk)
    assert is_work_waiting()
    calls_perform()

    assert not is_work_waiting()


def test_a_refused_card_fails_the_payment_and_is_not_tried_again_by_itself(online, monkeypatch):
    failed = watch(monkeypatch, PaymentFailed)

    payment = payment_authorized(method=DECLINED)
    payments_cover_due()
    calls_perform()

    assert (payment.status, is_work_waiting()) == (PaymentStatus.FAILED, True)
    assert Hold.objects.get().failure == "card_declined"
    assert failed() == [{"payment_id": str(payment.pk), "job_id": str(payment.job_id)}]
    assert online.asked.count("hold") == 1


def test_a_provider_that_refuses_to_hold_fails_the_payment(online):
    online.refuses["hold"] = "parameter_invalid"

    payment = payment_authorized()

    assert payment.status == PaymentStatus.FAILED
    assert ProviderCall.objects.get().last_error == "parameter_invalid No."


def test_another_card_takes_the_place_of_the_refused_one(online):
    payment = payment_authorized(method=DECLINED)

    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)
    calls_perform()

    assert (stored().status, is_work_waiting()) == (PaymentStatus.AUTHORIZED, False)
    assert holds() == [(HoldStatus.FAILED, 10_000, 0), (HoldStatus.HELD, 10_000, 0)]


def test_a_card_whose_bank_asks_waits_for_the_customer(online, monkeypatch):
    told = watch(monkeypatch, PaymentNeeded, HoldLookedAt)
    payment = payment_authorized(method=ASKS)
    hold = Hold.objects.get()

    assert (payment.status, hold.status) == (PaymentStatus.PENDING, HoldStatus.ACTION_NEEDED)
    assert hold.client_secret == f"{hold.ref}_secret"
    ids = {"payment_id": str(payment.pk), "job_id": str(payment.job_id)}
    assert told() == [ids]

    online.confirm(hold.ref)
    payment_authorize(payment_id=payment.pk, actor=payment.customer)
    assert told() == [ids, {"ref": hold.ref}]
    assert hold_refresh(ref=hold.ref)

    hold = Hold.objects.get()
    assert (stored().status, hold.status, hold.client_secret) == (PaymentStatus.AUTHORIZED, HoldStatus.HELD, "")
    assert ProviderCall.objects.get().status == CallStatus.DONE


def test_a_confirmation_is_found_without_being_told_of(online):
    payment_authorized(method=ASKS)
    online.confirm(Hold.objects.get().ref)

    calls_perform()

    assert stored().status == PaymentStatus.AUTHORIZED


def test_a_look_at_what_has_not_changed_changes_nothing(online, monkeypatch):
    payment_authorized(method=ASKS)
    needed = watch(monkeypatch, PaymentNeeded)
    hold = Hold.objects.get()

    hold_refresh(ref=hold.ref)
    calls_perform()
    online.confirm(hold.ref)
    for _ in range(2):
        hold_refresh(ref=hold.ref)

    assert (stored().status, needed()) == (PaymentStatus.AUTHORIZED, [])
    assert holds() == [(HoldStatus.HELD, 10_000, 0)]


def test_another_card_lets_go_of_the_one_that_waits_for_a_confirmation(online):
    payment = payment_authorized(method=ASKS)

    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)
    calls_perform()

    assert holds() == [(HoldStatus.RELEASED, 10_000, 0), (HoldStatus.HELD, 10_000, 0)]
    assert not ProviderCall.objects.filter(status=CallStatus.WAITING).exists()


def test_a_hold_under_way_is_looked_at_again(online):
    payment_authorized(method=SLOW)
    hold = Hold.objects.get()
    assert (hold.status, hold.ref != "", stored().status) == (HoldStatus.ASKED, True, PaymentStatus.PENDING)

    online.confirm(hold.ref)
    calls_perform()

    assert online.asked == ["customer", "hold", "hold_state"]
    assert stored().status == PaymentStatus.AUTHORIZED


def test_a_refused_card_keeps_nobody_from_ending_a_job_for_nothing(online):
    payment = payment_authorized(method=DECLINED)

    payment_capture_for_job(job_id=job_finish(payment.job, amount_minor=0).pk)

    assert (stored().status, stored().amount_minor) == (PaymentStatus.CAPTURED, 0)


def test_paying_what_has_come_to_nothing_closes_it(online):
    payment = payment_ensure(job_id=job_assigned().pk)
    job_finish(payment.job, amount_minor=0)

    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)

    assert (stored().status, holds()) == (PaymentStatus.CAPTURED, [])


def test_a_payment_that_is_over_is_not_covered(online):
    payment = payment_captured(provider=Provider.STRIPE)

    assert payment_cover(payment_id=payment.pk)
    with pytest.raises(NotFound):
        payment_cover(payment_id=uuid7())

    assert holds() == []


def test_a_refusal_of_what_is_closed_changes_nothing(online):
    payment = payment_authorized()
    job_call_off(payment.job)
    payment_settle_cancelled(job_id=payment.job_id)
    hold = Hold.objects.get()
    online.refuses["release"] = "unexpected_state"
    hold.release(at=hold.created_at)
    hold.save()

    calls_perform()

    assert holds() == [(HoldStatus.RELEASED, 10_000, 0)]


def test_a_job_for_nothing_needs_no_hold(online):
    job = job_assigned()
    price_for(job, PriceKind.QUOTE_REVISION, amount_minor=0, revision=2)

    payment_ensure(job_id=job.pk)
    payment_capture_for_job(job_id=job_finish(job).pk)

    assert (stored().status, stored().amount_minor, online.asked) == (PaymentStatus.CAPTURED, 0, [])


def test_work_is_waited_for_as_long_as_the_price_is_not_held(online, settings):
    job = job_assigned()
    assert payment_is_awaited(job.pk)

    payment = payment_authorized(job=job)
    assert not payment_is_awaited(job.pk)

    Payment.objects.update(status=PaymentStatus.PENDING)
    assert payment_is_awaited(job.pk)
    Payment.objects.update(status=PaymentStatus.AUTHORIZED)
    Hold.objects.update(status=HoldStatus.RELEASED, closed_at=job.created_at)
    assert payment_is_awaited(job.pk)
    Payment.objects.update(provider=Provider.OFFLINE)
    assert not payment_is_awaited(job.pk)
    settings.PAYMENT_PROVIDER = Provider.OFFLINE
    assert not payment_is_awaited(job_assigned().pk)
    assert payment.job == job


# Visits far ahead


@pytest.fixture
def booked(noon):
    """A job booked nine days ahead."""
    job = job_assigned(created_at=noon)
    Job.objects.filter(pk=job.pk).update(booked_from=noon + timedelta(days=9), booked_until=noon + timedelta(days=10))
    card_for(job.customer)
    return job


def test_what_is_booked_far_ahead_is_held_when_the_visit_is_near(online, booked):
    payment_ensure(job_id=booked.pk)
    calls_perform()
    assert (payments_cover_due(), holds(), is_work_waiting()) == (0, [], True)

    with clock.frozen(NOON + timedelta(days=5)):
        assert payments_cover_due() == 1
        calls_perform()
        assert payments_cover_due() == 0

    assert (stored().status, is_work_waiting()) == (PaymentStatus.AUTHORIZED, False)


def test_a_hold_about_to_lapse_is_replaced(online, noon):
    payment = payment_authorized(job=job_assigned(created_at=noon))

    with clock.frozen(noon + timedelta(days=6, minutes=1)):
        assert payments_cover_due() == 1
        calls_perform()
        assert payments_cover_due() == 0

    assert holds() == [(HoldStatus.RELEASED, 10_000, 0), (HoldStatus.HELD, 10_000, 0)]
    assert (payment.status, online.held_minor) == (PaymentStatus.AUTHORIZED, 10_000)


def test_a_card_that_is_refused_when_its_hold_is_replaced_fails_nothing_yet(online, noon):
    payment = payment_authorized(job=job_assigned(created_at=noon))
    card_for(payment.customer, DECLINED)

    with clock.frozen(noon + timedelta(days=6, minutes=1)):
        payments_cover_due()
        calls_perform()
        assert payments_cover_due() == 0

    assert stored().status == PaymentStatus.AUTHORIZED
    assert holds() == [(HoldStatus.HELD, 10_000, 0), (HoldStatus.FAILED, 10_000, 0)]


def test_a_hold_that_lapsed_is_asked_for_anew(online):
    payment_authorized()
    ref = Hold.objects.get().ref
    online.lapse(ref)

    hold_refresh(ref=ref)
    calls_perform()

    assert holds() == [(HoldStatus.RELEASED, 10_000, 0), (HoldStatus.HELD, 10_000, 0)]
    assert PaymentEvent.objects.filter(kind=PaymentEventKind.HOLD_RELEASED).count() == 1


# More work on site


def test_a_rise_is_held_by_a_second_hold(online):
    payment = payment_authorized()
    raise_price(payment.job, 14_000)

    payment_ensure(job_id=payment.job_id)
    calls_perform()

    assert holds() == [(HoldStatus.HELD, 10_000, 0), (HoldStatus.HELD, 4_000, 0)]
    assert stored().status == PaymentStatus.AUTHORIZED


def test_a_rise_that_is_refused_fails_the_payment_until_it_is_paid_otherwise(online):
    payment = payment_authorized()
    raise_price(payment.job, 14_000)
    card_for(payment.customer, DECLINED)
    payment_ensure(job_id=payment.job_id)
    calls_perform()
    assert stored().status == PaymentStatus.FAILED

    job_finish(payment.job)
    payment_capture_for_job(job_id=payment.job_id)
    calls_perform()
    assert (stored().status, online.taken_minor) == (PaymentStatus.FAILED, 10_000)
    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)
    calls_perform()

    assert (stored().status, stored().amount_minor, online.taken_minor) == (PaymentStatus.CAPTURED, 14_000, 14_000)


# The end


def test_completion_takes_what_is_held(online, monkeypatch):
    captured = watch(monkeypatch, PaymentCaptured)
    payment = payment_authorized()
    job_finish(payment.job)

    payment_capture_for_job(job_id=payment.job_id)
    assert (stored().status, captured()) == (PaymentStatus.AUTHORIZED, [])
    calls_perform()

    assert (stored().status, stored().technician_earnings_minor) == (PaymentStatus.CAPTURED, 8_500)
    assert (holds(), online.taken_minor) == ([(HoldStatus.CAPTURED, 10_000, 10_000)], 10_000)
    assert balances() == {"PROVIDER_CLEARING": 10_000, "PLATFORM_FEE": -1_500, "TECHNICIAN_HELD": -8_500}
    assert len(captured()) == 1


def test_completion_below_the_quote_takes_no_more(online):
    payment = payment_authorized()
    job_finish(payment.job, amount_minor=7_000)

    payment_capture_for_job(job_id=payment.job_id)
    calls_perform()

    assert (stored().amount_minor, online.taken_minor) == (7_000, 7_000)


@pytest.mark.parametrize(
    ("final", "captured"),
    [(14_000, [10_000, 4_000]), (12_000, [10_000, 2_000]), (10_000, [10_000, 0]), (6_000, [6_000, 0])],
)
def test_completion_takes_one_hold_after_the_other_and_releases_the_rest(online, final, captured):
    payment = payment_authorized()
    raise_price(payment.job, 14_000)
    payment_ensure(job_id=payment.job_id)
    calls_perform()
    job_finish(payment.job, amount_minor=final)

    payment_capture_for_job(job_id=payment.job_id)
    calls_perform()

    assert [hold[2] for hold in holds()] == captured
    assert (stored().amount_minor, online.taken_minor, online.held_minor) == (final, final, 0)


def test_completion_before_the_hold_is_answered_takes_it_after(online):
    online.away = 1
    payment = payment_authorized()
    job_finish(payment.job)

    payment_capture_for_job(job_id=payment.job_id)
    assert stored().status == PaymentStatus.PENDING
    calls_perform()

    assert (stored().status, online.taken_minor) == (PaymentStatus.CAPTURED, 10_000)


def test_completion_without_a_card_waits_for_one(online):
    job = job_finish(job_assigned())
    payment = payment_capture_for_job(job_id=job.pk)
    assert payment.status == PaymentStatus.PENDING

    payment_authorize(payment_id=payment.pk, actor=job.customer, method=CARD)
    calls_perform()

    assert (stored().status, online.taken_minor) == (PaymentStatus.CAPTURED, 10_000)


def test_a_capture_that_is_refused_asks_the_customer_to_pay_another_way(online, monkeypatch):
    failed = watch(monkeypatch, PaymentFailed)
    payment = payment_authorized()
    job_finish(payment.job)
    online.refuses["capture"] = "charge_expired_for_capture"

    payment_capture_for_job(job_id=payment.job_id)
    calls_perform()
    assert (stored().status, holds()) == (PaymentStatus.FAILED, [(HoldStatus.FAILED, 10_000, 0)])
    assert len(failed()) == 1
    online.refuses.clear()
    payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)
    calls_perform()

    assert (stored().status, stored().amount_minor) == (PaymentStatus.CAPTURED, 10_000)


def test_a_capture_the_provider_has_made_by_itself_is_not_asked_for_again(online):
    payment = payment_authorized()
    job_finish(payment.job)
    payment_capture_for_job(job_id=payment.job_id)
    ref = Hold.objects.get().ref
    online._capture(ref, 10_000)

    hold_refresh(ref=ref)
    calls_perform()

    assert stored().status == PaymentStatus.CAPTURED
    assert "capture" not in online.asked


def test_what_the_provider_took_by_itself_while_the_job_is_open_lets_the_work_go_on(online):
    payment = payment_authorized()
    online._capture(Hold.objects.get().ref, 10_000)

    hold_refresh(ref=Hold.objects.get().ref)
    calls_perform()

    assert (stored().status, is_work_waiting()) == (PaymentStatus.AUTHORIZED, False)
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    assert (stored().status, online.taken_minor, Hold.objects.count()) == (PaymentStatus.CAPTURED, 10_000, 1)


def test_beside_what_the_provider_took_by_itself_a_rise_is_waited_for(online):
    payment = payment_authorized()
    online._capture(Hold.objects.get().ref, 10_000)
    hold_refresh(ref=Hold.objects.get().ref)
    raise_price(payment.job, 14_000)

    payment_ensure(job_id=payment.job_id)
    assert is_work_waiting()
    calls_perform()

    assert (is_work_waiting(), online.taken_minor, online.held_minor) == (False, 10_000, 4_000)


def test_what_was_taken_in_one_go_counts_as_held_and_taken(online):
    payment = payment_authorized(method=ASKS)
    ref = Hold.objects.get().ref
    online.confirm(ref)
    online._capture(ref, 10_000)

    hold_refresh(ref=ref)
    payment_capture_for_job(job_id=job_finish(payment.job).pk)

    assert (stored().status, holds()) == (PaymentStatus.CAPTURED, [(HoldStatus.CAPTURED, 10_000, 10_000)])


def test_a_free_cancellation_voids_at_once_and_lets_go(online):
    payment = payment_authorized()
    job_call_off(payment.job)

    payment_settle_cancelled(job_id=payment.job_id)
    assert stored().status == PaymentStatus.VOIDED
    calls_perform()

    assert (holds(), online.held_minor) == ([(HoldStatus.RELEASED, 10_000, 0)], 0)


def test_a_hold_that_comes_after_the_cancellation_is_let_go(online):
    online.away = 1
    payment = payment_authorized()
    job_call_off(payment.job)
    payment_settle_cancelled(job_id=payment.job_id)

    calls_perform()

    assert (stored().status, holds(), online.held_minor) == (
        PaymentStatus.VOIDED, [(HoldStatus.RELEASED, 10_000, 0)], 0,
    )  # fmt: skip


def test_a_late_cancellation_takes_the_fee(online):
    payment = payment_authorized()
    job_call_off(payment.job, fee_minor=2_000)

    payment_settle_cancelled(job_id=payment.job_id)
    calls_perform()

    assert (stored().status, stored().amount_minor, online.taken_minor) == (PaymentStatus.CAPTURED, 2_000, 2_000)


def test_a_late_cancellation_without_a_hold_has_the_fee_held_first(online):
    job = job_call_off(job_assigned(), fee_minor=2_000)
    card_for(job.customer)

    payment_settle_cancelled(job_id=job.pk)
    calls_perform()

    assert holds() == [(HoldStatus.CAPTURED, 2_000, 2_000)]
    assert (stored().status, online.taken_minor) == (PaymentStatus.CAPTURED, 2_000)


def test_a_confirmation_after_all_is_let_go_of(online):
    payment = payment_authorized(method=ASKS)
    hold = Hold.objects.get()
    online.fail(hold.ref)
    hold_refresh(ref=hold.ref)
    assert stored().status == PaymentStatus.FAILED

    online.confirm(hold.ref)
    hold_refresh(ref=hold.ref)
    calls_perform()

    assert (stored().status, online.holds[hold.ref].status) == (PaymentStatus.FAILED, HoldIs.RELEASED)
    assert payment.captured_at is None


def test_a_release_that_is_refused_closes_the_hold(online):
    payment = payment_authorized()
    online.refuses["release"] = "unexpected_state"
    job_call_off(payment.job)

    payment_settle_cancelled(job_id=payment.job_id)
    calls_perform()

    assert holds() == [(HoldStatus.FAILED, 10_000, 0)]


# The customer's own act


def test_paying_asks_for_the_hold_once(online):
    job = job_assigned()
    payment = payment_ensure(job_id=job.pk)

    for _ in range(3):
        payment_authorize(payment_id=payment.pk, actor=job.customer, method=CARD)
    calls_perform()
    payment_authorize(payment_id=payment.pk, actor=job.customer)
    calls_perform()

    assert online.asked == ["customer", "hold"]


def test_paying_far_ahead_keeps_the_card(online, booked):
    payment = payment_ensure(job_id=booked.pk)

    payment_authorize(payment_id=payment.pk, actor=booked.customer, method=ASKS)

    assert (ProviderCustomer.objects.get().method, holds()) == (ASKS, [])


def test_paying_refuses_without_a_card(online):
    payment = payment_ensure(job_id=job_assigned().pk)

    with pytest.raises(CardNeeded):
        payment_authorize(payment_id=payment.pk, actor=payment.customer)

    assert holds() == []


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (PaymentFactory, PaymentOffline),
        (lambda: payment_captured(provider=Provider.STRIPE), PaymentClosed),
    ],
)
def test_paying_refuses_what_is_paid_otherwise(online, make, refusal):
    payment = make()

    with pytest.raises(refusal):
        payment_authorize(payment_id=payment.pk, actor=payment.customer, method=CARD)

    assert list(ProviderCustomer.objects.all()) == []


def test_a_look_at_somebody_elses_hold_finds_nothing(online):
    assert not hold_refresh(ref="pi_of_another")
    assert not hold_refresh(ref="")


def test_a_card_is_forgotten_with_its_account(online):
    payment = payment_authorized()

    card_forget(payment.customer)

    assert ProviderCustomer.objects.get().method == ""


# Cash


def test_cash_asks_nobody(online, settings):
    settings.PAYMENT_PROVIDER = Provider.OFFLINE
    job = job_assigned()
    Job.objects.update(is_payment_required=True)

    payment_ensure(job_id=job.pk)
    assert not is_work_waiting()
    payment_capture_for_job(job_id=job_finish(job).pk)

    assert (stored().status, online.asked) == (PaymentStatus.CAPTURED, [])


def test_a_called_off_job_has_no_online_payment(online):
    assert payment_ensure(job_id=job_cancelled().pk) is None
    assert CallKind.HOLD not in online.asked
