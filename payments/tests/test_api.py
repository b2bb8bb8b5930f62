from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.ids import uuid7
from fixmate.core.tests.http import client_for
from jobs.tests.factories import job_assigned
from payments.models import Payment
from payments.services import payment_freeze
from payments.tests.factories import PaymentFactory, job_cancelled_with_fee, payment_captured
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

LIST, EARNINGS = "/api/v1/payments", "/api/v1/technicians/me/earnings"


@pytest.fixture
def payment():
    return payment_captured()


@pytest.fixture
def people(payment):
    return {
        "anonymous": None,
        "unverified": UserFactory(status=UserStatus.PENDING, verified_at=None),
        "stranger": UserFactory(),
        "other technician": TechnicianFactory().user,
        "customer": payment.customer,
        "technician": payment.technician.user,
        "admin": UserFactory(admin=True),
    }


@pytest.mark.parametrize(
    ("actor", "url", "status"),
    [
        ("anonymous", LIST, 401),
        ("unverified", LIST, 403),
        ("stranger", LIST, 200),
        ("other technician", LIST, 200),
        ("customer", LIST, 200),
        ("technician", LIST, 200),
        ("admin", LIST, 200),
        ("anonymous", LIST + "/{id}", 401),
        ("unverified", LIST + "/{id}", 403),
        ("stranger", LIST + "/{id}", 404),
        ("other technician", LIST + "/{id}", 404),
        ("customer", LIST + "/{id}", 200),
        ("technician", LIST + "/{id}", 200),
        ("admin", LIST + "/{id}", 200),
        ("anonymous", EARNINGS, 401),
        ("unverified", EARNINGS, 403),
        ("customer", EARNINGS, 403),
        ("admin", EARNINGS, 403),
        ("technician", EARNINGS, 200),
        ("other technician", EARNINGS, 200),
    ],
)
def test_payment_permissions(people, payment, actor, url, status):
    response = client_for(people[actor]).get(url.format(id=payment.pk))

    assert response.status_code == status


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("url", [LIST, LIST + "/{id}", EARNINGS])
def test_payments_cannot_be_written(people, payment, method, url):
    response = getattr(client_for(people["technician"]), method)(url.format(id=payment.pk), {})

    assert response.status_code == 405
    assert Payment.objects.get().amount_minor == 10_000


def test_a_strange_payment_looks_like_none(people, payment):
    client = client_for(people["stranger"])

    strange, unknown = client.get(f"{LIST}/{payment.pk}"), client.get(f"{LIST}/{uuid7()}")

    assert strange.json()["error"]["code"] == unknown.json()["error"]["code"] == "NOT_FOUND"
    assert strange.json()["error"]["message"] == unknown.json()["error"]["message"]


def test_payment_shows_the_stored_split(people, noon):
    payment = payment_captured(at=noon, created_at=noon)

    body = client_for(payment.customer).get(f"{LIST}/{payment.pk}").json()

    assert body == {
        "id": str(payment.pk),
        "job_id": str(payment.job_id),
        "purpose": "JOB",
        "provider": "offline",
        "status": "CAPTURED",
        "amount": {"amount": "100.00", "currency": "USD"},
        "platform_fee": {"amount": "15.00", "currency": "USD"},
        "technician_earnings": {"amount": "85.00", "currency": "USD"},
        "fee_rate": "0.1500",
        "fee_source": "standard",
        "created_at": "2026-03-02T12:00:00Z",
        "captured_at": "2026-03-02T12:00:00Z",
        "voided_at": None,
        "payout_frozen_at": None,
        "refunded": {"amount": "0.00", "currency": "USD"},
        "fee_owed": None,
        "hold": None,
        "publishable_key": None,
    }


def test_payment_has_no_split_before_capture():
    payment = PaymentFactory()

    body = client_for(payment.customer).get(f"{LIST}/{payment.pk}").json()

    names = ["amount", "platform_fee", "technician_earnings", "fee_rate", "fee_source", "captured_at"]
    assert [body[name] for name in names] == [None] * 6


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize("actor", ["customer", "technician", "admin"])
def test_payment_list_takes_a_constant_number_of_queries(actor, item_count, django_assert_num_queries):
    customer, technician = UserFactory(), TechnicianFactory()
    users = {"customer": customer, "technician": technician.user, "admin": UserFactory(admin=True)}
    for _ in range(item_count):
        payment_captured(job=job_cancelled_with_fee(technician, customer=customer))

    with django_assert_num_queries(1):
        response = client_for(users[actor]).get(LIST)

    assert len(response.json()["results"]) == item_count


