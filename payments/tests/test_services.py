import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.enums import JobStatus, PriceKind
from jobs.models import Job, JobEvent, JobPrice
from jobs.tests.factories import JobFactory, job_assigned, job_cancelled, job_completed, job_in_progress, price_for
from payments.enums import PaymentEventKind, PaymentStatus
from payments.errors import JobNotSettled
from payments.events import PaymentCaptured, PaymentVoided
from payments.models import Payment, PaymentEvent
from payments.services import (
    payment_capture_for_job,
    payment_ensure,
    payment_freeze,
    payment_settle_cancelled,
    payment_unfreeze,
    payment_void_for_job,
)
from payments.tests.books import balances
from payments.tests.factories import PaymentFactory, job_cancelled_with_fee, payment_captured, payment_voided

pytestmark = pytest.mark.django_db


def history():
    return list(PaymentEvent.objects.order_by("id").values_list("kind", "status"))


def assert_nothing_written():
    assert list(Payment.objects.all()) == []
    assert list(PaymentEvent.objects.all()) == []
    assert list(OutboxMessage.objects.all()) == []


# Making it


def test_payment_ensure_makes_a_pending_payment(noon):
    job = job_assigned()

    payment = payment_ensure(job_id=job.pk)

    stored = Payment.objects.get()
    assert stored == payment
    assert (stored.job_id, stored.customer_id, stored.currency) == (job.pk, job.customer_id, "USD")
    assert (stored.status, stored.created_at, stored.technician_id) == (PaymentStatus.PENDING, noon, None)
    assert stored.amount is None
    assert history() == [(PaymentEventKind.CREATED, PaymentStatus.PENDING)]


def test_payment_ensure_twice_makes_one():
    job = job_assigned()

    first, second = payment_ensure(job_id=job.pk), payment_ensure(job_id=job.pk)

    assert first == second
    assert history() == [(PaymentEventKind.CREATED, PaymentStatus.PENDING)]


def test_payment_ensure_makes_none_for_a_job_called_off_for_nothing():
    job = job_cancelled()

    assert payment_ensure(job_id=job.pk) is None
    assert_nothing_written()


def test_payment_ensure_refuses_an_unknown_job():
    with pytest.raises(NotFound):
        payment_ensure(job_id=uuid7())

    assert_nothing_written()


# Taking it


def test_payment_capture_copies_the_price_of_a_completed_job(noon, monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)
    job = job_completed()
    PaymentFactory(job=job)

    payment = payment_capture_for_job(job_id=job.pk)

    price = JobPrice.objects.get(job=job)
    stored = Payment.objects.get()
    assert stored == payment
    assert (stored.status, stored.captured_at) == (PaymentStatus.CAPTURED, noon)
    assert (stored.amount, stored.platform_fee) == (price.amount, price.platform_fee)
    assert stored.technician_earnings == price.technician_earnings
    assert (stored.fee_rate, stored.fee_source) == (price.fee_rate, price.fee_source)
    assert stored.technician_id == job.technician_id
    assert PaymentEvent.objects.get().data == {"price_revision": 1}
    assert published() == [{"payment_id": str(payment.pk), "job_id": str(job.pk)}]


def test_payment_capture_makes_the_payment_if_nothing_has():
    job = job_completed()

    payment = payment_capture_for_job(job_id=job.pk)

    assert payment.amount_minor == 10_000
    assert history() == [
        (PaymentEventKind.CREATED, PaymentStatus.PENDING),
        (PaymentEventKind.CAPTURED, PaymentStatus.CAPTURED),
    ]


def test_payment_capture_takes_the_newest_revision():
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=7_777, revision=2)

    payment = payment_capture_for_job(job_id=job.pk)

    split = (payment.amount_minor, payment.platform_fee_minor, payment.technician_earnings_minor)
    assert split == (7_777, 1_167, 6_610)
    assert PaymentEvent.objects.get(kind=PaymentEventKind.CAPTURED).data == {"price_revision": 2}


def test_payment_capture_twice_leaves_the_first(monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)
    job = job_completed()
    first = payment_capture_for_job(job_id=job.pk)
    price_for(job, PriceKind.FINAL, amount_minor=7_777, revision=2)

    second = payment_capture_for_job(job_id=job.pk)

    assert second == first
    assert Payment.objects.get().amount_minor == 10_000
    assert len(history()) == 2
    assert len(published()) == 1


