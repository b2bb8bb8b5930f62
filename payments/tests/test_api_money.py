"""Refunds, payouts and statements over REST and in the console."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from payments.enums import PayoutStatus, RefundStatus
from payments.models import Payment, Payout, Refund
from payments.services import payouts_order, refund_fail
from payments.statements import harmless
from payments.tests.factories import PaymentFactory, payment_captured, payment_held, refund_and_payout
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

API = "/api/v1"
MINE = f"{API}/technicians/me"


@pytest.fixture
def technician():
    return TechnicianFactory()


@pytest.fixture
def api(staff):
    return client_for(staff)


def asked(amount="40.00", **kwargs):
    return {"amount": {"amount": amount, "currency": "USD"}, "reason": "It drips.", **kwargs}


# Refunds


def test_staff_give_money_back(noon, api, staff):
    payment = payment_captured()

    answer = api.post(f"{API}/payments/{payment.pk}/refunds", asked())

    refund = Refund.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(refund.pk),
        "payment_id": str(payment.pk),
        "job_id": str(payment.job_id),
        "dispute_id": None,
        "status": "SENT",
        "amount": {"amount": "40.00", "currency": "USD"},
        "platform_fee": {"amount": "6.00", "currency": "USD"},
        "technician_earnings": {"amount": "34.00", "currency": "USD"},
        "reason": "It drips.",
        "needs_second_person": False,
        "requested_by": str(staff.pk),
        "decided_by": str(staff.pk),
        "failure": "",
        "created_at": "2026-03-02T12:00:00Z",
        "decided_at": "2026-03-02T12:00:00Z",
        "sent_at": "2026-03-02T12:00:00Z",
        "closed_at": None,
    }
    assert api.get(f"{API}/payments/{payment.pk}").json()["refunded"] == {"amount": "40.00", "currency": "USD"}


@pytest.mark.parametrize(
    ("make", "body", "status", "code"),
    [
        (payment_captured, asked("100.01"), 409, "REFUND_TOO_MUCH"),
        (PaymentFactory, asked(), 409, "NOTHING_TO_REFUND"),
        (payment_captured, asked("0.00"), 400, "VALIDATION_ERROR"),
        (payment_captured, {**asked(), "reason": ""}, 400, "VALIDATION_ERROR"),
        (payment_captured, asked(dispute_id="0198c0de-0000-7000-8000-000000000009"), 400, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_given_back(api, make, body, status, code):
    answer = api.post(f"{API}/payments/{make().pk}/refunds", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (Refund.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_refund_with_the_same_key_is_one(api):
    payment = payment_captured()
    answers = [
        api.post(f"{API}/payments/{payment.pk}/refunds", asked(), headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert Refund.objects.count() == 1


def test_nobody_approves_his_own(settings, api, staff):
    settings.REFUND_SECOND_PERSON_MINOR = 0
    payment = payment_captured()
    refund_id = api.post(f"{API}/payments/{payment.pk}/refunds", asked()).json()["id"]

    own = api.post(f"{API}/admin/refunds/{refund_id}/approve", {"reason": "Please."})
    other = client_for(UserFactory(admin=True)).post(f"{API}/admin/refunds/{refund_id}/approve", {"reason": "Yes."})

    assert (own.status_code, own.json()["error"]["code"]) == (409, "SECOND_PERSON_NEEDED")
    assert (other.status_code, other.json()["status"]) == (200, "SENT")


def test_staff_do_not_mark_what_a_provider_does(api):
    payment = payment_held()
    refund_id = api.post(f"{API}/payments/{payment.pk}/refunds", asked()).json()["id"]

    for act in ("done", "fail"):
        answer = api.post(f"{API}/admin/refunds/{refund_id}/{act}", {"reason": "x"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "SETTLED_BY_PROVIDER")


@pytest.mark.parametrize("item_count", [1, 3])
def test_refunds_are_listed_with_a_constant_number_of_queries(api, item_count, django_assert_num_queries):
    for _ in range(item_count):
        api.post(f"{API}/payments/{payment_captured().pk}/refunds", asked())

    with django_assert_num_queries(1):
        rows = api.get(f"{API}/admin/refunds").json()["results"]

    assert len(rows) == item_count


def test_refunds_are_filtered(api):
    payments = [payment_captured(), payment_held()]
    for payment in payments:
        api.post(f"{API}/payments/{payment.pk}/refunds", asked())

    for query, payment in (({"status": "SENT"}, payments[0]), ({"payment": str(payments[1].pk)}, payments[1])):
        rows = api.get(f"{API}/admin/refunds", query).json()["results"]
        assert [row["payment_id"] for row in rows] == [str(payment.pk)]


# Payouts


def test_a_technician_reads_his_payouts(noon, technician, django_assert_num_queries):
    payments = [payment_held(technician, at=noon) for _ in range(2)]
    payment_held(TechnicianFactory(), at=noon)
    with clock.frozen(noon + timedelta(days=2)):
        payouts_order()
    client, payout = client_for(technician.user), Payout.objects.get(technician=technician)

    listed = client.get(f"{MINE}/payouts").json()["results"]
    with django_assert_num_queries(2):
        one = client.get(f"{MINE}/payouts/{payout.pk}").json()

    assert listed == [
        {
            "id": str(payout.pk),
            "status": "ORDERED",
            "amount": {"amount": "170.00", "currency": "USD"},
            "failure": "",
            "ordered_at": "2026-03-04T12:00:00Z",
            "sent_at": None,
            "closed_at": None,
        }
    ]
    assert one["items"] == [
        {
            "payment_id": str(payment.pk),
            "job_id": str(payment.job_id),
            "amount": {"amount": "85.00", "currency": "USD"},
            "returned_at": None,
        }
        for payment in payments
    ]
    strange = client_for(TechnicianFactory().user).get(f"{MINE}/payouts/{payout.pk}")
    assert strange.status_code == 404


def test_staff_work_a_payout(api, technician):
    _, payout = refund_and_payout(technician)

    for act, status in (("send", "SENT"), ("paid", "PAID")):
        answer = api.post(f"{API}/admin/payouts/{payout.pk}/{act}", {"reason": "The bank says so."})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    late = api.post(f"{API}/admin/payouts/{payout.pk}/fail", {"reason": "x"})

    assert (late.status_code, late.json()["error"]["code"]) == (409, "ILLEGAL_TRANSITION")
    rows = api.get(f"{API}/admin/payouts", {"technician": str(technician.pk), "status": "PAID"}).json()["results"]
    assert [row["technician_id"] for row in rows] == [str(technician.pk)]


def test_a_payout_that_is_held_back_is_not_sent(noon, api, technician):
    _, payout = refund_and_payout(technician)
    Payment.objects.update(payout_frozen_at=noon)

    answer = api.post(f"{API}/admin/payouts/{payout.pk}/send", {"reason": "x"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "PAYOUT_HELD_BACK")


# Statements


def moved(noon, technician):
    payment_captured(technician, at=noon)
    return payment_held(technician, at=noon + timedelta(hours=1))


def test_a_statement_as_csv(noon, technician):
    cash = payment_captured(technician, at=noon)
    through = payment_held(technician, at=noon + timedelta(hours=1))
    payment_held(TechnicianFactory(), at=noon)

    answer = client_for(technician.user).get(f"{MINE}/statements")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert rows == [
        ["number", "at", "movement", "account", "amount", "balance", "currency", "job", "payout"],
        ["1", "2026-03-02 12:00", "Payment captured", "Owed by the technician", "-15.00", "-15.00", "USD",
         str(cash.job_id), ""],
        ["2", "2026-03-02 13:00", "Payment captured", "Earned, in hold", "85.00", "85.00", "USD",
         str(through.job_id), ""],
    ]  # fmt: skip


def test_a_statement_is_of_its_period(noon, technician):
    moved(noon, technician)
    period = {"from": "2026-03-02T12:30:00Z", "to": "2026-03-02T13:30:00Z", "format": "csv"}

    answer = client_for(technician.user).get(f"{MINE}/statements", period)

    assert [line.split(",")[0] for line in answer.content.decode("utf-8-sig").splitlines()] == ["number", "2"]


@pytest.mark.parametrize("period", [{}, {"from": "2026-03-01T00:00:00Z", "to": "2026-03-05T00:00:00Z"}])
def test_a_statement_as_pdf(noon, technician, period):
    technician.user.first_name = "Łukasz"  # a letter the font has not
    technician.user.save(update_fields=["first_name"])
    moved(noon, technician)
    with clock.frozen(noon + timedelta(days=3)):
        payouts_order()

    answer = client_for(technician.user).get(f"{MINE}/statements", {"format": "pdf", **period})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"from": "soon"}, "from"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
    ],
)
def test_a_statement_refuses_what_is_none(technician, query, field):
    answer = client_for(technician.user).get(f"{MINE}/statements", query)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_taken_for_a_formula(text):
    assert harmless(text) == f"'{text}"
    assert harmless(f"x{text}") == f"x{text}"


# The console


@pytest.fixture
def console(client, staff):
    client.force_login(staff)
    return client


def act(console, row, name, **form):
    url = f"admin:payments_{row._meta.model_name}_act"
    return console.post(reverse(url, args=[row.pk, name]), {"reason": "Looked into.", **form}, follow=True)


def test_console_shows_the_books_and_changes_nothing(console, technician):
    refund, payout = refund_and_payout(technician)
    moved_by = payout.movements.get()
    account = moved_by.entries.first().account

    for row in (refund, payout, moved_by, account, refund.payment):
        name = f"admin:payments_{row._meta.model_name}"
        url = reverse(f"{name}_change", args=[row.pk])
        assert console.get(reverse(f"{name}_changelist")).status_code == 200
        assert (console.get(url).status_code, console.post(url, {"amount_minor": 1}).status_code) == (200, 403)


def test_console_gives_money_back(console):
    payment = payment_captured()

    act(console, payment, "refund", amount="40.00")

    assert (Refund.objects.get().amount_minor, Refund.objects.get().status) == (4_000, RefundStatus.SENT)
    assert AuditEntry.objects.get().source == "CONSOLE"


@pytest.mark.parametrize("amount", ["", "x", "-1", "1.001"])
def test_console_refuses_what_is_no_amount(console, amount):
    act(console, payment_captured(), "refund", amount=amount)

    assert Refund.objects.count() == 0


def test_console_works_a_refund_and_a_payout(console, technician):
    refund, payout = refund_and_payout(technician)

    for name in ("approve", "done"):
        act(console, refund, name)
    for name in ("send", "fail"):
        act(console, payout, name)

    assert Refund.objects.get().status == RefundStatus.DONE
    assert Payout.objects.get().status == PayoutStatus.FAILED


def test_given_back_and_paid_out_are_told(noon, technician, api):
    refund, payout = refund_and_payout(technician)
    other = client_for(UserFactory(admin=True))
    for path in (f"refunds/{refund.pk}/approve", f"refunds/{refund.pk}/done"):
        other.post(f"{API}/admin/{path}", {"reason": "x"})
    for name in ("send", "paid"):
        api.post(f"{API}/admin/payouts/{payout.pk}/{name}", {"reason": "x"})

    body = client_for(technician.user).get(f"{MINE}/earnings").json()

    assert (body["given_back"]["amount"], body["paid_out"]["amount"]) == ("0.85", "70.00")
    assert body["balances"]["owed"]["amount"] == "-0.15"


def test_a_failed_refund_says_why(api):
    payment = payment_held()
    refund_id = api.post(f"{API}/payments/{payment.pk}/refunds", asked()).json()["id"]
    refund_fail(refund_id=refund_id, reason="The card is closed.")

    assert api.get(f"{API}/admin/refunds/{refund_id}").json()["failure"] == "The card is closed."
