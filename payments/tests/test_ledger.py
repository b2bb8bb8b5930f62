from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from fixmate.core.tests.races import at_once
from payments.books import Account, credit, debit
from payments.enums import AccountKind, MovementKind
from payments.errors import KeyReused, Unbalanced
from payments.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerTransaction
from payments.selectors.ledger import balance_minor, head_now
from payments.services.ledger import ledger_post
from payments.tests.books import balances, lines_of
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FEE = Account(AccountKind.PLATFORM_FEE, "USD")
FUNDS = Account(AccountKind.CUSTOMER_FUNDS, "USD")
CLEARING = Account(AccountKind.PROVIDER_CLEARING, "USD", provider="stripe")


LINES = [debit(CLEARING, 100), credit(FEE, 100)]


def post(key="a", lines=LINES, **kwargs):
    return ledger_post(key=key, kind=MovementKind.CAPTURE, lines=lines, at=AT, **kwargs)


def test_post_writes_numbered_transactions_and_running_balances():
    first, second = post("a"), post("b", [debit(CLEARING, 30), credit(FUNDS, 20), credit(FEE, 10)])

    assert [first.number, second.number, head_now()] == [1, 2, 2]
    assert (first.kind, first.key, first.currency, first.at) == ("CAPTURE", "a", "USD", AT)
    assert lines_of("b") == [("PROVIDER_CLEARING", 30), ("CUSTOMER_FUNDS", -20), ("PLATFORM_FEE", -10)]
    assert list(LedgerEntry.objects.order_by("id").values_list("balance_after_minor", flat=True)) == [
        100, -100, 130, -20, -110,
    ]  # fmt: skip
    assert balances() == {"PROVIDER_CLEARING": 130, "CUSTOMER_FUNDS": -20, "PLATFORM_FEE": -110}


def test_one_account_may_have_several_lines():
    post(lines=[debit(CLEARING, 5), credit(FUNDS, 5), debit(FUNDS, 5), credit(FEE, 5)])

    assert balances() == {"PROVIDER_CLEARING": 5, "PLATFORM_FEE": -5}


def test_each_technician_has_accounts_of_his_own():
    one, other = TechnicianFactory(), TechnicianFactory()
    held = [Account(AccountKind.TECHNICIAN_HELD, "USD", technician.pk) for technician in (one, other)]

    post(lines=[debit(CLEARING, 5), credit(held[0], 2), credit(held[1], 3)])

    assert [balance_minor(account) for account in held] == [-2, -3]
    assert str(LedgerAccount.objects.get(technician=one)) == f"TECHNICIAN_HELD USD {one.pk}"
    assert str(LedgerAccount.objects.get(provider="stripe")) == "PROVIDER_CLEARING USD stripe"
    assert balance_minor(FEE) == 0


def test_post_again_returns_the_first():
    assert post() == post()

    assert (LedgerTransaction.objects.count(), LedgerEntry.objects.count(), head_now()) == (1, 2, 1)
    assert balances() == {"PROVIDER_CLEARING": 100, "PLATFORM_FEE": -100}


def test_post_again_with_other_lines_is_refused():
    post()

    with pytest.raises(KeyReused):
        post(lines=[debit(CLEARING, 1), credit(FEE, 1)])

    assert (LedgerTransaction.objects.count(), head_now()) == (1, 1)


@pytest.mark.parametrize(
    "lines",
    [
        [debit(CLEARING, 100), credit(FEE, 99)],
        [debit(CLEARING, 1), credit(Account(AccountKind.PLATFORM_FEE, "EUR"), 1)],
    ],
)
def test_what_does_not_balance_is_refused(lines):
    with pytest.raises(Unbalanced):
        post(lines=lines)

    assert (LedgerTransaction.objects.count(), LedgerAccount.objects.count(), head_now()) == (0, 0, 0)


def test_what_moves_nothing_is_not_posted():
    assert post(lines=[debit(CLEARING, 0), credit(FEE, 0)]) is None
    assert head_now() == 0


@pytest.mark.parametrize("table", ["payments_ledgertransaction", "payments_ledgerentry"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET id = id + 1"])
def test_what_was_posted_stays(table, statement):
    post()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "kind",
    ["CUSTOMER_FUNDS", "TECHNICIAN_HELD", "TECHNICIAN_PAYABLE", "PAYOUTS_IN_TRANSIT", "REFUNDS_IN_TRANSIT"],
)
def test_what_we_owe_never_falls_below_nothing(kind):
    of_a_technician = kind.startswith("TECHNICIAN")
    account = Account(AccountKind(kind), "USD", TechnicianFactory().pk if of_a_technician else None)

    with pytest.raises(IntegrityError), transaction.atomic():
        post(lines=[debit(account, 1), credit(FEE, 1)])

    assert head_now() == 0


def test_what_a_technician_owes_may_be_a_credit():
    account = Account(AccountKind.TECHNICIAN_RECEIVABLE, "USD", TechnicianFactory().pk)

    post(lines=[debit(FEE, 1), credit(account, 1)])

    assert balance_minor(account) == -1


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "TECHNICIAN_HELD"},
        {"kind": "PROVIDER_CLEARING"},
        {"kind": "PLATFORM_FEE", "provider": "stripe"},
        {"kind": "SOMETHING"},
    ],
)
def test_an_account_is_somebodys_where_it_has_to_be(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(currency="USD", **facts)


@pytest.mark.parametrize("of", ["nobody", "technician"])
def test_there_is_one_account_of_a_kind(of):
    facts = {"kind": "TAX", "currency": "USD"}
    if of == "technician":
        facts = {"kind": "TECHNICIAN_HELD", "currency": "USD", "technician": TechnicianFactory()}
    LedgerAccount.objects.create(**facts)

    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(**facts)


def test_names():
    moved = post()

    assert [str(moved), str(LedgerHead.objects.get())] == ["#1 a", "#1"]
    assert str(moved.entries.first()) == f"100 on {moved.entries.first().account_id} by {moved.pk}"
    assert str(LedgerAccount.objects.get(kind="PLATFORM_FEE")) == "PLATFORM_FEE USD"
    assert LedgerAccount.objects.get(kind="PLATFORM_FEE").balance.minor == -100


@pytest.mark.postgres
def test_the_database_refuses_entries_that_do_not_balance():
    moved = post()
    account = LedgerAccount.objects.get(kind="PLATFORM_FEE")

    LedgerEntry.objects.create(transaction=moved, account=account, amount_minor=1, balance_after_minor=-99)

    with pytest.raises(IntegrityError, match="add up to nothing"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_no_gap_and_lose_nothing():
    at_once(*[lambda number=number: post(f"key-{number % 4}") for number in range(8)])

    assert sorted(LedgerTransaction.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert balances() == {"PROVIDER_CLEARING": 400, "PLATFORM_FEE": -400}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_heads_lock_the_race_is_seen(monkeypatch):
    """The positive control: what the lock keeps from happening does happen without it."""

    def unlocked():
        return LedgerHead.objects.get_or_create(pk=1)[0]

    post("first")
    monkeypatch.setattr("payments.services.ledger.ledger_lock", unlocked)
    failed = 0
    for turn in range(20):
        try:
            at_once(*[lambda number=number: post(f"key-{turn}-{number}") for number in range(8)])  # noqa: B023
        except IntegrityError:
            failed += 1

    assert failed
