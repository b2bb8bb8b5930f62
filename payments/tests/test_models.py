from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from fixmate.core.errors import IllegalTransition
from fixmate.core.ids import uuid7
from fixmate.core.money import Money, share_minor
from jobs.models import JobPrice
from jobs.tests.factories import job_completed
from payments.enums import HOLD_OPEN, CallKind, CallStatus, HoldStatus, PaymentEventKind, PaymentStatus, Provider
from payments.models import Hold, Payment, PaymentEvent, ProviderCall, ProviderCustomer
from payments.tests.factories import PaymentFactory, hold_for, payment_captured, payment_voided
from technicians.tests.factories import TechnicianFactory

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EDGES = {
    (PaymentStatus.PENDING, "capture"): PaymentStatus.CAPTURED,
    (PaymentStatus.AUTHORIZED, "capture"): PaymentStatus.CAPTURED,
    (PaymentStatus.PENDING, "void"): PaymentStatus.VOIDED,
    (PaymentStatus.AUTHORIZED, "void"): PaymentStatus.VOIDED,
    (PaymentStatus.FAILED, "void"): PaymentStatus.VOIDED,
    (PaymentStatus.PENDING, "authorize"): PaymentStatus.AUTHORIZED,
    (PaymentStatus.FAILED, "authorize"): PaymentStatus.AUTHORIZED,
    (PaymentStatus.PENDING, "fail"): PaymentStatus.FAILED,
    (PaymentStatus.AUTHORIZED, "fail"): PaymentStatus.FAILED,
}
OF_HOLDS = {
    (HoldStatus.ASKED, "need_action"): HoldStatus.ACTION_NEEDED,
    (HoldStatus.ASKED, "hold"): HoldStatus.HELD,
    (HoldStatus.ACTION_NEEDED, "hold"): HoldStatus.HELD,
    (HoldStatus.HELD, "capture"): HoldStatus.CAPTURED,
    **{(status, "release"): HoldStatus.RELEASED for status in HOLD_OPEN},
    **{(status, "fail"): HoldStatus.FAILED for status in HOLD_OPEN},
}
OF_CALLS = {
    (CallStatus.WAITING, "finish"): CallStatus.DONE,
    (CallStatus.WAITING, "refuse"): CallStatus.REFUSED,
}


def price_of(amount_minor, rate=Decimal("0.1500")):
    fee_minor = share_minor(amount_minor, rate)
    return JobPrice(
        amount_minor=amount_minor,
        currency="USD",
        fee_rate=rate,
        fee_source="standard",
        platform_fee_minor=fee_minor,
        technician_earnings_minor=amount_minor - fee_minor,
    )


@pytest.mark.parametrize("before", PaymentStatus.values)
@pytest.mark.parametrize("name", ["capture", "void", "authorize", "fail"])
def test_payment_takes_the_written_edges_alone(before, name):
    payment = Payment(status=before)
    capture = {"price": price_of(100), "technician_id": uuid7(), "at": AT}
    arguments = {"capture": capture, "void": {"at": AT}}.get(name, {})
    expected = EDGES.get((before, name))

    if expected is None:
        with pytest.raises(IllegalTransition):
            getattr(payment, name)(**arguments)
    else:
        getattr(payment, name)(**arguments)

    assert payment.status == (expected or before)


HOLD_FACTS = {
    "need_action": {"ref": "pi_1", "client_secret": "secret"},
    "hold": {"ref": "pi_1", "lapses_at": AT, "at": AT},
    "capture": {"amount_minor": 1, "at": AT},
    "release": {"at": AT},
    "fail": {"ref": "pi_1", "failure": "card_declined", "at": AT},
}


@pytest.mark.parametrize("before", HoldStatus.values)
@pytest.mark.parametrize("name", HOLD_FACTS)
def test_hold_takes_the_written_edges_alone(before, name):
    hold, expected = Hold(status=before), OF_HOLDS.get((before, name))

    with nullcontext() if expected else pytest.raises(IllegalTransition):
        getattr(hold, name)(**HOLD_FACTS[name])

    assert hold.status == (expected or before)


@pytest.mark.parametrize("before", CallStatus.values)
@pytest.mark.parametrize(("name", "facts"), [("finish", {"ref": "pi_1"}), ("refuse", {"error": "No." * 1000})])
def test_call_takes_the_written_edges_alone(before, name, facts):
    call, expected = ProviderCall(status=before), OF_CALLS.get((before, name))

    with nullcontext() if expected else pytest.raises(IllegalTransition):
        getattr(call, name)(**facts, at=AT)

    assert call.status == (expected or before)
    assert len(call.last_error) <= 1000


@given(amount=st.integers(0, 10**12), rate=st.decimals(0, 1, places=4))
def test_capture_copies_a_split_that_adds_up(amount, rate):
    payment = Payment(currency="USD")

    payment.capture(price=price_of(amount, rate), technician_id=uuid7(), at=AT)

    assert payment.platform_fee_minor + payment.technician_earnings_minor == payment.amount_minor == amount
    assert 0 <= payment.platform_fee_minor <= amount
    assert payment.fee_rate == rate


def test_amounts_are_none_before_capture():
    payment = Payment(currency="USD")

    assert (payment.amount, payment.platform_fee, payment.technician_earnings) == (None, None, None)


def test_amounts_are_money_after_capture():
    payment = Payment(currency="USD")

    payment.capture(price=price_of(10_000), technician_id=uuid7(), at=AT)

    assert payment.amount == Money(10_000, "USD")
    assert payment.platform_fee == Money(1_500, "USD")
    assert payment.technician_earnings == Money(8_500, "USD")