def test_payment_capture_takes_a_cancellation_fee():
    job = job_cancelled_with_fee()

    payment = payment_capture_for_job(job_id=job.pk)

    assert (payment.amount_minor, payment.technician_id) == (2_000, job.technician_id)


@pytest.mark.parametrize("make", [JobFactory, job_assigned, job_in_progress, job_cancelled])
def test_payment_capture_refuses_a_job_that_owes_nothing(make):
    job = make()

    with pytest.raises(JobNotSettled):
        payment_capture_for_job(job_id=job.pk)

    assert_nothing_written()


def test_payment_capture_refuses_a_voided_payment():
    job = job_completed()
    payment_voided(job=job)

    with pytest.raises(IllegalTransition):
        payment_capture_for_job(job_id=job.pk)

    assert Payment.objects.get().status == PaymentStatus.VOIDED
    assert history() == []


def test_payment_capture_is_undone_when_it_cannot_be_posted(monkeypatch):
    def fail(payment, **_):
        raise ConnectionError

    monkeypatch.setattr("payments.services.following.move_capture", fail)
    job = job_completed()

    with pytest.raises(ConnectionError):
        payment_capture_for_job(job_id=job.pk)

    assert_nothing_written()


# Giving it up


def test_payment_void_refuses_a_captured_payment():
    payment = payment_captured()
    ended = {"status": JobStatus.CANCELLED, "cancelled_at": payment.captured_at, "completed_at": None}
    Job.objects.filter(pk=payment.job_id).update(**ended)

    with pytest.raises(IllegalTransition):
        payment_void_for_job(job_id=payment.job_id)

    assert Payment.objects.get().status == PaymentStatus.CAPTURED


def test_payment_void_ends_the_payment_of_a_job_called_off(noon, monkeypatch):
    published = watch(monkeypatch, PaymentVoided)
    job = job_cancelled()
    payment = PaymentFactory(job=job)

    payment_void_for_job(job_id=job.pk)

    stored = Payment.objects.get()
    assert (stored.status, stored.voided_at, stored.amount) == (PaymentStatus.VOIDED, noon, None)
    assert history() == [(PaymentEventKind.VOIDED, PaymentStatus.VOIDED)]
    assert published() == [{"payment_id": str(payment.pk), "job_id": str(job.pk)}]


def test_payment_void_twice_leaves_the_first(monkeypatch):
    published = watch(monkeypatch, PaymentVoided)
    job = job_cancelled()
    PaymentFactory(job=job)

    first, second = payment_void_for_job(job_id=job.pk), payment_void_for_job(job_id=job.pk)

    assert first == second
    assert len(history()) == 1
    assert len(published()) == 1


def test_payment_void_without_a_payment_makes_none():
    job = job_cancelled()

    assert payment_void_for_job(job_id=job.pk) is None
    assert_nothing_written()


@pytest.mark.parametrize("make", [job_assigned, job_completed, job_cancelled_with_fee])
def test_payment_void_refuses_a_job_that_may_still_cost(make):
    job = make()
    PaymentFactory(job=job)

    with pytest.raises(JobNotSettled):
        payment_void_for_job(job_id=job.pk)

    assert Payment.objects.get().status == PaymentStatus.PENDING
    assert history() == []


def test_payment_settle_cancelled_leaves_a_fee_in_cash_owed(monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)
    job = job_cancelled_with_fee(fee_minor=2_000)

    first, second = (payment_settle_cancelled(job_id=job.pk) for _ in range(2))

    assert first == second == Payment.objects.get()
    assert (first.status, first.amount, balances()) == (PaymentStatus.PENDING, None, {})
    assert history() == [(PaymentEventKind.CREATED, PaymentStatus.PENDING)]
    assert published() == []


def test_payment_settle_cancelled_voids_without_a_fee():
    payment = PaymentFactory(job=job_cancelled())

    payment_settle_cancelled(job_id=payment.job_id)

    assert Payment.objects.get().status == PaymentStatus.VOIDED


def test_payment_settle_cancelled_refuses_an_open_job():
    with pytest.raises(JobNotSettled):
        payment_settle_cancelled(job_id=job_assigned().pk)

    assert_nothing_written()


# The payout


def test_payment_freeze_holds_the_payout_back(noon):
    payment = payment_captured()
    actor = payment.customer

    payment_freeze(job_id=payment.job_id, actor=actor)

    assert Payment.objects.get().payout_frozen_at == noon
    event = PaymentEvent.objects.get()
    assert (event.kind, event.status, event.actor, event.at) == ("FROZEN", "CAPTURED", actor, noon)


