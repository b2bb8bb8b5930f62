"""What no service could break is found, and named."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.money import Money
from fixmate.ops.tests.breaking import lifted, set_behind
from payments.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerTransaction, Payment, Payout, Refund
from payments.selectors import proof
from payments.services import payment_freeze, payouts_order, refund_request
from payments.tests.factories import payment_captured, payment_held

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks_back_on")]


@pytest.fixture
def books(noon):
    """Books with something of everything, two transactions of captures first."""
    payments = [payment_captured(at=noon), payment_held(at=noon), payment_held(at=noon)]
    with clock.frozen(noon + timedelta(days=2)):
        payouts_order()
    return payments


def told():
    """Return what the command prints, and how it ends."""
    text = io.StringIO()
    try:
        call_command("prove_ledger", stdout=text)
    except SystemExit as end:
        return text.getvalue(), end.code
    return text.getvalue(), 0


def test_books_that_hold(books):
    text, code = told()

    assert code == 0
    assert text.splitlines()[-1] == "7 transactions: every entry balances, what is held is what is owed"
    assert [line.split() for line in text.splitlines()[:-1]] == [
        ["CUSTOMER_FUNDS", "0.00", "USD"],
        ["PAYOUTS_IN_TRANSIT", "-170.00", "USD"],
        ["PLATFORM_FEE", "-45.00", "USD"],
        ["PROVIDER_CLEARING", "200.00", "USD"],
        ["TECHNICIAN_HELD", "0.00", "USD"],
        ["TECHNICIAN_PAYABLE", "0.00", "USD"],
        ["TECHNICIAN_RECEIVABLE", "15.00", "USD"],
    ]


def test_empty_books_hold(db):
    assert told() == ("0 transactions: every entry balances, what is held is what is owed\n", 0)


def test_more_than_a_page_holds(books, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", 2)

    assert proof.first_fault() is None


def test_the_first_entry_at_fault_is_named(books):
    second, third = LedgerTransaction.objects.order_by("number")[1:3]
    entry = second.entries.order_by("id")[0]
    with lifted():
        set_behind(LedgerEntry, entry.pk, amount_minor=10_001)
        set_behind(LedgerEntry, third.entries.first().pk, amount_minor=1)

        text, code = told()

    assert code == 1
    assert text.splitlines()[-1] == f"#2 {second.key}: entry {entry.pk} moves 0 by 10001 and says 10000"


def faults_after(model, pk, **columns):
    with lifted():
        set_behind(model, pk, **columns)
        return list(proof.ledger_faults())


def test_a_wrong_balance_is_found(books):
    account = LedgerAccount.objects.get(kind="PLATFORM_FEE")

    assert faults_after(LedgerAccount, account.pk, balance_minor=-1) == [
        f"account {account.pk} (PLATFORM_FEE USD) says -1, its entries -4500"
    ]


def test_a_gap_is_found(books):
    last = LedgerTransaction.objects.latest("number")

    assert faults_after(LedgerTransaction, last.pk, number=9) == [
        "#7 is missing",
        "the books end at #9, their head says #7",
    ]


def test_a_head_that_is_ahead_is_found(books):
    assert faults_after(LedgerHead, 1, number=8) == ["the books end at #7, their head says #8"]


def test_another_currency_is_found(books):
    first = LedgerTransaction.objects.get(number=1)

    assert faults_after(LedgerTransaction, first.pk, currency="EUR") == [
        f"#1 {first.key}: entry {entry.pk} is in USD, not EUR" for entry in first.entries.order_by("id")
    ]


def test_a_transaction_that_does_not_balance_is_found(books):
    first = LedgerTransaction.objects.get(number=1)
    entry = first.entries.order_by("id")[0]

    faults = faults_after(LedgerEntry, entry.pk, amount_minor=1_501, balance_after_minor=1_501)

    assert faults[0] == f"#1 {first.key}: entry {entry.pk} and those after it come to 1"


def test_a_transaction_without_entries_is_found(books):
    with lifted():
        moved = LedgerTransaction.objects.create(
            number=8, kind="CAPTURE", key="x", currency="USD", at=books[0].captured_at
        )
        LedgerHead.objects.update(number=8)

        assert list(proof.ledger_faults()) == [f"{moved}: no entries: they come to 0"]


# What the books are about


def fault_after(model, pk, **columns):
    with lifted(("payments_payment", "payment_split_adds_up")):
        set_behind(model, pk, **columns)
        return proof.first_fault()


@pytest.mark.parametrize("which", [0, 1])
def test_a_split_that_is_not_the_posted_one_is_found(books, which):
    payment = books[which]

    fault = fault_after(Payment, payment.pk, platform_fee_minor=1_499, technician_earnings_minor=8_501)

    assert fault == f"payment {payment.pk} is not posted as it was split"


def test_a_payment_in_the_books_that_was_not_captured_is_found(books):
    with lifted(
        ("payments_payment", "payment_captured_has_amounts"),
        ("payments_payment", "payment_not_captured_has_no_amounts"),
        ("payments_payment", "payment_released_was_captured"),
    ):
        set_behind(Payment, books[0].pk, status="VOIDED")

        assert proof.first_fault() == f"payment {books[0].pk} is not posted as it was split"


def test_a_payment_that_is_held_though_it_was_released_is_found(noon):
    payment = payment_held(at=noon)

    assert fault_after(Payment, payment.pk, released_at=noon) == (
        f"payment {payment.pk} is held otherwise than it was earned"
    )


def test_refunds_that_are_not_counted_are_found(books):
    assert fault_after(Payment, books[0].pk, refunded_minor=1) == (
        f"payment {books[0].pk} counts other refunds than it has"
    )


def test_a_payout_of_another_amount_is_found(books):
    payout = Payout.objects.first()

    assert fault_after(Payout, payout.pk, amount_minor=1) == f"payout {payout.pk} is of another amount than is in it"


def test_a_payout_with_something_held_back_is_found(books):
    payment = books[1]
    payout = payment.payout_items.get().payout

    assert fault_after(Payment, payment.pk, payout_frozen_at="2026-03-02 12:00:00") == (
        f"payout {payout.pk} has something in it that is held back"
    )


def test_a_failed_payout_holds(books):
    payment_freeze(job_id=books[1].job_id, actor=books[1].customer)

    assert proof.first_fault() is None


def test_money_under_way_that_nobody_sent_is_found(books):
    payout = Payout.objects.first()

    assert fault_after(Payout, payout.pk, status="PAID") == ("PAYOUTS_IN_TRANSIT USD says 17000, under way are 8500")


def test_a_refund_under_way_is_accounted_for(noon):
    payment = payment_held(at=noon)
    refund = refund_request(
        payment_id=payment.pk, actor=UserFactory(admin=True), amount=Money(100, "USD"), reason="It drips."
    )
    assert proof.first_fault() is None

    assert fault_after(Refund, refund.pk, status="DONE") == "REFUNDS_IN_TRANSIT USD says 100, under way are 0"


def test_what_went_into_payouts_is_what_they_hold(books):
    item = books[1].payout_items.get()
    with lifted():
        set_behind(Payout, item.payout_id, amount_minor=1)
        set_behind(type(item), item.pk, amount_minor=1)
        technician = item.payout.technician_id

        assert list(proof.under_way_faults()) == [
            "PAYOUTS_IN_TRANSIT USD says 17000, under way are 8501",
            f"of the free money of {technician} 8500 went into payouts, which hold 1",
        ]


def test_post_missing_counts_and_posts(noon):
    payment_held(at=noon)
    text = io.StringIO()

    call_command("post_missing", "--dry-run", stdout=text)
    call_command("post_missing", stdout=text)

    assert text.getvalue() == "0 to post\n0 posted\n"
