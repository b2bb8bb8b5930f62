"""Each movement, as docs/money.md has it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from fixmate.core import clock
from fixmate.core.money import Money
from jobs.enums import PriceKind
from jobs.tests.factories import job_completed, price_for
from payments.models import LedgerTransaction, Payment
from payments.selectors import balances_of_technician
from payments.services import (
    ledger_post_missing,
    payment_capture_for_job,
    payout_fail,
    payout_pay,
    payout_send,
    payouts_order,
    refund_fail,
    refund_finish,
    refund_request,
    refund_send,
)
from payments.tests.books import balances, lines_of
from payments.tests.factories import PaymentFactory, job_finish, payment_authorized, payment_captured, payment_held
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]

LATER = timedelta(days=2)


def refund(payment, minor, staff):
    return refund_request(payment_id=payment.pk, actor=staff, amount=Money(minor, "USD"), reason="It drips.")


def pay_out(at, staff, *, until="paid"):
    """Order what is due at the moment, and carry it as far as asked."""
    with clock.frozen(at):
        payouts_order()
    payout = LedgerTransaction.objects.filter(kind="PAYOUT").latest("number").payout
    if until in {"sent", "paid", "failed"}:
        payout = payout_send(payout_id=payout.pk, actor=staff, reason="Sent.")
    if until == "paid":
        return payout_pay(payout_id=payout.pk, actor=staff, reason="There.")
    if until == "failed":
        return payout_fail(payout_id=payout.pk, actor=staff, reason="No such account.")
    return payout


# Capture


def test_offline_the_technician_owes_the_fee(noon):
    payment = payment_captured()

    assert lines_of(f"capture:{payment.pk}") == [("TECHNICIAN_RECEIVABLE", 1_500), ("PLATFORM_FEE", -1_500)]
    assert balances_of_technician(payment.technician_id).owed == Money(1_500, "USD")
    assert not balances_of_technician(payment.technician_id).is_owed_something


def test_through_a_provider_we_owe_the_technician_his_share(noon):
    payment = payment_held()

    assert lines_of(f"capture:{payment.pk}") == [
        ("PROVIDER_CLEARING", 10_000),
        ("CUSTOMER_FUNDS", -10_000),
        ("CUSTOMER_FUNDS", 10_000),
        ("PLATFORM_FEE", -1_500),
        ("TECHNICIAN_HELD", -8_500),
    ]
    assert balances_of_technician(payment.technician_id).held == Money(8_500, "USD")


def test_the_tax_is_contained_in_the_fee(noon, settings):
    settings.TAX_RATE = Decimal("0.20")

    payment = payment_captured()

    assert lines_of(f"capture:{payment.pk}") == [
        ("TECHNICIAN_RECEIVABLE", 1_500), ("PLATFORM_FEE", -1_250), ("TAX", -250),
    ]  # fmt: skip


def test_a_job_for_nothing_is_not_in_the_books(noon):
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=0, revision=2)

    payment_capture_for_job(job_id=job.pk)

    assert LedgerTransaction.objects.count() == 0


def test_capture_posts_in_the_transaction_that_takes_the_money(noon, online, drain):
    payment = payment_authorized()
    job_finish(payment.job)

    for _ in range(2):
        payment_capture_for_job(job_id=payment.job_id)
        drain()

    assert LedgerTransaction.objects.get().key == f"capture:{payment.pk}"
    assert balances() == {"PROVIDER_CLEARING": 10_000, "PLATFORM_FEE": -1_500, "TECHNICIAN_HELD": -8_500}


# Release


def test_release_frees_what_was_held_less_what_he_owes(noon):
    technician = TechnicianFactory()
    payment_captured(technician, at=noon)
    payment = payment_held(technician, at=noon)

    with clock.frozen(noon + LATER):
        payouts_order()

    assert lines_of(f"release:{payment.pk}") == [
        ("TECHNICIAN_HELD", 8_500), ("TECHNICIAN_RECEIVABLE", -1_500), ("TECHNICIAN_PAYABLE", -7_000),
    ]  # fmt: skip
    assert Payment.objects.get(pk=payment.pk).released_at == noon + LATER


def test_release_adds_what_he_has_as_a_credit(noon, staff):
    technician = TechnicianFactory()
    cash = payment_captured(technician, at=noon)
    first, second = payment_held(technician, at=noon), payment_held(technician, at=noon + timedelta(hours=1))
    with clock.frozen(noon + LATER):
        payouts_order()  # the first pays the fee of the cash job, which then goes back whole
    refund(cash, 10_000, staff)

    with clock.frozen(noon + LATER + timedelta(hours=1)):
        payouts_order()

    assert balances_of_technician(technician.pk).owed.minor == 0
    assert lines_of(f"release:{first.pk}")[1] == ("TECHNICIAN_RECEIVABLE", -1_500)
    assert lines_of(f"release:{second.pk}")[1:] == [("TECHNICIAN_RECEIVABLE", 1_500), ("TECHNICIAN_PAYABLE", -10_000)]


def test_everything_may_go_to_what_he_owes(noon):
    technician = TechnicianFactory()
    for _ in range(6):
        payment_captured(technician, at=noon)
    payment = payment_held(technician, at=noon)

    with clock.frozen(noon + LATER):
        assert payouts_order() == 0

    assert lines_of(f"release:{payment.pk}") == [("TECHNICIAN_HELD", 8_500), ("TECHNICIAN_RECEIVABLE", -8_500)]
    assert balances_of_technician(technician.pk).owed.minor == 500


# Refund


def test_refund_in_hold_takes_everybody_his_part(noon, staff):
    payment = payment_held(at=noon)

    given = refund(payment, 4_000, staff)
    refund_send(refund_id=given.pk)
    refund_finish(refund_id=given.pk)

    assert lines_of(f"refund:{given.pk}") == [
        ("PLATFORM_FEE", 600), ("TECHNICIAN_HELD", 3_400), ("REFUNDS_IN_TRANSIT", -4_000),
    ]  # fmt: skip
    assert lines_of(f"refund_done:{given.pk}") == [("REFUNDS_IN_TRANSIT", 4_000), ("PROVIDER_CLEARING", -4_000)]
    assert balances() == {"PROVIDER_CLEARING": 6_000, "PLATFORM_FEE": -900, "TECHNICIAN_HELD": -5_100}


def test_refund_after_the_hold_takes_from_what_is_free_and_then_what_he_owes(noon, staff):
    technician = TechnicianFactory()
    payment_captured(technician, at=noon)
    payment = payment_held(technician, at=noon)
    with clock.frozen(noon + LATER):
        payouts_order()

    given = refund(payment, 10_000, staff)

    assert lines_of(f"refund:{given.pk}") == [
        ("PLATFORM_FEE", 1_500),
        ("TECHNICIAN_PAYABLE", 7_000),
        ("TECHNICIAN_RECEIVABLE", 1_500),
        ("REFUNDS_IN_TRANSIT", -10_000),
    ]


def test_refund_of_what_was_paid_out_is_owed(noon, staff):
    payment = payment_held(at=noon)
    pay_out(noon + LATER, staff)

    given = refund(payment, 10_000, staff)

    assert lines_of(f"refund:{given.pk}")[1] == ("TECHNICIAN_RECEIVABLE", 8_500)
    assert balances_of_technician(payment.technician_id).owed.minor == 8_500


def test_refund_offline_lets_him_off_the_fee(noon, staff):
    payment = payment_captured(at=noon)

    given = refund(payment, 4_000, staff)
    refund_finish(refund_id=given.pk)

    assert lines_of(f"refund:{given.pk}") == [("PLATFORM_FEE", 600), ("TECHNICIAN_RECEIVABLE", -600)]
    assert LedgerTransaction.objects.count() == 2


def test_refund_takes_the_tax_that_was_posted(noon, settings, staff):
    settings.TAX_RATE = Decimal("0.20")
    payment = payment_captured(at=noon)
    settings.TAX_RATE = Decimal(0)

    given = refund(payment, 10_000, staff)

    assert lines_of(f"refund:{given.pk}") == [
        ("PLATFORM_FEE", 1_250), ("TAX", 250), ("TECHNICIAN_RECEIVABLE", -1_500),
    ]  # fmt: skip


@pytest.mark.parametrize("make", [payment_captured, payment_held])
def test_a_refund_that_fails_gives_everybody_his_part_back(noon, staff, make):
    payment = make(at=noon)
    before = balances()
    given = refund(payment, 4_000, staff)

    refund_fail(refund_id=given.pk, reason="The card is closed.")

    assert balances() == before


def test_a_refund_of_which_nothing_is_the_fee_moves_nothing_offline(noon, staff):
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=2, revision=2)  # 15 % of which are nothing
    payment = payment_capture_for_job(job_id=job.pk)

    given = refund(payment, 1, staff)
    refund_fail(refund_id=given.pk, reason="He would not.")

    assert LedgerTransaction.objects.count() == 0


# Payouts


def test_a_payout_that_arrives(noon, staff):
    payment = payment_held(at=noon)

    payout = pay_out(noon + LATER, staff)

    assert lines_of(f"payout:{payout.pk}") == [("TECHNICIAN_PAYABLE", 8_500), ("PAYOUTS_IN_TRANSIT", -8_500)]
    assert lines_of(f"payout_paid:{payout.pk}") == [("PAYOUTS_IN_TRANSIT", 8_500), ("PROVIDER_CLEARING", -8_500)]
    assert balances() == {"PROVIDER_CLEARING": 1_500, "PLATFORM_FEE": -1_500}
    assert not balances_of_technician(payment.technician_id).is_owed_something


def test_a_payout_that_fails_comes_back_and_goes_out_again(noon, staff):
    payment = payment_held(at=noon)

    failed = pay_out(noon + LATER, staff, until="failed")
    assert lines_of(f"payout_failed:{failed.pk}") == [("PAYOUTS_IN_TRANSIT", 8_500), ("TECHNICIAN_PAYABLE", -8_500)]
    assert balances_of_technician(payment.technician_id).payable.minor == 8_500

    again = pay_out(noon + LATER, staff)
    assert (again.amount_minor, again.pk != failed.pk) == (8_500, True)
    assert balances() == {"PROVIDER_CLEARING": 1_500, "PLATFORM_FEE": -1_500}


# Before there were books


def test_what_was_captured_before_is_posted_once(noon):
    payment = PaymentFactory(job=job_completed())
    job = payment.job
    payment.capture(price=job.prices.get(), technician_id=job.technician_id, at=noon)
    payment.save()

    assert [ledger_post_missing(), ledger_post_missing()] == [1, 0]
    assert LedgerTransaction.objects.get().at == noon
