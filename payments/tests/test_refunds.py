import pytest
from django.db import IntegrityError, transaction

from accounts.errors import AccountInUse
from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from payments import hooks
from payments.enums import PaymentStatus, RefundStatus
from payments.errors import NothingToRefund, RefundTooMuch, SecondPersonNeeded, SettledByProvider
from payments.events import RefundApproved, RefundDone, RefundFailed
from payments.models import LedgerTransaction, Payment, PaymentEvent, Refund
from payments.selectors import refund_get_locked
from payments.services import (
    payment_guard_deletion,
    refund_approve,
    refund_fail,
    refund_fail_by_staff,
    refund_finish,
    refund_finish_by_staff,
    refund_reject,
    refund_request,
    refund_send,
)
from payments.tests.factories import PaymentFactory, payment_captured, payment_held, payment_voided

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


@pytest.fixture
def small(settings):
    """Every refund needs a second person."""
    settings.REFUND_SECOND_PERSON_MINOR = 0


def ask(payment, minor=4_000, by=None, **kwargs):
    by = by or UserFactory(admin=True)
    return refund_request(payment_id=payment.pk, actor=by, amount=Money(minor, "USD"), reason="It drips.", **kwargs)


def kinds(payment):
    return list(PaymentEvent.objects.filter(payment=payment).order_by("id").values_list("kind", flat=True))


def audited():
    return list(AuditEntry.objects.order_by("sequence").values_list("action", "reason"))


# Asking


def test_request_is_approved_at_once_below_the_sum(noon, staff):
    payment = payment_held()

    refund = ask(payment, by=staff)

    assert (refund.status, refund.decided_by, refund.decided_at) == (RefundStatus.APPROVED, staff, noon)
    assert [refund.amount, refund.platform_fee, refund.technician_earnings] == [
        Money(4_000, "USD"), Money(600, "USD"), Money(3_400, "USD"),
    ]  # fmt: skip
    assert str(refund) == f"APPROVED {refund.pk}"
    assert Payment.objects.get().refunded == Money(4_000, "USD")
    assert Payment.objects.get().status == PaymentStatus.CAPTURED
    assert kinds(payment) == ["REFUND_REQUESTED", "REFUND_APPROVED"]
    assert audited() == [("refund.request", "It drips.")]


def test_offline_it_is_on_its_way_at_once(noon):
    refund = ask(payment_captured())

    assert (refund.status, refund.sent_at) == (RefundStatus.SENT, noon)