def test_payment_and_its_event_name_themselves():
    payment = Payment(status=PaymentStatus.PENDING)

    assert str(payment) == f"PENDING {payment.pk}"
    assert str(PaymentEvent(payment=payment, kind=PaymentEventKind.CREATED)) == f"CREATED {payment.pk}"


# What the database holds


@pytest.mark.django_db
def test_database_refuses_a_second_payment_of_a_job():
    payment = PaymentFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFactory(job=payment.job)

    assert Payment.objects.count() == 1


@pytest.mark.django_db
def test_database_refuses_a_split_that_does_not_add_up():
    payment = PaymentFactory(job=job_completed())
    price = price_of(10_000)
    price.platform_fee_minor += 1
    payment.capture(price=price, technician_id=payment.job.technician_id, at=AT)

    with pytest.raises(IntegrityError, match="payment_split_adds_up"), transaction.atomic():
        payment.save()

    assert Payment.objects.get().amount_minor is None


@pytest.mark.django_db
def test_database_refuses_amounts_before_capture():
    PaymentFactory()

    with pytest.raises(IntegrityError, match="payment_not_captured_has_no_amounts"), transaction.atomic():
        Payment.objects.update(amount_minor=100, platform_fee_minor=15, technician_earnings_minor=85)

    assert Payment.objects.get().amount_minor is None


CHANGES = {
    "amount": {"amount_minor": 11_000, "technician_earnings_minor": 9_500},
    "split": {"platform_fee_minor": 1_000, "technician_earnings_minor": 9_000},
    "rate": {"fee_rate": Decimal("0.1000")},
    "source": {"fee_source": "friends"},
    "time": {"captured_at": AT},
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", CHANGES)
def test_database_refuses_to_change_captured_amounts_by_update(name):
    payment = payment_captured(at=AT + timedelta(days=1))
    columns = ["amount_minor", "platform_fee_minor", "technician_earnings_minor", "fee_rate", "fee_source"]
    before = Payment.objects.values(*columns, "captured_at").get()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(**CHANGES[name])

    assert Payment.objects.values(*columns, "captured_at").get() == before


@pytest.mark.django_db
def test_database_refuses_to_give_captured_earnings_to_somebody_else():
    payment = payment_captured()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        Payment.objects.update(technician=TechnicianFactory())

    assert Payment.objects.get().technician_id == payment.technician_id


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_payment SET amount_minor = 11000, technician_earnings_minor = 9500",
        "UPDATE payments_payment SET fee_source = 'friends'",
        "UPDATE payments_payment SET captured_at = NULL, amount_minor = NULL, platform_fee_minor = NULL,"
        " technician_earnings_minor = NULL, status = 'PENDING'",
    ],
)
def test_database_refuses_to_change_captured_amounts_by_sql(statement):
    payment_captured()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert Payment.objects.get().amount_minor == 10_000


@pytest.mark.django_db
def test_database_lets_a_payout_be_frozen_after_capture():
    payment_captured()

    Payment.objects.update(payout_frozen_at=AT)

    assert Payment.objects.get().payout_frozen_at == AT


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda: PaymentEvent.objects.update(kind=PaymentEventKind.CAPTURED),
        lambda: PaymentEvent.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE payments_paymentevent SET kind = 'CAPTURED'"),
        lambda: connection.cursor().execute("DELETE FROM payments_paymentevent"),
    ],
)
def test_database_refuses_to_change_payment_history(change):
    payment = payment_voided()
    PaymentEvent.objects.create(payment=payment, kind=PaymentEventKind.VOIDED, status=payment.status, at=AT)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()

    assert PaymentEvent.objects.get().kind == PaymentEventKind.VOIDED


# Holds and calls


@pytest.fixture
def hold(db):
    return hold_for(PaymentFactory(provider=Provider.STRIPE))


def call_for(hold, kind=CallKind.CAPTURE, **kwargs):
    about = {"payment": hold.payment, "hold": hold, "created_at": AT, "next_try_at": AT}
    return ProviderCall.objects.create(**{"provider": Provider.STRIPE, "kind": kind, **about, **kwargs})


@pytest.mark.parametrize(
    "changes",
    [
        {"captured_minor": 10_001, "status": HoldStatus.CAPTURED, "closed_at": AT},
        {"status": HoldStatus.CAPTURED, "closed_at": AT},
        {"captured_minor": 1},
        {"ref": ""},
        {"held_at": None},
        {"closed_at": AT},
        {"status": HoldStatus.RELEASED},
        {"status": "ELSEWHERE"},
    ],
)
def test_database_refuses_a_hold_that_cannot_be(hold, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(**changes)


@pytest.mark.parametrize("changes", [{"amount_minor": 1}, {"method": "pm_other"}, {"number": 2}])
def test_database_freezes_what_a_hold_was_asked_for(hold, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(**changes)


@pytest.mark.parametrize("kind", [CallKind.HOLD, CallKind.CAPTURE, CallKind.RELEASE])
def test_database_refuses_to_ask_a_thing_of_a_hold_twice_unless_it_was_refused(hold, kind):
    call_for(hold, kind, status=CallStatus.REFUSED, closed_at=AT)
    call_for(hold, kind)

    with pytest.raises(IntegrityError), transaction.atomic():
        call_for(hold, kind)


@pytest.mark.parametrize(
    "wrong", [{"provider": Provider.OFFLINE}, {"kind": "DANCE"}, {"status": CallStatus.DONE}, {"closed_at": AT}]
)
def test_database_refuses_a_call_that_cannot_be(hold, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        call_for(hold, **wrong)


def test_holds_and_calls_are_named(hold):
    assert str(hold) == f"HELD 10000 of {hold.payment_id}"
    call = call_for(hold)
    assert str(call) == f"WAITING CAPTURE {call.pk}"
    assert str(ProviderCustomer(provider=Provider.STRIPE, ref="cus_1")) == "stripe cus_1"