def test_payment_freeze_makes_the_payment_if_nothing_has(noon):
    job = job_assigned()

    payment = payment_freeze(job_id=job.pk, actor=job.customer)

    assert (payment.status, payment.payout_frozen_at) == (PaymentStatus.PENDING, noon)
    assert [kind for kind, _ in history()] == [PaymentEventKind.CREATED, PaymentEventKind.FROZEN]


def test_payment_freeze_twice_is_one():
    payment = payment_captured()

    for _ in range(2):
        payment_freeze(job_id=payment.job_id, actor=payment.customer)

    assert [kind for kind, _ in history()] == [PaymentEventKind.FROZEN]


def test_payment_freeze_of_a_job_called_off_for_nothing_does_nothing():
    job = job_cancelled()

    assert payment_freeze(job_id=job.pk, actor=job.customer) is None
    assert_nothing_written()


def test_payment_stays_frozen_through_its_capture(noon):
    job = job_completed()
    payment_freeze(job_id=job.pk, actor=job.customer)

    payment = payment_capture_for_job(job_id=job.pk)

    assert (payment.status, payment.payout_frozen_at) == (PaymentStatus.CAPTURED, noon)


def test_payment_unfreeze_lets_the_payout_go():
    payment = payment_captured()
    payment_freeze(job_id=payment.job_id, actor=payment.customer)
    staff = UserFactory(admin=True)

    payment_unfreeze(job_id=payment.job_id, actor=staff)

    assert Payment.objects.get().payout_frozen_at is None
    assert PaymentEvent.objects.get(kind=PaymentEventKind.UNFROZEN).actor == staff


def test_payment_unfreeze_of_a_free_payout_does_nothing():
    payment = payment_captured()

    payment_unfreeze(job_id=payment.job_id, actor=payment.customer)

    assert history() == []


def test_payment_unfreeze_without_a_payment_makes_none():
    job = job_cancelled()

    assert payment_unfreeze(job_id=job.pk, actor=job.customer) is None
    assert_nothing_written()


# Races


@pytest.mark.postgres
def test_payment_capture_locks_the_job_then_the_payment_then_the_books():
    payment = PaymentFactory(job=job_completed())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        payment_capture_for_job(job_id=payment.job_id)

    statements = [query["sql"] for query in queries]
    locks = [sql for sql in statements if "FOR UPDATE" in sql]
    tables = ("jobs_job", "payments_payment", "payments_ledgerhead", "payments_ledgeraccount")
    assert [f'FROM "{table}"' in lock for table, lock in zip(tables, locks, strict=True)] == [True] * 4
    first_update = next(number for number, sql in enumerate(statements) if sql.startswith("UPDATE"))
    assert statements.index(locks[1]) < first_update


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_captures_at_once_take_the_money_once(monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)
    job = job_completed()
    job_events = JobEvent.objects.count()

    results = at_once(*[lambda: payment_capture_for_job(job_id=job.pk)] * 8)

    payment = Payment.objects.get()
    assert results == [payment] * 8
    assert [kind for kind, _ in history()] == [PaymentEventKind.CREATED, PaymentEventKind.CAPTURED]
    assert published() == [{"payment_id": str(payment.pk), "job_id": str(job.pk)}]
    assert (JobEvent.objects.count(), JobPrice.objects.count(), AuditEntry.objects.count()) == (job_events, 1, 0)
    assert balances() == {"TECHNICIAN_RECEIVABLE": 1_500, "PLATFORM_FEE": -1_500}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_ensures_at_once_make_one_payment():
    job = job_assigned()

    results = at_once(*[lambda: payment_ensure(job_id=job.pk)] * 8)

    assert results == [Payment.objects.get()] * 8
    assert history() == [(PaymentEventKind.CREATED, PaymentStatus.PENDING)]
    assert list(OutboxMessage.objects.all()) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("make", "status"), [(job_completed, "CAPTURED"), (job_cancelled, "VOIDED")])
def test_captures_and_voids_at_once_end_in_what_the_job_says(make, status):
    payment = PaymentFactory(job=make())
    acts = [payment_capture_for_job, payment_void_for_job] * 4

    results = at_once(*[lambda act=act: act(job_id=payment.job_id) for act in acts])

    assert [type(result) for result in results].count(JobNotSettled) == 4
    assert Payment.objects.get().status == status
    assert balances() == ({"TECHNICIAN_RECEIVABLE": 1_500, "PLATFORM_FEE": -1_500} if status == "CAPTURED" else {})
