"""Payouts that the provider sends by itself."""

from datetime import timedelta

import pytest

from fixmate.core import clock
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.money import Money
from fixmate.core.tests.races import at_once
from payments.enums import CallKind, CallStatus, PayoutStatus
from payments.errors import SettledByProvider
from payments.models import LedgerTransaction, Payment, Payout, PayoutItem, ProviderCall
from payments.providers import ProviderAway, TransferState
from payments.selectors import balances_of_technician
from payments.selectors.proof import first_fault
from payments.services import (
    call_perform,
    payment_freeze,
    payout_fail,
    payout_pay,
    payout_send,
    payouts_order,
    transfer_refresh,
)
from payments.services.transfers import REFUSED
from payments.tests.bank import bank
from payments.tests.factories import PayoutAccountFactory, payment_held
from technicians.tests.factories import TechnicianFactory

__all__ = ["bank"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]

HOLD = timedelta(days=2)
LONG = timedelta(hours=1)


@pytest.fixture
def due(noon):
    with clock.frozen(noon + HOLD):
        yield noon + HOLD


@pytest.fixture
def account(bank):
    account = PayoutAccountFactory(ready=True)
    bank.accept(account.ref)
    return account


def ordered(account, noon, count=1):
    """Return the payout of so many payments, ordered, and the call that is to send it."""
    for _ in range(count):
        payment_held(account.technician, at=noon)
    payouts_order()
    payout = Payout.objects.latest("ordered_at", "id")
    return payout, ProviderCall.objects.get(payout=payout)


def again(payout):
    return Payout.objects.get(pk=payout.pk)


def freeze(payment):
    payment_freeze(job_id=payment.job_id, actor=payment.customer)


# Sending


def test_a_payout_is_sent_and_paid_without_anybody(noon, due, bank, account, drain):
    payment_held(account.technician, at=noon)
    payouts_order()

    drain()

    payout, call = Payout.objects.get(), ProviderCall.objects.get()
    assert (payout.status, payout.sent_at, payout.closed_at) == ("PAID", due, due)
    assert (call.kind, call.status, call.ref) == ("TRANSFER", "DONE", "tr_1")
    assert (bank.paid_to, bank.seen) == ([(account.ref, 8_500)], ["SENT"])
    assert balances_of_technician(account.technician_id).in_payout.minor == 0


@pytest.mark.parametrize("ready", [False, None])
def test_without_an_account_that_is_ready_staff_pay(noon, due, bank, drain, staff, ready):
    technician = TechnicianFactory()
    if ready is False:
        PayoutAccountFactory(technician=technician)
    payment_held(technician, at=noon)
    payouts_order()

    drain()
    payout = payout_send(payout_id=Payout.objects.get().pk, actor=staff, reason="By hand.")

    assert (payout.status, ProviderCall.objects.count(), bank.transfers) == ("SENT", 0, {})


def test_staff_do_not_settle_what_the_provider_sends(noon, due, account, staff):
    payout, _ = ordered(account, noon)

    for act in (payout_send, payout_pay, payout_fail):
        with pytest.raises(SettledByProvider):
            act(payout_id=payout.pk, actor=staff, reason="Mine.")

    assert (again(payout).status, AuditEntry.objects.count()) == ("ORDERED", 0)


def test_what_was_held_back_before_is_not_sent(noon, due, bank, account):
    payout, call = ordered(account, noon, count=2)
    freeze(payout.items.first().payment)

    assert call_perform(call_id=call.pk) is True

    assert (again(payout).status, bank.paid_to) == ("PAID", [(account.ref, 8_500)])


def test_nothing_is_asked_when_everything_was_held_back(noon, due, bank, account):
    payout, call = ordered(account, noon)
    freeze(Payment.objects.get())

    assert call_perform(call_id=call.pk) is False

    assert (again(payout).status, ProviderCall.objects.get().status, bank.seen) == ("FAILED", "REFUSED", [])


# When the provider does not answer


def test_while_it_is_away_nothing_changes_but_that_it_is_sent(noon, due, bank, account):
    payout, call = ordered(account, noon)
    bank.is_down = True

    assert call_perform(call_id=call.pk) is False
    freeze(Payment.objects.get())  # too late: it may have been paid
    call = ProviderCall.objects.get()
    assert (again(payout).status, call.status, call.tries, call.last_error) == ("SENT", "WAITING", 1, "it is down")
    assert PayoutItem.objects.get().returned_at is None

    bank.is_down = False
    assert call_perform(call_id=call.pk) is True
    assert (again(payout).status, len(bank.transfers)) == ("PAID", 1)


def test_a_lost_answer_pays_once(noon, due, bank, account):
    payout, call = ordered(account, noon)
    bank.loses_answers = True
    assert [call_perform(call_id=call.pk) for _ in range(3)] == [False, False, False]

    bank.loses_answers = False

    assert call_perform(call_id=call.pk) is True
    assert call_perform(call_id=call.pk) is False
    assert (again(payout).status, bank.paid_to) == ("PAID", [(account.ref, 8_500)])


