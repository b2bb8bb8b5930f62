"""Refunds through an online provider: each part from the hold that was taken."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money
from jobs.enums import PriceKind
from jobs.tests.factories import price_for
from payments.enums import CallKind, CallStatus, PaymentEventKind, PaymentStatus, RefundStatus
from payments.models import Payment, PaymentEvent, ProviderCall, Refund
from payments.providers import ChargebackIs, RefundIs, RefundState
from payments.services import (
    chargeback_apply,
    payment_capture_for_job,
    payment_ensure,
    refund_ask_again,
    refund_fail,
    refund_refresh,
    refund_reject,
    refund_request,
)
from payments.services.calls import NOT_WANTED
from payments.tests.books import balances
from payments.tests.factories import calls_perform, job_finish, payment_authorized
from payments.tests.telling import chargeback_state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


@pytest.fixture
def payment(online):
    """Captured: 100.00 from the first hold and 40.00 from the second."""
    payment = payment_authorized()
    price_for(payment.job, PriceKind.QUOTE_REVISION, amount_minor=14_000, revision=2)
    payment_ensure(job_id=payment.job_id)
    calls_perform()
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    calls_perform()
    return Payment.objects.get()


def ask(payment, minor, staff):
    return refund_request(payment_id=payment.pk, actor=staff, amount=Money(minor, "USD"), reason="It drips.")


def parts():
    return list(ProviderCall.objects.filter(kind=CallKind.REFUND).order_by("pk").values_list("amount_minor", flat=True))


def status_of(refund):
    return Refund.objects.get(pk=refund.pk).status


def test_a_refund_in_part_is_given_back_by_the_provider(online, payment, staff):
    refund = ask(payment, 4_000, staff)
    assert refund.status == RefundStatus.APPROVED
    calls_perform()

    assert (status_of(refund), parts(), online.taken_minor) == (RefundStatus.DONE, [4_000], 10_000)
    assert Payment.objects.get().status == PaymentStatus.PARTIALLY_REFUNDED
    assert balances()["PROVIDER_CLEARING"] == 10_000
    assert "REFUNDS_IN_TRANSIT" not in balances()


def test_refunds_go_hold_by_hold_until_all_is_back(online, payment, staff):
    first, second = ask(payment, 9_000, staff), ask(payment, 5_000, staff)
    calls_perform()

    assert parts() == [9_000, 1_000, 4_000]
    assert (status_of(first), status_of(second)) == (RefundStatus.DONE, RefundStatus.DONE)
    assert (Payment.objects.get().status, online.taken_minor) == (PaymentStatus.REFUNDED, 0)


def test_a_refund_under_way_is_done_when_the_provider_says_so(online, payment, staff):
    online.refunds_pend = True
    refund = ask(payment, 4_000, staff)
    calls_perform()
    call = ProviderCall.objects.get(kind=CallKind.REFUND)
    assert (status_of(refund), call.status) == (RefundStatus.SENT, CallStatus.WAITING)

    online.settle_refund(call.ref)
    assert refund_refresh(ref=call.ref)
    assert refund_refresh(ref=call.ref)

    assert status_of(refund) == RefundStatus.DONE
    assert online.asked.count("refund") == 1


def test_a_refund_under_way_is_looked_at_without_being_told(online, payment, staff):
    online.refunds_pend = True
    refund = ask(payment, 4_000, staff)
    calls_perform()
    online.settle_refund(ProviderCall.objects.get(kind=CallKind.REFUND).ref)

    calls_perform()

    assert (status_of(refund), online.asked[-1]) == (RefundStatus.DONE, "refund_state")


def test_a_refund_the_bank_sends_back_fails(online, payment, staff):
    online.refunds_pend = True
    refund = ask(payment, 4_000, staff)
    calls_perform()
    call = ProviderCall.objects.get(kind=CallKind.REFUND)

    online.settle_refund(call.ref, RefundIs.FAILED)
    for _ in range(2):
        refund_refresh(ref=call.ref)

    failed = Refund.objects.get(pk=refund.pk)
    assert (failed.status, failed.failure) == (RefundStatus.FAILED, "bank")
    assert (Payment.objects.get().refunded_minor, balances()["PROVIDER_CLEARING"]) == (0, 14_000)


def test_a_refund_that_is_refused_gives_everybody_back_what_it_took(online, payment, staff):
    online.refuses["refund"] = "charge_disputed"
    refund = ask(payment, 4_000, staff)
    before = balances()
    calls_perform()

    failed = Refund.objects.get(pk=refund.pk)
    assert (failed.status, failed.failure) == (RefundStatus.FAILED, "charge_disputed No.")
    assert before["REFUNDS_IN_TRANSIT"] == -4_000
    assert balances()["TECHNICIAN_HELD"] == -11_900
    assert ask(payment, 14_000, staff).amount_minor == 14_000


def test_a_refund_in_pieces_stays_sent_until_staff_have_the_rest_asked_for(online, payment, staff):
    online.refunds_pend = True
    refund = ask(payment, 14_000, staff)
    calls_perform()
    first, second = ProviderCall.objects.filter(kind=CallKind.REFUND).order_by("pk")
    online.settle_refund(first.ref)
    online.settle_refund(second.ref, RefundIs.FAILED)

    for part in (first, second):
        refund_refresh(ref=part.ref)
    assert status_of(refund) == RefundStatus.SENT
    online.refunds_pend = False
    refund_ask_again(refund_id=refund.pk, actor=staff, reason="The card works again.")
    calls_perform()

    assert status_of(refund) == RefundStatus.DONE
    assert AuditEntry.objects.filter(action="refund.ask_again").count() == 1


def test_asking_again_is_refused_where_nothing_was_refused(online, payment, staff):
    refund = ask(payment, 4_000, staff)

    with pytest.raises(IllegalTransition):
        refund_ask_again(refund_id=refund.pk, actor=staff, reason="Please.")

    assert not AuditEntry.objects.filter(action="refund.ask_again").exists()


def test_a_refund_that_comes_back_long_after_is_kept_for_people(online, payment, staff):
    refund = ask(payment, 4_000, staff)
    calls_perform()
    call = ProviderCall.objects.get(kind=CallKind.REFUND)
    online.settle_refund(call.ref, RefundIs.FAILED)

    refund_refresh(ref=call.ref)

    assert status_of(refund) == RefundStatus.DONE
    assert PaymentEvent.objects.filter(kind=PaymentEventKind.REFUND_FAILED).get().data["was_done"]


def test_nothing_is_asked_before_the_second_person_says_yes(online, payment, staff, settings):
    settings.REFUND_SECOND_PERSON_MINOR = 0
    refund = ask(payment, 4_000, staff)
    calls_perform()
    assert parts() == []

    refund_reject(refund_id=refund.pk, actor=UserFactory(admin=True), reason="No.")
    calls_perform()

    assert online.taken_minor == 14_000


def test_nonsense_about_a_refund_changes_nothing(online, payment, staff, monkeypatch):
    monkeypatch.setattr(online, "_refund", lambda ref, minor: RefundState("re_1", RefundIs.DONE, minor + 1))
    refund = ask(payment, 4_000, staff)
    calls_perform()

    call = ProviderCall.objects.get(kind=CallKind.REFUND)
    assert (status_of(refund), call.status) == (RefundStatus.SENT, CallStatus.WAITING)
    assert call.last_error.startswith("says RefundState")


def test_a_refund_that_has_failed_meanwhile_is_not_asked_for(online, payment, staff):
    refund = ask(payment, 4_000, staff)
    refund_fail(refund_id=refund.pk, reason="Agreed otherwise.")
    calls_perform()

    call = ProviderCall.objects.get(kind=CallKind.REFUND)
    assert (call.status, call.last_error) == (CallStatus.REFUSED, NOT_WANTED)
    assert online.taken_minor == 14_000


def test_a_refund_of_somebody_else_is_none_of_ours(online):
    assert not refund_refresh(ref="re_of_another")


# What the bank has taken back of a hold


def parts_by_hold():
    calls = ProviderCall.objects.filter(kind=CallKind.REFUND).order_by("pk")
    return list(calls.values_list("hold__number", "amount_minor"))


def charged_back(payment, number, minor, status=ChargebackIs.NEEDS_RESPONSE):
    hold = payment.holds.get(number=number)
    chargeback_apply(provider="stripe", state=chargeback_state(hold.ref, amount_minor=minor, status=status))


@pytest.mark.parametrize("status", [ChargebackIs.NEEDS_RESPONSE, ChargebackIs.UNDER_REVIEW, ChargebackIs.LOST])
def test_what_the_bank_took_back_of_a_hold_is_not_given_back_again(online, payment, staff, status):
    charged_back(payment, 1, 10_000, status)

    refund = ask(payment, 4_000, staff)
    calls_perform()

    assert (parts_by_hold(), status_of(refund)) == ([(2, 4_000)], RefundStatus.DONE)


def test_what_the_bank_left_of_a_hold_is_given_back(online, payment, staff):
    charged_back(payment, 1, 7_000)

    ask(payment, 5_000, staff)

    assert parts_by_hold() == [(1, 3_000), (2, 2_000)]


def test_beside_a_refund_the_bank_leaves_less_of_a_hold(online, payment, staff):
    ask(payment, 2_000, staff)
    charged_back(payment, 1, 7_000)

    ask(payment, 5_000, staff)

    assert parts_by_hold() == [(1, 2_000), (1, 1_000), (2, 4_000)]


def test_of_a_hold_the_bank_took_more_of_than_it_was_nothing_is_asked(online, payment, staff):
    charged_back(payment, 1, 10_050)

    ask(payment, 3_950, staff)

    assert parts_by_hold() == [(2, 3_950)]


def test_what_was_won_is_given_back_from_its_hold_again(online, payment, staff):
    charged_back(payment, 1, 10_000)
    charged_back(payment, 1, 10_000, ChargebackIs.WON)

    ask(payment, 4_000, staff)

    assert parts_by_hold() == [(1, 4_000)]
