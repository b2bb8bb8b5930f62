"""Cancellation fees of jobs paid in cash: owed until staff say that they were paid, or waive them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.errors import AccountInUse
from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.tests.factories import job_assigned, job_cancelled, job_completed
from payments.enums import PaymentEventKind, PaymentStatus, Provider
from payments.errors import NoFeeOwed, SettledByProvider
from payments.events import PaymentCaptured, PaymentVoided
from payments.models import Payment, PaymentEvent
from payments.selectors import job_is_paid_in_cash, payment_list_visible_to
from payments.selectors.proof import first_fault
from payments.services import (
    payment_capture_for_job,
    payment_ensure,
    payment_fee_paid,
    payment_fee_waive,
    payment_freeze,
    payment_guard_deletion,
    payment_settle_cancelled,
    payment_unfreeze,
)
from payments.tests.books import balances
from payments.tests.factories import PaymentFactory, job_cancelled_with_fee, job_nobody_was_there_for
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
WHY = "Both say so."
ACTS = [payment_fee_paid, payment_fee_waive]
LIST, STAFF = "/api/v1/payments", "/api/v1/admin/payments"


@pytest.fixture
def owed():
    """The payment over a fee of 20.00, of which the platform's part is 3.00."""
    return payment_settle_cancelled(job_id=job_cancelled_with_fee(fee_minor=2_000).pk)


def kinds():
    return list(PaymentEvent.objects.order_by("id").values_list("kind", "status", "actor"))


def test_fee_of_who_was_not_there_is_owed_in_cash():
    payment = payment_settle_cancelled(job_id=job_nobody_was_there_for().pk)

    assert (payment.status, payment.amount_minor) == (PaymentStatus.PENDING, None)
    assert payment_list_visible_to(payment.customer).get().fee_owed_minor == 2_000


@pytest.mark.parametrize(("provider", "is_in_cash"), [(Provider.OFFLINE, True), (Provider.STRIPE, False), (None, True)])
def test_job_is_paid_in_cash_unless_its_payment_names_a_provider(provider, is_in_cash):
    job = job_assigned()
    if provider:
        PaymentFactory(job=job, provider=provider)

    assert job_is_paid_in_cash(job.pk) is is_in_cash


# Paid


def test_fee_that_was_paid_is_captured_as_at_the_door(owed, staff, noon, monkeypatch):
    published = watch(monkeypatch, PaymentCaptured)

    payment = payment_fee_paid(payment_id=owed.pk, actor=staff, reason=WHY)

    stored = Payment.objects.get()
    assert stored == payment
    assert (stored.status, stored.captured_at, stored.technician_id) == ("CAPTURED", noon, owed.job.technician_id)
    split = (stored.amount_minor, stored.platform_fee_minor, stored.technician_earnings_minor)
    assert split == (2_000, 300, 1_700)
    assert balances() == {"TECHNICIAN_RECEIVABLE": 300, "PLATFORM_FEE": -300}
    assert [kind for kind, *_ in kinds()] == [PaymentEventKind.CREATED, PaymentEventKind.CAPTURED]
    assert published() == [{"payment_id": str(owed.pk), "job_id": str(owed.job_id)}]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("payment.fee_paid", staff.pk, WHY)
    assert entry.target_id == str(owed.pk)
    assert (entry.before, entry.after) == ({"status": "PENDING"}, {"status": "CAPTURED", "amount": "20.00 USD"})


# Waived


def test_fee_that_is_waived_is_owed_by_nobody(owed, staff, noon, monkeypatch):
    published = watch(monkeypatch, PaymentVoided)

    payment_fee_waive(payment_id=owed.pk, actor=staff, reason=WHY)

    stored = Payment.objects.get()
    assert (stored.status, stored.voided_at, stored.amount, balances()) == (PaymentStatus.VOIDED, noon, None, {})
    assert kinds()[1:] == [(PaymentEventKind.VOIDED, PaymentStatus.VOIDED, staff.pk)]
    assert published() == [{"payment_id": str(owed.pk), "job_id": str(owed.job_id)}]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("payment.fee_waive", staff.pk, WHY)
    assert (entry.before, entry.after) == ({"status": "PENDING"}, {"status": "VOIDED", "amount": None})