@pytest.mark.parametrize("make", [PaymentFactory, payment_voided])
def test_what_was_not_taken_cannot_go_back(make):
    with pytest.raises(NothingToRefund):
        ask(make())

    assert (Refund.objects.count(), AuditEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize("amount", [Money(0, "USD"), Money(-1, "USD"), Money(100, "EUR")])
def test_nothing_is_no_refund(staff, amount):
    payment = payment_captured()

    with pytest.raises(Invalid):
        refund_request(payment_id=payment.pk, actor=staff, amount=amount, reason="It drips.")

    assert Refund.objects.count() == 0


def test_no_more_goes_back_than_was_taken():
    payment = payment_captured()
    ask(payment, 9_000)

    with pytest.raises(RefundTooMuch) as refusal:
        ask(payment, 1_001)

    assert refusal.value.details == {"left": "10.00 USD"}
    assert Refund.objects.count() == 1


def test_a_reason_is_required(staff):
    payment = payment_captured()

    with pytest.raises(Invalid):
        refund_request(payment_id=payment.pk, actor=staff, amount=Money(1, "USD"), reason=" ")

    assert (Refund.objects.count(), LedgerTransaction.objects.count()) == (0, 1)


def test_an_unknown_payment_or_refund_is_not_found(staff):
    with pytest.raises(NotFound):
        refund_request(payment_id=uuid7(), actor=staff, amount=Money(1, "USD"), reason="x")
    with pytest.raises(NotFound):
        refund_get_locked(uuid7())


def test_the_dispute_is_checked_by_whoever_knows_disputes(monkeypatch, staff):
    seen = []
    monkeypatch.setattr(hooks, "_dispute_checks", [])
    hooks.refund_disputes_checked_by(lambda *ids: seen.append(ids))
    payment, dispute_id = payment_captured(), uuid7()

    refund = ask(payment, dispute_id=dispute_id)

    assert seen == [(dispute_id, payment.job_id)]
    assert refund.dispute_id == dispute_id


# The second person


def test_above_the_sum_a_second_person_approves(noon, small, staff):
    payment = payment_held()
    refund = ask(payment)
    assert (refund.status, refund.decided_by) == (RefundStatus.REQUESTED, None)

    refund = refund_approve(refund_id=refund.pk, actor=staff, reason="So it does.")

    assert (refund.status, refund.decided_by) == (RefundStatus.APPROVED, staff)
    assert audited() == [("refund.request", "It drips."), ("refund.approve", "So it does.")]


def test_the_sum_is_that_of_all_refunds_of_the_payment(settings):
    settings.REFUND_SECOND_PERSON_MINOR = 5_000
    payment = payment_captured()

    assert [ask(payment, 3_000).needs_second_person for _ in range(2)] == [False, True]


def test_nobody_approves_his_own(small, staff):
    refund = ask(payment_held(), by=staff)

    with pytest.raises(SecondPersonNeeded):
        refund_approve(refund_id=refund.pk, actor=staff, reason="Please.")

    assert Refund.objects.get().status == RefundStatus.REQUESTED
    assert LedgerTransaction.objects.count() == 1


def test_the_database_refuses_that_as_well(noon, small, staff):
    refund = ask(payment_held(), by=staff)
    refund.approve(by=staff, at=noon)

    with pytest.raises(IntegrityError, match="refund_approved_by_another"), transaction.atomic():
        refund.save()


def test_rejected_it_makes_room_again(noon, small, staff):
    payment = payment_held()
    refund = ask(payment, 10_000, by=staff)

    refund = refund_reject(refund_id=refund.pk, actor=staff, reason="A mistake.")

    assert (refund.status, refund.closed_at) == (RefundStatus.REJECTED, noon)
    assert Payment.objects.get().refunded_minor == 0
    assert kinds(payment)[-1] == "REFUND_REJECTED"
    assert LedgerTransaction.objects.count() == 1


# On its way


def test_part_by_part_all_goes_back(noon, staff):
    payment = payment_held()
    for minor, status in ((3_333, "PARTIALLY_REFUNDED"), (3_333, "PARTIALLY_REFUNDED"), (3_334, "REFUNDED")):
        refund = ask(payment, minor)
        refund_send(refund_id=refund.pk)
        refund_finish(refund_id=refund.pk)
        assert Payment.objects.get().status == status

    done = Refund.objects.all()
    assert sum(refund.platform_fee_minor for refund in done) == 1_500
    assert sum(refund.technician_earnings_minor for refund in done) == 8_500
    assert {refund.closed_at for refund in done} == {noon}


def test_failed_it_makes_room_again():
    payment = payment_held()
    refund = ask(payment, 10_000)

    refund = refund_fail(refund_id=refund.pk, reason="The card is closed.")

    assert (refund.status, refund.failure) == (RefundStatus.FAILED, "The card is closed.")
    assert Payment.objects.get().refunded_minor == 0
    assert ask(payment, 10_000).status == RefundStatus.APPROVED


@pytest.mark.parametrize(
    ("settle", "status", "action"),
    [
        (refund_finish_by_staff, RefundStatus.DONE, "refund.finish"),
        (refund_fail_by_staff, RefundStatus.FAILED, "refund.fail"),
    ],
)
def test_staff_say_how_it_went_in_cash(staff, settle, status, action):
    refund = ask(payment_captured())

    refund = settle(refund_id=refund.pk, actor=staff, reason="He rang.")

    assert refund.status == status
    assert audited()[-1] == (action, "He rang.")


@pytest.mark.parametrize("settle", [refund_finish_by_staff, refund_fail_by_staff])
def test_staff_do_not_say_it_for_a_provider(staff, settle):
    refund = ask(payment_held())

    with pytest.raises(SettledByProvider):
        settle(refund_id=refund.pk, actor=staff, reason="I think so.")

    assert Refund.objects.get().status == RefundStatus.APPROVED


def _acts(staff):
    by = {"actor": staff, "reason": "x"}
    return {
        "approve": lambda pk: refund_approve(refund_id=pk, **by),
        "reject": lambda pk: refund_reject(refund_id=pk, **by),
        "send": lambda pk: refund_send(refund_id=pk),
        "finish": lambda pk: refund_finish(refund_id=pk),
        "fail": lambda pk: refund_fail(refund_id=pk, reason="x"),
    }


EDGES = {
    RefundStatus.REQUESTED: {"approve", "reject"},
    RefundStatus.APPROVED: {"send", "fail"},
    RefundStatus.SENT: {"finish", "fail"},
    RefundStatus.REJECTED: set(),
    RefundStatus.DONE: set(),
    RefundStatus.FAILED: set(),
}
STEPS = {
    RefundStatus.REQUESTED: [],
    RefundStatus.APPROVED: ["approve"],
    RefundStatus.SENT: ["approve", "send"],
    RefundStatus.REJECTED: ["reject"],
    RefundStatus.DONE: ["approve", "send", "finish"],
    RefundStatus.FAILED: ["approve", "fail"],
}


@pytest.mark.parametrize("status", RefundStatus)
def test_refund_takes_the_written_edges_alone(small, staff, status):
    refund, acts = ask(payment_held()), _acts(staff)
    for step in STEPS[status]:
        acts[step](refund.pk)
    before = LedgerTransaction.objects.count()

    for name in sorted(set(acts) - EDGES[status]):
        with pytest.raises(IllegalTransition):
            acts[name](refund.pk)

    assert Refund.objects.get().status == status
    assert LedgerTransaction.objects.count() == before


# What others hear


@pytest.mark.parametrize(
    ("event", "before", "step"),
    [
        (RefundApproved, [], "approve"),
        (RefundDone, ["approve", "send"], "finish"),
        (RefundFailed, ["approve", "send"], "fail"),
    ],
)
def test_others_hear_of_it_once(small, staff, monkeypatch, event, before, step):
    refund, acts = ask(payment_held()), _acts(staff)
    for name in before:
        acts[name](refund.pk)
    heard = watch(monkeypatch, event)

    acts[step](refund.pk)

    ids = {"refund_id": refund.pk, "payment_id": refund.payment_id, "job_id": refund.payment.job_id}
    assert heard() == [{name: str(value) for name, value in ids.items()}]


@pytest.mark.parametrize("make", [payment_held, payment_captured])
def test_what_is_approved_at_once_is_heard_of_as_well(monkeypatch, make):
    heard = watch(monkeypatch, RefundApproved, RefundDone, RefundFailed)

    ask(make())

    assert len(heard()) == 1


def test_nobody_hears_of_what_waits_or_is_refused(small, staff, monkeypatch):
    heard = watch(monkeypatch, RefundApproved, RefundDone, RefundFailed)
    refund = ask(payment_held(), by=staff)
    with pytest.raises(SecondPersonNeeded):
        refund_approve(refund_id=refund.pk, actor=staff, reason="Please.")

    refund_reject(refund_id=refund.pk, actor=staff, reason="A mistake.")

    assert heard() == []


# Accounts that are to be deleted


def test_nobody_goes_while_a_refund_is_under_way():
    payment = payment_captured()
    ask(payment)

    for user in (payment.customer, payment.technician.user):
        with pytest.raises(AccountInUse, match="refund"):
            payment_guard_deletion(user)


def test_no_technician_goes_while_he_is_owed_something():
    payment = payment_held()

    with pytest.raises(AccountInUse, match="earned"):
        payment_guard_deletion(payment.technician.user)

    payment_guard_deletion(payment.customer)


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_refunds_at_once_give_back_no_more_than_was_taken():
    payment = payment_held()
    people = [UserFactory(admin=True) for _ in range(8)]

    results = at_once(*[lambda by=by: ask(payment, 3_000, by=by) for by in people])

    assert sorted(type(result).__name__ for result in results) == ["Refund"] * 3 + ["RefundTooMuch"] * 5
    assert Payment.objects.get().refunded_minor == 9_000
