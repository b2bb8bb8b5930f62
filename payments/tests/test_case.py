"""What payments tell a case file."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.casefiles import case_parts
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from payments.services import refund_approve, refund_finish_by_staff, refund_request
from payments.tests.factories import payment_captured, payment_held

pytestmark = pytest.mark.django_db


def told(name, job_id):
    (part,) = [part for part in case_parts() if part.name == name]
    return [dict(zip(part.columns, row, strict=True)) for row in part.rows(job_id)]


def ask(payment, actor, minor=4_000):
    return refund_request(payment_id=payment.pk, actor=actor, amount=Money(minor, "USD"), reason="It drips.")


def test_refunds_are_told_with_who_asked_and_who_decided(noon, staff, settings):
    settings.REFUND_SECOND_PERSON_MINOR = 4_000
    payment, other = payment_captured(), UserFactory(admin=True)
    done, waiting = ask(payment, staff), ask(payment, staff, 1_000)
    refund_finish_by_staff(refund_id=done.pk, actor=staff, reason="He rang.")
    ask(payment_captured(), staff)

    rows = told("refunds", payment.job_id)

    assert [row["id"] for row in rows] == [done.pk, waiting.pk]
    first, second = rows
    assert (first["status"], first["requested_by"], first["decided_by"]) == ("DONE", str(staff), str(staff))
    assert (first["reason"], first["payment_id"], first["needs_second_person"]) == ("It drips.", payment.pk, False)
    split = ("amount", "platform_fee", "technician_earnings")
    assert [str(first[name]) for name in split] == ["40.00 USD", "6.00 USD", "34.00 USD"]
    assert {first[name] for name in ("created_at", "decided_at", "sent_at", "closed_at")} == {noon}
    assert (second["status"], second["decided_by"], second["decided_at"]) == ("REQUESTED", "", None)
    refund_approve(refund_id=waiting.pk, actor=other, reason="So it does.")
    assert told("refunds", payment.job_id)[1]["decided_by"] == str(other)


def test_the_books_are_told_entry_by_entry(noon, staff):
    payment = payment_held()
    payment_captured(payment.technician)
    ask(payment, staff)

    rows = told("ledger", payment.job_id)

    assert [
        (row["number"], row["kind"], row["account"], str(row["debit"] or ""), str(row["credit"] or "")) for row in rows
    ] == [
        (1, "CAPTURE", "PROVIDER_CLEARING", "100.00 USD", ""),
        (1, "CAPTURE", "CUSTOMER_FUNDS", "", "100.00 USD"),
        (1, "CAPTURE", "CUSTOMER_FUNDS", "100.00 USD", ""),
        (1, "CAPTURE", "PLATFORM_FEE", "", "15.00 USD"),
        (1, "CAPTURE", "TECHNICIAN_HELD", "", "85.00 USD"),
        (3, "REFUND", "PLATFORM_FEE", "6.00 USD", ""),
        (3, "REFUND", "TECHNICIAN_HELD", "34.00 USD", ""),
        (3, "REFUND", "REFUNDS_IN_TRANSIT", "", "40.00 USD"),
    ]
    assert rows[-1]["at"] == noon


def test_a_job_without_money_has_neither():
    assert (told("refunds", uuid7()), told("ledger", uuid7())) == ([], [])