@pytest.mark.parametrize("act", ACTS)
def test_what_is_told_again_of_the_cancellation_changes_nothing_afterwards(owed, staff, act):
    act(payment_id=owed.pk, actor=staff, reason=WHY)
    before = Payment.objects.values().get()

    payment_settle_cancelled(job_id=owed.job_id)

    assert Payment.objects.values().get() == before


# Refused


def assert_refused(payment_id, staff, act, refusal):
    before, events, rows = list(Payment.objects.values()), kinds(), OutboxMessage.objects.count()

    with pytest.raises(refusal):
        act(payment_id=payment_id, actor=staff, reason=WHY)

    assert (list(Payment.objects.values()), kinds(), OutboxMessage.objects.count()) == (before, events, rows)
    assert list(AuditEntry.objects.all()) == []


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("make", [job_assigned, job_completed, job_cancelled])
def test_nothing_is_owed_on_a_job_without_a_fee(staff, make, act):
    assert_refused(PaymentFactory(job=make()).pk, staff, act, NoFeeOwed)


def test_fee_that_a_provider_takes_is_none_staff_are_paid(staff):
    payment = PaymentFactory(job=job_cancelled_with_fee(), provider=Provider.STRIPE)

    assert_refused(payment.pk, staff, payment_fee_paid, SettledByProvider)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("end", ["captured", "voided"])
def test_fee_is_settled_once(owed, staff, act, end):
    if end == "captured":
        payment_capture_for_job(job_id=owed.job_id)
    else:
        owed.void(at=owed.created_at)
        owed.save()

    assert_refused(owed.pk, staff, act, IllegalTransition)


@pytest.mark.parametrize("act", ACTS)
def test_payment_that_is_not_there_is_not_found(staff, act):
    assert_refused(uuid7(), staff, act, NotFound)


# What goes with it


def test_books_hold_while_it_is_owed_and_afterwards(staff):
    paid, waived, owed = (payment_settle_cancelled(job_id=job_cancelled_with_fee().pk) for _ in range(3))
    payment_fee_paid(payment_id=paid.pk, actor=staff, reason=WHY)
    payment_fee_waive(payment_id=waived.pk, actor=staff, reason=WHY)

    assert owed.status == PaymentStatus.PENDING
    assert first_fault() is None


def test_fee_that_is_owed_keeps_an_account_until_staff_waive_it(owed, staff):
    for user in (owed.customer, owed.job.technician.user):
        with pytest.raises(AccountInUse):
            payment_guard_deletion(user)

    payment_fee_waive(payment_id=owed.pk, actor=staff, reason=WHY)

    for user in (owed.customer, owed.job.technician.user):
        payment_guard_deletion(user)


def test_fee_can_be_waived_in_the_course_of_a_dispute(owed, staff):
    payment_freeze(job_id=owed.job_id, actor=owed.customer)

    payment_fee_waive(payment_id=owed.pk, actor=staff, reason=WHY)
    payment_unfreeze(job_id=owed.job_id, actor=staff)

    payment_guard_deletion(owed.customer)


# Over REST and in the console


def test_both_sides_and_staff_see_what_is_owed(owed, staff):
    for user in (owed.customer, owed.job.technician.user, staff):
        shown = client_for(user).get(f"{LIST}/{owed.pk}").json()
        assert (shown["status"], shown["amount"]) == ("PENDING", None)
        assert shown["fee_owed"] == {"amount": "20.00", "currency": "USD"}


