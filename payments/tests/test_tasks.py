from datetime import timedelta

import pytest
from django.db import transaction

from accounts.enums import Role
from fixmate.core import clock, events
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from jobs.events import JobAssigned, JobCancelled, JobCompleted
from jobs.tests.factories import job_assigned, job_cancelled, job_completed
from payments.enums import PaymentEventKind, PaymentStatus
from payments.models import Hold, Payment, PaymentEvent, Payout
from payments.services import payment_authorize, payment_ensure
from payments.tasks import cover_due, order_calls, order_payouts
from payments.tests.factories import PaymentFactory, card_for, job_cancelled_with_fee, payment_authorized, payment_held
from payments.tests.fake import ASKS

pytestmark = pytest.mark.django_db


def publish(event):
    with transaction.atomic():
        events.publish(event)


def assigned(job):
    return JobAssigned(job_id=job.pk, technician_id=job.technician_id)


def completed(job):
    return JobCompleted(job_id=job.pk, technician_id=job.technician_id)


def cancelled(job, *, has_fee):
    return JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=has_fee, cancelled_by=Role.CUSTOMER)


def assert_all_done():
    rows = OutboxMessage.objects.filter(task__startswith="payments.")
    assert set(rows.values_list("status", flat=True)) == {OutboxStatus.DONE}


def test_assignment_makes_the_payment(drain):
    publish(assigned(job_assigned()))

    drain()

    assert Payment.objects.get().status == PaymentStatus.PENDING
    assert_all_done()


def test_assignment_heard_after_a_free_cancellation_makes_none(drain):
    job = job_cancelled()
    publish(JobAssigned(job_id=job.pk, technician_id=job.pk))

    drain()

    assert list(Payment.objects.all()) == []
    assert_all_done()


def test_completion_captures_the_payment(drain):
    publish(completed(job_completed()))

    drain()

    payment = Payment.objects.get()
    assert (payment.status, payment.amount_minor) == (PaymentStatus.CAPTURED, 10_000)
    assert_all_done()


def test_events_heard_twice_and_in_the_wrong_order_capture_once(drain):
    job = job_completed()
    for event in (completed(job), assigned(job), completed(job), assigned(job)):
        publish(event)

    drain()

    assert Payment.objects.get().status == PaymentStatus.CAPTURED
    assert PaymentEvent.objects.filter(kind=PaymentEventKind.CAPTURED).count() == 1
    assert_all_done()


def test_cancellation_with_a_fee_in_cash_leaves_it_owed(drain):
    job = job_cancelled_with_fee(fee_minor=2_000)
    for event in (assigned(job), cancelled(job, has_fee=True), cancelled(job, has_fee=True)):
        publish(event)

    drain()

    payment = Payment.objects.get()
    assert (payment.status, payment.amount_minor) == (PaymentStatus.PENDING, None)
    assert_all_done()


def test_cancellation_without_a_fee_voids_the_payment(drain):
    job = job_cancelled()
    PaymentFactory(job=job)
    publish(cancelled(job, has_fee=False))

    drain()

    assert Payment.objects.get().status == PaymentStatus.VOIDED
    assert_all_done()


def test_paying_again_looks_at_what_the_bank_asked(drain, online):
    payment = payment_authorized(method=ASKS)
    online.confirm(Hold.objects.get().ref)
    payment_authorize(payment_id=payment.pk, actor=payment.customer)

    drain()

    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED
    assert_all_done()


def test_sweeps_order_what_was_lost_and_cover_what_is_near(drain, online, noon):
    job = job_assigned(created_at=noon)
    payment_ensure(job_id=job.pk)
    card_for(job.customer)
    OutboxMessage.objects.all().delete()

    cover_due.apply(throw=True)
    OutboxMessage.objects.all().delete()
    with clock.frozen(noon + timedelta(minutes=1)):
        order_calls.apply(throw=True)
        drain()

    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED


def test_payouts_are_ordered_by_a_sweep(settings):
    settings.PAYOUT_HOLD_DAYS = 0
    payment_held()

    order_payouts.apply(throw=True)

    assert Payout.objects.count() == 1


def test_cancellation_without_a_fee_or_a_payment_makes_none(drain):
    publish(cancelled(job_cancelled(), has_fee=False))

    drain()

    assert list(Payment.objects.all()) == []
    assert_all_done()