def test_an_answer_about_another_amount_is_none(noon, due, bank, account, monkeypatch):
    payout, call = ordered(account, noon)
    monkeypatch.setattr(bank, "transfer", lambda **_: TransferState("tr_9", 1))

    assert call_perform(call_id=call.pk) is False

    assert (again(payout).status, ProviderCall.objects.get().last_error) == ("SENT", "tr_9 is of 1, not of 8500")


# When it refuses


def test_refused_it_comes_back_once_and_the_account_rests(noon, due, bank, account, settings):
    payout, call = ordered(account, noon)
    bank.refusal = "balance_insufficient"

    assert call_perform(call_id=call.pk) is True
    assert call_perform(call_id=call.pk) is False

    payout = again(payout)
    assert (payout.status, payout.failure) == ("FAILED", REFUSED)
    assert balances_of_technician(account.technician_id).payable.minor == 8_500
    assert LedgerTransaction.objects.filter(kind="PAYOUT_FAILED").count() == 1
    assert ProviderCall.objects.get(kind=CallKind.ACCOUNT).status == CallStatus.WAITING
    assert payouts_order() == 0
    with clock.frozen(due + timedelta(hours=settings.PAYOUT_RETRY_HOURS)):
        assert payouts_order() == 1
        bank.refusal = ""
        assert call_perform(call_id=ProviderCall.objects.latest("id").pk) is True
    assert bank.paid_to == [(account.ref, 8_500)]


def test_an_account_that_is_not_ready_any_more_leaves_it_to_staff(noon, due, bank, account, drain):
    payout, call = ordered(account, noon)
    bank.refusal = "account_closed"
    call_perform(call_id=call.pk)
    bank.refusal, bank.accounts[account.ref] = "", bank.accounts[account.ref].__class__(account.ref, is_ready=False)

    drain()
    payouts_order()

    newest = Payout.objects.latest("id")
    assert (newest.status, newest.calls.count(), newest.pk == payout.pk) == ("ORDERED", 0, False)


# What is taken back


def paid(account, noon):
    payout, call = ordered(account, noon)
    call_perform(call_id=call.pk)
    return payout


def reversals():
    return OutboxMessage.objects.filter(task="notifications.payout_reversed").count()


def test_what_is_taken_back_is_noted_and_never_grows_less(noon, due, bank, account):
    payout = paid(account, noon)
    for minor in (500, 500, 9_999, 300):
        bank.take_back("tr_1", minor)
        assert transfer_refresh(provider="stripe", ref="tr_1") is True

    payout = again(payout)
    assert (payout.status, payout.reversed, reversals()) == ("PAID", Money(8_500, "USD"), 2)


def test_an_unknown_transfer_is_none_of_ours(bank):
    assert transfer_refresh(provider="stripe", ref="tr_1") is False
    assert transfer_refresh(provider="stripe", ref="") is False


def test_a_provider_that_is_away_says_nothing_of_a_transfer(noon, due, bank, account):
    payout = paid(account, noon)
    bank.is_down = True

    with pytest.raises(ProviderAway):
        transfer_refresh(provider="stripe", ref="tr_1")

    assert again(payout).reversed_minor == 0


# The proof


def test_the_proof_sees_a_payout_that_stands_otherwise_than_answered(noon, due, bank, account):
    payout, call = ordered(account, noon)
    ProviderCall.objects.filter(pk=call.pk).update(status=CallStatus.DONE, closed_at=due)

    assert first_fault() == f"payout {payout.pk} stands otherwise than the provider answered"

    ProviderCall.objects.filter(pk=call.pk).update(status=CallStatus.WAITING, closed_at=None)


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_payout_sent_while_it_is_frozen_is_paid_or_held_back(noon, due, bank, account):
    for _ in range(8):
        payout, call = ordered(account, noon, count=2)
        payment, before = payout.items.first().payment, sum(minor for _, minor in bank.paid_to)

        at_once(lambda c=call: call_perform(call_id=c.pk), lambda p=payment: freeze(p))

        payout = again(payout)
        is_in = payout.items.filter(payment=payment, returned_at__isnull=True).exists()
        assert (payout.status, payout.amount_minor) == (PayoutStatus.PAID, 17_000 if is_in else 8_500)
        assert sum(minor for _, minor in bank.paid_to) - before == payout.amount_minor


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_call_performed_by_many_pays_once(noon, due, bank, account):
    payout, call = ordered(account, noon)

    at_once(*[lambda: call_perform(call_id=call.pk)] * 6)

    assert (again(payout).status, bank.paid_to) == ("PAID", [(account.ref, 8_500)])
    assert LedgerTransaction.objects.filter(kind="PAYOUT_PAID").count() == 1
