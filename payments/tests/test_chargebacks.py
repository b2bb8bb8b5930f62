from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.errors import AccountInUse
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.db_errors import conflict_of
from fixmate.core.models import OutboxMessage
from fixmate.core.money import Money
from fixmate.core.sweeps import registered
from fixmate.core.tests.races import at_once
from jobs.models import Job
from payments.enums import AccountKind, ChargebackStatus
from payments.errors import HeldBack, RefundTooMuch
from payments.models import Chargeback, LedgerAccount, LedgerTransaction, Payment, PaymentEvent, Payout
from payments.providers import ChargebackIs, ProviderAway
from payments.selectors import earnings_of_technician, payment_may_go
from payments.selectors.chargebacks import chargeback_faults, chargebacks_counted_wrongly, evidence_due_at
from payments.selectors.proof import first_fault, paid_out_held_back
from payments.services import (
    chargeback_apply,
    chargeback_guard_deletion,
    chargebacks_look_again,
    payout_send,
    payouts_order,
    refund_approve,
    refund_finish,
    refund_request,
    refund_send,
)
from payments.services.chargebacks import LOOK_EVERY, chargeback_refresh
from payments.tasks import look_at_chargebacks
from payments.tests.books import balances, lines_of
from payments.tests.factories import PaymentFactory, chargeback_of, hold_of, payment_held
from payments.tests.telling import chargeback_state, in_a_week

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]
HOLD = timedelta(days=2)
WON, LOST, UNDER_REVIEW = ChargebackIs.WON, ChargebackIs.LOST, ChargebackIs.UNDER_REVIEW


def told():
    """The tasks of what was published about chargebacks, in order."""
    rows = OutboxMessage.objects.filter(task="disputes.follow_chargeback").order_by("id")
    return list(rows.values_list("payload", flat=True))


def kinds_of(payment):
    return list(PaymentEvent.objects.filter(payment=payment).order_by("id").values_list("kind", flat=True))


def written():
    return {
        "chargebacks": list(Chargeback.objects.order_by("id").values()),
        "payments": list(Payment.objects.order_by("id").values()),
        "events": PaymentEvent.objects.count(),
        "books": LedgerTransaction.objects.count(),
        "told": len(told()),
    }


# Opened


def test_it_is_opened_with_what_the_provider_says(noon):
    payment = payment_held()

    with clock.frozen(noon):
        chargeback = chargeback_of(payment, evidence_due_at=in_a_week(noon))

    assert (chargeback.payment, chargeback.ref, chargeback.status) == (payment, "dp_1", "NEEDS_RESPONSE")
    assert (chargeback.amount, chargeback.fee) == (Money(10_000, "USD"), Money(1_500, "USD"))
    assert (chargeback.opened_at, chargeback.evidence_due_at) == (noon, in_a_week(noon))
    assert (chargeback.is_open, str(chargeback)) == (True, f"NEEDS_RESPONSE {chargeback.pk}")
    assert evidence_due_at(payment.job_id) == in_a_week(noon)
    assert kinds_of(payment) == ["CHARGED_BACK"]
    assert told() == [{"chargeback_id": str(chargeback.pk), "job_id": str(payment.job_id)}]


def test_amount_and_fee_leave_the_provider():
    chargeback = chargeback_of(payment_held())

    assert lines_of(f"chargeback:{chargeback.pk}:1") == [
        (AccountKind.CHARGEBACKS, 10_000),
        (AccountKind.CHARGEBACK_LOSSES, 1_500),
        (AccountKind.PROVIDER_CLEARING, -11_500),
    ]
    assert balances()["TECHNICIAN_HELD"] == -8_500


def test_the_same_news_again_write_nothing():
    payment = payment_held()
    chargeback_of(payment)
    before = written()

    chargeback_of(payment)

    assert written() == before


def test_about_no_hold_of_ours_it_is_nothing():
    payment_held()

    assert chargeback_apply(provider="stripe", state=chargeback_state("pi_of_another")) is None
    assert chargeback_apply(provider="stripe", state=chargeback_state("")) is None
    assert not Chargeback.objects.exists()


@pytest.mark.parametrize("facts", [{"currency": "EUR"}])
def test_what_cannot_be_is_asked_again_later(facts):
    payment = payment_held()

    with pytest.raises(ProviderAway):
        chargeback_of(payment, **facts)

    assert not Chargeback.objects.exists()