def test_payment_list_filters_by_status():
    customer = UserFactory()
    captured = payment_captured(job=job_cancelled_with_fee(customer=customer))
    PaymentFactory(job=job_assigned(customer=customer))

    body = client_for(customer).get(LIST, {"status": "CAPTURED"}).json()

    assert [row["id"] for row in body["results"]] == [str(captured.pk)]


def test_payment_list_filters_by_creation(noon):
    customer = UserFactory()
    payments = [
        PaymentFactory(job=job_assigned(customer=customer), created_at=noon + timedelta(days=day)) for day in range(3)
    ]
    period = {"created_after": "2026-03-03T12:00:00Z", "created_before": "2026-03-04T12:00:00Z"}

    body = client_for(customer).get(LIST, period).json()

    assert [row["id"] for row in body["results"]] == [str(payments[1].pk)]


@pytest.mark.parametrize("query", [{"status": "PAID"}, {"created_after": "soon"}, {"ordering": "amount"}])
def test_payment_list_refuses_unknown_values(people, query):
    response = client_for(people["customer"]).get(LIST, query)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == list(query)


def test_payment_list_is_newest_first_and_pages(noon):
    customer = UserFactory()
    payments = [
        PaymentFactory(job=job_assigned(customer=customer), created_at=noon + timedelta(days=day)) for day in range(3)
    ]
    client = client_for(customer)

    first = client.get(LIST, {"page_size": 2}).json()
    second = client.get(first["next"]).json()

    ids = [row["id"] for row in [*first["results"], *second["results"]]]
    assert ids == [str(payment.pk) for payment in reversed(payments)]
    assert second["next"] is None


def test_earnings_of_a_technician(noon, django_assert_num_queries):
    technician = TechnicianFactory()
    frozen = payment_captured(technician, at=noon)
    payment_captured(technician, at=noon)
    payment_captured(technician, at=noon - timedelta(days=1))
    Payment.objects.filter(pk=frozen.pk).update(payout_frozen_at=noon)

    body = client_for(technician.user).get(EARNINGS, {"since": "2026-03-02T00:00:00Z"}).json()

    assert body == {
        "earned": {"amount": "170.00", "currency": "USD"},
        "platform_fees": {"amount": "30.00", "currency": "USD"},
        "jobs": 2,
        "frozen": {"amount": "85.00", "currency": "USD"},
        "given_back": {"amount": "0.00", "currency": "USD"},
        "paid_out": {"amount": "0.00", "currency": "USD"},
        "balances": {
            "held": {"amount": "0.00", "currency": "USD"},
            "payable": {"amount": "0.00", "currency": "USD"},
            "in_payout": {"amount": "0.00", "currency": "USD"},
            "owed": {"amount": "45.00", "currency": "USD"},
        },
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z"}, "until"),
    ],
)
def test_earnings_refuse_an_impossible_period(query, field):
    response = client_for(TechnicianFactory().user).get(EARNINGS, query)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


# The console


@pytest.fixture
def console(client, people):
    client.force_login(people["admin"])
    return client


def test_console_lists_payments_and_cannot_add(console, payment):
    assert console.get(reverse("admin:payments_payment_changelist")).status_code == 200
    assert console.get(reverse("admin:payments_payment_add")).status_code == 403


def test_console_shows_a_payment_with_its_history_and_changes_nothing(console, payment):
    payment_freeze(job_id=payment.job_id, actor=payment.customer)
    url = reverse("admin:payments_payment_change", args=[payment.pk])

    shown, changed = console.get(url), console.post(url, {"amount_minor": 1})

    assert (shown.status_code, changed.status_code) == (200, 403)
    assert "Payout frozen" in shown.content.decode()
    assert Payment.objects.get().amount_minor == 10_000
