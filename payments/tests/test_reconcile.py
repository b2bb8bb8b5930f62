"""The provider's books against ours: whatever differs is listed."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from jobs.tests.factories import job_cancelled
from payments.enums import CallKind, CallStatus, HoldStatus
from payments.models import Hold, LedgerEntry, LedgerTransaction, Payout, ProviderCall
from payments.providers import ObjectKind
from payments.selectors.proof import first_fault
from payments.services import call_perform, payouts_order, reconcile, refund_request
from payments.services.movements import move_refund_done
from payments.tests.bank import bank
from payments.tests.factories import (
    PaymentFactory,
    PayoutAccountFactory,
    chargeback_of,
    job_cancelled_with_fee,
    payment_held,
    payment_voided,
)

__all__ = ["bank"]
pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def hold_for(payment, *, status=HoldStatus.CAPTURED, number=1, amount=10_000, captured=None, ref=None, at=None):
    at = at or clock.now()
    taken = (amount if captured is None else captured) if status == HoldStatus.CAPTURED else 0
    closed = at if status in (HoldStatus.CAPTURED, HoldStatus.RELEASED, HoldStatus.FAILED) else None
    hold = Hold(
        payment=payment,
        number=number,
        status=status,
        amount_minor=amount,
        captured_minor=taken,
        method="pm_1",
        ref=f"pi_{Hold.objects.count() + 1}" if ref is None else ref,
        created_at=at,
        held_at=at,
        closed_at=closed,
    )
    hold.save(force_insert=True)
    return hold


def call_for(kind, status=CallStatus.WAITING, **facts):
    at = clock.now()
    closed = None if status == CallStatus.WAITING else at
    call = ProviderCall(
        provider="stripe", kind=kind, status=status, created_at=at, next_try_at=at, closed_at=closed, **facts
    )
    call.save(force_insert=True)
    return call


@pytest.fixture
def hold(noon, bank):
    """A hold that was captured, here, in the books and there."""
    hold = hold_for(payment_held(at=noon))
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, status="captured")
    return hold


@pytest.fixture
def refund_call(noon, bank, hold):
    """A refund that was given back, everywhere."""
    refund = refund_request(
        payment_id=hold.payment_id, actor=UserFactory(admin=True), amount=Money(4_000, "USD"), reason="It drips."
    )
    ProviderCall.objects.filter(refund=refund).delete()
    about = {"payment": hold.payment, "hold": hold, "refund": refund, "amount_minor": 4_000}
    call = call_for(CallKind.REFUND, CallStatus.DONE, ref="re_1", **about)
    move_refund_done(refund, at=clock.now())
    bank.keep(ObjectKind.REFUND, "re_1", call.pk, 4_000, status="done")
    return call


@pytest.fixture
def payout(noon, bank, hold):
    """A payout that was sent, everywhere."""
    account = PayoutAccountFactory(technician=hold.payment.technician, ready=True)
    bank.accept(account.ref)
    with clock.frozen(noon + 2 * DAY):
        payouts_order()
        call_perform(call_id=ProviderCall.objects.get(kind=CallKind.TRANSFER).pk)
    return Payout.objects.get()


def found(since=None):
    result = reconcile(provider="stripe", since=since or clock.now() - 9 * DAY)
    return [(str(one.kind), one.what, one.ref, one.ours, one.here, one.there) for one in result.differences]


def test_what_agrees_is_counted(hold, payout):
    result = reconcile(provider="stripe", since=clock.now() - DAY)

    assert (result.records, result.differences) == (2, [])
    assert [(one.what, one.here, one.here_minor, one.there, one.there_minor) for one in result.totals] == [
        ("hold", 1, 10_000, 1, 10_000),
        ("transfer", 1, 8_500, 1, 8_500),
    ]


def test_refunds_agree(refund_call):
    assert found() == []


# Here and there


def test_what_only_the_provider_has(hold, bank):
    stranger = str(uuid7())
    bank.keep(ObjectKind.HOLD, "pi_9", stranger, 500, status="held")

    assert found() == [("missing here", "hold", "pi_9", stranger, "", "held 500 USD")]


def test_what_the_provider_did_twice(hold, bank):
    bank.keep(ObjectKind.HOLD, "pi_9", hold.pk, 10_000, status="held")

    assert found() == [("missing here", "hold", "pi_9", str(hold.pk), "CAPTURED 10000 USD", "held 10000 USD")]


def test_what_only_we_have(hold, bank):
    bank.kept.clear()

    assert found() == [("missing there", "hold", hold.ref, str(hold.pk), "CAPTURED 10000 USD", "")]


def test_what_is_older_than_asked_for_is_not_missed(hold, bank):
    bank.kept.clear()

    with clock.frozen(hold.created_at + DAY):
        assert found(since=hold.created_at + timedelta(hours=1)) == []


@pytest.mark.parametrize("status", ["failed", "released"])
def test_what_came_to_nothing_everywhere_is_nothing(noon, bank, status):
    hold = hold_for(PaymentFactory(provider="stripe"), status=HoldStatus.FAILED, ref="")
    bank.keep(ObjectKind.HOLD, "pi_9", hold.pk, 10_000, status=status)

    assert found() == []


def test_what_failed_here_and_is_held_there(noon, bank):
    hold = hold_for(PaymentFactory(provider="stripe"), status=HoldStatus.FAILED, ref="")
    bank.keep(ObjectKind.HOLD, "pi_9", hold.pk, 10_000, status="held")

    assert found() == [("missing here", "hold", "pi_9", str(hold.pk), "FAILED 10000 USD", "held 10000 USD")]


# Amounts and statuses


def test_other_amounts_and_currencies(hold, bank):
    bank.kept.clear()
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 9_000, status="captured")
    assert [(one[0], one[5]) for one in found()] == [("amount", "captured 9000 USD"), ("unposted", "9000")]

    bank.kept.clear()
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, "EUR", status="captured")
    assert [one[0] for one in found()] == ["amount"]


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"),
    [
        (HoldStatus.ACTION_NEEDED, "action_needed", False),
        (HoldStatus.ACTION_NEEDED, "held", True),
        (HoldStatus.HELD, "held", False),
        (HoldStatus.HELD, "released", True),
        (HoldStatus.RELEASED, "released", False),
        (HoldStatus.RELEASED, "captured", True),
        (HoldStatus.FAILED, "failed", False),
    ],
)
def test_holds_that_stand_otherwise(noon, bank, ours, theirs, differs):
    hold = hold_for(PaymentFactory(provider="stripe"), status=ours)
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, status=theirs)

    assert [one[0] for one in found()] == (["status"] if differs else [])


def test_a_refund_that_failed_after_it_was_done(refund_call, bank):
    bank.kept.pop()
    bank.keep(ObjectKind.REFUND, "re_1", refund_call.pk, 4_000, status="failed")

    assert [one[:2] for one in found()] == [("status", "refund")]


def test_a_transfer_that_was_taken_back(payout, bank):
    bank.kept.pop()
    bank.keep(ObjectKind.TRANSFER, "tr_1", payout.pk, 3_000, status="reversed")

    assert [(one[0], one[4], one[5]) for one in found()] == [
        ("amount", "DONE 8500 USD", "reversed 3000 USD"),
        ("status", "DONE 8500 USD", "reversed 3000 USD"),
        ("unposted", "8500", "3000"),
    ]


def test_chargebacks_that_agree_and_that_do_not(hold, bank):
    chargeback = chargeback_of(hold.payment)
    bank.keep(ObjectKind.CHARGEBACK, "dp_1", "", 10_000, status="needs_response")
    assert found() == []

    bank.kept.pop()
    bank.keep(ObjectKind.CHARGEBACK, "dp_1", "", 10_000, status="lost")
    bank.keep(ObjectKind.CHARGEBACK, "dp_2", "", 500, status="needs_response")

    here = "NEEDS_RESPONSE 10000 USD"
    assert found() == [
        ("status", "chargeback", "dp_1", str(chargeback.pk), here, "lost 10000 USD"),
        ("missing here", "chargeback", "dp_2", "", "", "needs_response 500 USD"),
    ]


# The books


def test_what_is_not_in_the_books(noon, bank):
    hold = hold_for(PaymentFactory(provider="stripe"))
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, status="captured")

    assert found() == [("unposted", "hold", hold.ref, str(hold.payment_id), "0", "10000")]


@pytest.mark.parametrize("fee", [0, 2_000])
def test_what_the_provider_took_early_of_a_job_that_was_called_off(noon, bank, fee):
    job = job_cancelled_with_fee(fee_minor=fee) if fee else job_cancelled()
    payment = (payment_held if fee else payment_voided)(job=job, **({} if fee else {"provider": "stripe"}))
    hold = hold_for(payment)
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, status="captured")

    assert found() == [("unposted", "hold", hold.ref, str(payment.pk), str(fee), "10000")]
    assert first_fault() == (f"payment {payment.pk} took from its holds another amount" if fee else None)


def test_two_holds_of_a_payment_are_posted_as_one(noon, bank):
    payment = payment_held(at=noon)
    for number, amount in ((1, 7_000), (2, 3_000)):
        hold = hold_for(payment, number=number, amount=amount)
        bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, amount, status="captured")

    assert found() == []


def test_while_a_capture_is_asked_for_it_alone_is_told(noon, bank):
    payment = PaymentFactory(provider="stripe")
    first, second = hold_for(payment), hold_for(payment, number=2, status=HoldStatus.HELD)
    call = call_for(CallKind.CAPTURE, payment=payment, hold=second, amount_minor=1)
    bank.keep(ObjectKind.HOLD, first.ref, first.pk, 10_000, status="captured")
    bank.keep(ObjectKind.HOLD, second.ref, second.pk, 10_000, status="held")

    assert found() == [("open call", "call", "", str(call.pk), "CAPTURE since 2026-03-02 12:00, 0 tries", "")]


# What is being asked


def test_a_hold_whose_answer_is_awaited_is_an_open_call(noon, bank):
    hold = hold_for(PaymentFactory(provider="stripe"), status=HoldStatus.ASKED, ref="")
    call_for(CallKind.HOLD, payment=hold.payment, hold=hold)
    bank.keep(ObjectKind.HOLD, "pi_9", hold.pk, 10_000, status="held")

    assert [one[:2] for one in found()] == [("open call", "call")]


def test_what_the_customer_has_to_confirm_is_no_open_call(noon, bank):
    hold = hold_for(PaymentFactory(provider="stripe"), status=HoldStatus.ACTION_NEEDED)
    call_for(CallKind.HOLD, payment=hold.payment, hold=hold)
    bank.keep(ObjectKind.HOLD, hold.ref, hold.pk, 10_000, status="action_needed")

    assert found() == []


# The command


def run(*options):
    out = StringIO()
    try:
        call_command("reconcile", "--provider", "stripe", *options, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_all_agrees(hold):
    code, text = run()

    assert code == 0
    assert text.splitlines()[-1] == "1 records compared, 0 differences"


def test_the_command_lists_what_differs(hold, bank):
    bank.kept.clear()

    code, text = run("--since", "2026-03-01")

    assert code == 1
    assert "missing there" in text
    assert hold.ref in text


def test_the_command_prints_json(hold, bank):
    bank.kept.clear()

    code, text = run("--json")

    assert code == 1
    assert json.loads(text)["differences"][0]["kind"] == "missing there"


def test_the_command_says_that_the_provider_is_away(bank):
    bank.is_down = True

    with pytest.raises(CommandError, match="it is down") as refused:
        call_command("reconcile", "--provider", "stripe")

    assert refused.value.returncode == 2


@pytest.mark.parametrize("wrong", [("--provider", "offline"), ("--provider", "stripe", "--since", "yesterday")])
def test_the_command_takes_providers_and_dates(wrong):
    with pytest.raises(CommandError):
        call_command("reconcile", *wrong)


def test_nothing_is_changed(hold, payout):
    before = LedgerTransaction.objects.count(), LedgerEntry.objects.count()

    found()

    assert (LedgerTransaction.objects.count(), LedgerEntry.objects.count()) == before