def test_before_the_capture_is_known_it_is_asked_again_later():
    payment = PaymentFactory(provider="stripe")
    hold = payment.holds.create(number=1, amount_minor=10_000, ref="pi_1", created_at=payment.created_at)

    with pytest.raises(ProviderAway):
        chargeback_apply(provider="stripe", state=chargeback_state(hold.ref))


def test_the_provider_is_asked_how_it_stands(provider):
    hold = hold_of(payment_held())
    provider.states = {"dp_1": chargeback_state(hold.ref)}

    chargeback_refresh(provider="stripe", ref="dp_1")

    assert Chargeback.objects.get().payment == hold.payment


def test_of_what_was_not_taken_it_is_refused_by_the_database():
    payment = PaymentFactory(provider="stripe")

    with pytest.raises(IntegrityError, match="payment_charged_back_was_taken"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(charged_back_minor=1)


def test_the_hold_it_is_about_never_changes():
    payment = payment_held()
    chargeback = chargeback_of(payment)
    other = payment.holds.create(number=2, amount_minor=1, ref="pi_2", created_at=payment.created_at)

    with pytest.raises(IntegrityError, match="hold_id"), transaction.atomic():
        Chargeback.objects.filter(pk=chargeback.pk).update(hold=other)

    other.delete()


# More than was taken: banks count in other currencies


def test_more_than_was_taken_is_known_and_holds_the_payment_back():
    payment = payment_held()

    chargeback_of(payment, amount_minor=10_050)

    assert Chargeback.objects.get().amount == Money(10_050, "USD")
    assert (Payment.objects.get().charged_back_minor, Payment.objects.get().left_minor) == (10_050, 0)
    assert not payment_may_go(payment)


@pytest.mark.parametrize(("end", "lost"), [(WON, 1_500), (LOST, 11_550)])
def test_what_is_beyond_the_payment_is_the_platforms(end, lost):
    payment = payment_held()
    chargeback_of(payment, amount_minor=10_050)

    chargeback_of(payment, amount_minor=10_050, status=end)

    says = balances()
    assert (says["TECHNICIAN_HELD"], says["PLATFORM_FEE"], says["CHARGEBACK_LOSSES"]) == (-8_500, -1_500, lost)
    assert says["PROVIDER_CLEARING"] == 10_000 - lost
    assert Payment.objects.get().charged_back_minor == (0 if end == WON else 10_050)


def test_nothing_is_refunded_beside_more_than_was_taken(staff):
    payment = payment_held()
    chargeback_of(payment, amount_minor=10_050)

    with pytest.raises(RefundTooMuch) as refused:
        asked(payment, staff, 1)

    assert refused.value.details == {"left": "0.00 USD"}


# Looking again at what nobody told of


@pytest.fixture
def unseen(noon, provider):
    """Three that were opened a minute after each other, the last first; of each the provider knows the end."""
    for minutes in (3, 2, 1):
        payment = payment_held(at=noon)
        with clock.frozen(noon + timedelta(minutes=minutes)):
            opened = chargeback_of(payment, ref=f"dp_{minutes}")
        lost = chargeback_state(payment.holds.get().ref, ref=opened.ref, status=LOST)
        provider.states[opened.ref] = lost
    return noon + timedelta(minutes=3) + LOOK_EVERY


def statuses():
    return list(Chargeback.objects.order_by("ref").values_list("status", flat=True))


def looked(at):
    with clock.frozen(at):
        return chargebacks_look_again()


def test_what_was_not_looked_at_for_hours_is_looked_at_again(unseen, provider):
    with clock.frozen(unseen):
        look_at_chargebacks.apply(throw=True)

    assert (statuses(), provider.reads) == (["LOST"] * 3, 3)
    assert look_at_chargebacks.name in registered()
    assert [payload["status"] for payload in told()[-3:]] == ["LOST"] * 3


def test_the_longest_unseen_are_looked_at_first_and_only_so_many(unseen, monkeypatch):
    monkeypatch.setattr("payments.services.chargebacks.LOOKS_AT_ONCE", 2)

    assert looked(unseen) == 2
    assert statuses() == ["LOST", "LOST", "NEEDS_RESPONSE"]


def test_before_its_hours_are_over_none_is_looked_at(unseen, provider):
    assert looked(unseen - timedelta(minutes=1)) == 2
    assert looked(unseen - timedelta(minutes=1)) == 0
    assert (statuses()[-1], provider.reads) == ("NEEDS_RESPONSE", 2)


def test_what_is_over_is_not_looked_at(unseen, provider):
    looked(unseen)

    assert (looked(unseen + 10 * LOOK_EVERY), provider.reads) == (0, 3)


def test_what_is_still_open_is_looked_at_once_in_hours(noon, provider):
    payment = payment_held(at=noon)
    chargeback = chargeback_of(payment)
    provider.states["dp_1"] = chargeback_state(payment.holds.get().ref)
    before = written()["told"]

    assert [looked(noon + LOOK_EVERY + step) for step in (timedelta(0), timedelta(hours=1), LOOK_EVERY)] == [1, 0, 1]

    after = Chargeback.objects.get()
    assert (after.status, after.looked_at) == (chargeback.status, noon + 2 * LOOK_EVERY)
    assert (provider.reads, written()["told"]) == (2, before)


def test_while_the_provider_is_away_each_is_asked_about_once_in_hours(unseen, provider):
    provider.is_away = True

    assert (looked(unseen), looked(unseen + timedelta(minutes=10)), provider.reads) == (0, 0, 3)

    provider.is_away = False
    assert looked(unseen + LOOK_EVERY) == 3


def test_one_that_cannot_be_followed_holds_up_no_other(unseen, provider):
    del provider.states["dp_1"]
    provider.states["dp_2"] = replace(provider.states["dp_2"], currency="EUR")

    assert looked(unseen) == 1
    assert statuses() == ["NEEDS_RESPONSE", "NEEDS_RESPONSE", "LOST"]


def test_what_another_sweep_has_taken_is_left_to_it(unseen, provider, monkeypatch):
    found = list(Chargeback.objects.all())
    monkeypatch.setattr("payments.services.chargebacks.chargeback_list_to_look_at", lambda **_: found)
    Chargeback.objects.update(looked_at=unseen)

    assert (looked(unseen), provider.reads) == (0, 0)


# Nothing is paid out


def test_while_it_is_open_nothing_is_released(noon):
    payment = payment_held(at=noon)
    chargeback_of(payment)
    assert payment_may_go(payment) is False
    with clock.frozen(noon + HOLD):
        assert payouts_order() == 0

    chargeback_of(payment, status=WON)

    assert payment_may_go(payment) is True
    with clock.frozen(noon + HOLD):
        assert payouts_order() == 1


def test_a_payout_that_is_not_sent_goes_without_it(noon):
    kept = payment_held(at=noon)
    payment = payment_held(kept.technician, at=noon)
    with clock.frozen(noon + HOLD):
        payouts_order()
    payout = Payout.objects.get(technician=kept.technician, items__payment=payment)

    chargeback_of(payment)

    payout = Payout.objects.get(pk=payout.pk)
    assert (payout.status, payout.items.get(payment=payment).returned_at is None) == ("ORDERED", False)
    assert kinds_of(payment)[-2:] == ["PAYOUT_HELD_BACK", "CHARGED_BACK"]


def test_the_database_refuses_to_send_what_a_bank_may_keep(noon, staff):
    payment = payment_held(at=noon)
    with clock.frozen(noon + HOLD):
        payouts_order()
    payout = Payout.objects.get()
    hold = hold_of(payment)
    about = {"payment": payment, "hold": hold, "provider": "stripe", "ref": "dp_1"}
    behind = Chargeback.objects.create(**about, opened_at=noon, looked_at=noon)
    assert list(paid_out_held_back()) == [payout]

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        payout_send(payout_id=payout.pk, actor=staff, reason="By the bank.")

    assert isinstance(conflict_of(refused.value), HeldBack)
    behind.delete()


def test_the_technician_sees_that_it_is_kept():
    payment = payment_held()
    chargeback_of(payment)

    assert earnings_of_technician(technician_id=payment.technician_id).frozen == Money(8_500, "USD")

    chargeback_of(payment, status=LOST)

    assert earnings_of_technician(technician_id=payment.technician_id).frozen == Money(0, "USD")


def test_after_a_payout_it_is_the_platforms(noon, staff):
    payment = payment_held(at=noon)
    with clock.frozen(noon + HOLD):
        payouts_order()
    payout = Payout.objects.get()
    payout_send(payout_id=payout.pk, actor=staff, reason="By the bank.")

    chargeback_of(payment, status=LOST)

    assert Payout.objects.get(pk=payout.pk).status == "SENT"
    assert balances()["CHARGEBACK_LOSSES"] == 11_500


# Decided


def test_won_the_amount_comes_back_and_the_fee_does_not():
    payment = payment_held()
    chargeback_of(payment)

    chargeback = chargeback_of(payment, status=WON)

    assert (chargeback.status, chargeback.is_open, chargeback.closed_at is None) == ("WON", False, False)
    assert lines_of(f"chargeback_won:{chargeback.pk}") == [
        (AccountKind.PROVIDER_CLEARING, 10_000),
        (AccountKind.CHARGEBACKS, -10_000),
    ]
    assert balances()["CHARGEBACK_LOSSES"] == 1_500
    assert Payment.objects.get().charged_back_minor == 0
    assert kinds_of(payment) == ["CHARGED_BACK", "CHARGEBACK_WON"]
    assert told()[-1]["status"] == "WON"


def test_a_fee_that_is_given_back_is_booked_whenever_it_comes():
    payment = payment_held()
    chargeback_of(payment)
    chargeback_of(payment, status=WON)

    chargeback = chargeback_of(payment, status=WON, fee_minor=0)

    assert chargeback.fee_minor == 0
    assert lines_of(f"chargeback:{chargeback.pk}:2") == [
        (AccountKind.CHARGEBACK_LOSSES, -1_500),
        (AccountKind.PROVIDER_CLEARING, 1_500),
    ]
    assert "CHARGEBACK_LOSSES" not in balances()


def test_lost_it_is_the_platforms_loss():
    payment = payment_held()
    chargeback_of(payment)

    chargeback = chargeback_of(payment, status=LOST)

    assert lines_of(f"chargeback_lost:{chargeback.pk}") == [
        (AccountKind.CHARGEBACK_LOSSES, 10_000),
        (AccountKind.CHARGEBACKS, -10_000),
    ]
    assert balances(kind="TECHNICIAN_HELD") == {"TECHNICIAN_HELD": -8_500}
    assert Payment.objects.get().charged_back_minor == 10_000
    assert kinds_of(payment) == ["CHARGED_BACK", "CHARGEBACK_LOST"]


@pytest.mark.parametrize("end", [WON, LOST])
def test_first_heard_of_when_it_is_over_it_is_opened_and_closed(end):
    chargeback = chargeback_of(payment_held(), status=end)

    assert chargeback.status == end.name
    assert [payload.get("status") for payload in told()] == [None, end.name]


@pytest.mark.parametrize("end", [WON, LOST])
@pytest.mark.parametrize("late", [ChargebackIs.NEEDS_RESPONSE, UNDER_REVIEW, WON, LOST])
def test_what_was_decided_stays(end, late, noon):
    payment = payment_held()
    chargeback_of(payment, status=end)
    before = written()

    chargeback_of(payment, status=late, evidence_due_at=noon, reason="other", amount_minor=5_000)

    assert written() == before


def test_older_news_do_not_ask_for_evidence_again():
    payment = payment_held()
    chargeback_of(payment, status=UNDER_REVIEW)

    assert chargeback_of(payment).status == "UNDER_REVIEW"


def test_news_while_it_is_open_are_told(noon):
    payment = payment_held()
    chargeback_of(payment)

    chargeback_of(payment, evidence_due_at=in_a_week(noon))
    chargeback_of(payment, status=UNDER_REVIEW, evidence_due_at=in_a_week(noon))

    assert (len(told()), evidence_due_at(payment.job_id)) == (3, None)


def test_an_inquiry_takes_nothing_until_it_is_one():
    payment = payment_held()
    chargeback = chargeback_of(payment, amount_minor=0, fee_minor=0)
    assert not LedgerTransaction.objects.filter(key__startswith="chargeback").exists()

    chargeback_of(payment)

    assert lines_of(f"chargeback:{chargeback.pk}:1")[0] == (AccountKind.CHARGEBACKS, 10_000)


def test_the_decision_is_frozen_by_the_database():
    chargeback = chargeback_of(payment_held(), status=LOST)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_chargeback SET status = 'WON' WHERE ref = %s", [chargeback.ref])


def test_the_job_stays_as_it_is():
    payment = payment_held()
    before = Job.objects.values().get(pk=payment.job_id)

    chargeback_of(payment, status=LOST)

    assert Job.objects.values().get(pk=payment.job_id) == before


# Beside refunds


def asked(payment, staff, minor):
    return refund_request(payment_id=payment.pk, actor=staff, amount=Money(minor, "USD"), reason="It drips.")


def test_no_more_is_refunded_than_the_bank_left(staff):
    payment = payment_held()
    chargeback_of(payment, amount_minor=6_000)
    with pytest.raises(RefundTooMuch) as refused:
        asked(payment, staff, 4_001)
    assert refused.value.details == {"left": "40.00 USD"}

    asked(payment, staff, 4_000)

    assert Payment.objects.get().left_minor == 0


def test_won_there_is_room_again(staff):
    payment = payment_held()
    chargeback_of(payment)
    chargeback_of(payment, status=WON)

    refund = asked(payment, staff, 10_000)
    refund_send(refund_id=refund.pk)
    refund_finish(refund_id=refund.pk)

    assert Payment.objects.get().status == "REFUNDED"


def test_a_refund_is_not_approved_beside_a_chargeback(staff, settings):
    settings.REFUND_SECOND_PERSON_MINOR = 0
    payment = payment_held()
    refund = asked(payment, staff, 5_000)
    chargeback_of(payment)

    with pytest.raises(RefundTooMuch):
        refund_approve(refund_id=refund.pk, actor=UserFactory(admin=True), reason="Agreed.")


def test_a_chargeback_comes_whatever_was_refunded(staff):
    payment = payment_held()
    asked(payment, staff, 8_000)

    chargeback_of(payment)

    assert (Payment.objects.get().charged_back_minor, Payment.objects.get().left_minor) == (10_000, 0)


# Around it


def test_the_customer_stays_while_his_bank_has_not_decided():
    payment = payment_held()
    chargeback_of(payment)
    with pytest.raises(AccountInUse):
        chargeback_guard_deletion(payment.customer)

    chargeback_of(payment, status=LOST)

    chargeback_guard_deletion(payment.customer)


@pytest.mark.django_db
class TestProof:
    def test_a_count_of_its_own_is_found(self):
        payment = payment_held()
        Payment.objects.filter(pk=payment.pk).update(charged_back_minor=1)

        assert list(chargebacks_counted_wrongly()) == [payment]
        assert first_fault() == f"payment {payment.pk} counts other chargebacks than it has"
        Payment.objects.filter(pk=payment.pk).update(charged_back_minor=0)

    @pytest.mark.parametrize("kind", [AccountKind.CHARGEBACKS, AccountKind.CHARGEBACK_LOSSES])
    def test_books_that_know_of_other_chargebacks_are_found(self, kind):
        chargeback_of(payment_held())
        account = LedgerAccount.objects.filter(kind=kind)
        says = account.get().balance_minor
        account.update(balance_minor=1)

        assert list(chargeback_faults()) == [f"{kind} USD says 1, chargebacks {says}"]
        account.update(balance_minor=says)


# At once


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_told_by_many_at_once_it_is_booked_once():
    for _ in range(5):
        payment = payment_held()
        hold = hold_of(payment, ref=f"pi_{payment.pk}")
        state = chargeback_state(hold.ref, ref=f"dp_{payment.pk}", status=LOST)
        at_once(*[lambda state=state: chargeback_apply(provider="stripe", state=state)] * 8)

    assert set(Chargeback.objects.values_list("status", flat=True)) == {ChargebackStatus.LOST}
    assert LedgerTransaction.objects.filter(kind="CHARGEBACK").count() == 5
    assert balances()["CHARGEBACK_LOSSES"] == 5 * 11_500


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_that_a_bank_took_back_before(staff, settings):
    settings.PAYOUT_HOLD_DAYS = 0
    for _ in range(10):
        payment = payment_held()
        hold = hold_of(payment, ref=f"pi_{payment.pk}")
        payouts_order()
        payout = Payout.objects.get(items__payment=payment)
        state = chargeback_state(hold.ref, ref=f"dp_{payment.pk}")
        at_once(
            lambda state=state: chargeback_apply(provider="stripe", state=state),
            lambda payout=payout: payout_send(payout_id=payout.pk, actor=staff, reason="By the bank."),
        )
        item = payout.items.get()
        is_sent = Payout.objects.get(pk=payout.pk).status == "SENT"
        assert is_sent is (item.returned_at is None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_payments_lock_the_constraint_alone_keeps_it_single(monkeypatch):
    monkeypatch.setattr(
        "payments.services.chargebacks.payment_get_locked", lambda payment_id: Payment.objects.get(pk=payment_id)
    )

    def told_at_once():
        payment = payment_held()
        state = chargeback_state(hold_of(payment, ref=f"pi_{payment.pk}").ref, ref=f"dp_{payment.pk}")
        at_once(*[lambda: chargeback_apply(provider="stripe", state=state)] * 8)

    with pytest.raises(IntegrityError, match="chargeback_ref_once"):
        [told_at_once() for _ in range(10)]