@pytest.mark.parametrize("make", [job_assigned, job_completed])
def test_nothing_is_shown_as_owed_on_other_payments(make):
    payment = payment_ensure(job_id=make().pk)

    assert client_for(payment.customer).get(f"{LIST}/{payment.pk}").json()["fee_owed"] is None


def test_staff_list_the_fees_that_are_owed(owed, staff):
    others = {str(PaymentFactory().pk), str(payment_capture_for_job(job_id=job_cancelled_with_fee().pk).pk)}

    def listed(value):
        return {one["id"] for one in client_for(staff).get(LIST, {"fee_owed": value}).json()["results"]}

    assert (listed("true"), listed("false")) == ({str(owed.pk)}, others)
    assert client_for(staff).get(LIST, {"fee_owed": "perhaps"}).status_code == 400


@pytest.mark.parametrize(("act", "status"), [("paid", "CAPTURED"), ("waive", "VOIDED")])
def test_staff_settle_a_fee_over_rest(owed, staff, act, status):
    client = client_for(staff)

    answer = client.post(f"{STAFF}/{owed.pk}/{act}", {"reason": WHY})

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["fee_owed"]) == (status, None)
    again = client.post(f"{STAFF}/{owed.pk}/{act}", {"reason": WHY})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ILLEGAL_TRANSITION")


@pytest.mark.parametrize("act", ["paid", "waive"])
@pytest.mark.parametrize("actor", ["customer", "technician", "stranger"])
def test_only_staff_settle_a_fee(owed, act, actor):
    users = {"customer": owed.customer, "technician": owed.job.technician.user, "stranger": TechnicianFactory().user}

    assert client_for(users[actor]).post(f"{STAFF}/{owed.pk}/{act}", {"reason": WHY}).status_code == 403
    assert Payment.objects.get().status == PaymentStatus.PENDING


@pytest.mark.parametrize(("act", "status"), [("paid", "CAPTURED"), ("waive", "VOIDED")])
def test_staff_settle_a_fee_in_the_console(owed, console, act, status):
    address = reverse("admin:payments_payment_act", args=[owed.pk, act])

    assert "reason" in console.get(address).text
    console.post(address, {"reason": WHY})

    assert Payment.objects.get().status == status
    assert AuditEntry.objects.get().reason == WHY


@pytest.mark.parametrize("item_count", [1, 3])
def test_payments_with_fees_take_a_constant_number_of_queries(item_count, django_assert_num_queries):
    customer = UserFactory()
    for _ in range(item_count):
        PaymentFactory(job=job_cancelled_with_fee(customer=customer))

    with django_assert_num_queries(1):
        answer = client_for(customer).get(LIST)

    assert len(answer.json()["results"]) == item_count


# Races


@pytest.mark.postgres
@pytest.mark.parametrize("act", ACTS)
def test_fee_is_settled_under_the_locks_of_job_and_payment(owed, staff, act):
    with CaptureQueriesContext(connection) as queries:
        act(payment_id=owed.pk, actor=staff, reason=WHY)

    statements = [query["sql"] for query in queries]
    locks = [number for number, sql in enumerate(statements) if "FOR UPDATE" in sql]
    assert 'FROM "jobs_job"' in statements[locks[0]]
    assert 'FROM "payments_payment"' in statements[locks[1]]
    assert locks[1] < next(number for number, sql in enumerate(statements) if sql.startswith("UPDATE"))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_paid_and_waived_at_once_end_in_one_of_them(owed, staff):
    calls = [lambda act=act: act(payment_id=owed.pk, actor=staff, reason=WHY) for act in ACTS * 4]

    results = at_once(*calls)

    assert [type(result) for result in results].count(IllegalTransition) == 7
    status = Payment.objects.get().status
    assert balances() == ({"TECHNICIAN_RECEIVABLE": 300, "PLATFORM_FEE": -300} if status == "CAPTURED" else {})
    assert AuditEntry.objects.count() == 1
    assert first_fault() is None
