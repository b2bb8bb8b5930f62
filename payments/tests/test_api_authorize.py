"""Paying over REST."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from jobs.tests.factories import job_assigned
from payments.enums import Provider
from payments.models import Hold, ProviderCall, ProviderCustomer
from payments.services import payment_ensure
from payments.tests.factories import PaymentFactory, calls_perform, payment_authorized, payment_held
from payments.tests.fake import ASKS, CARD, DECLINED

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(online, settings):
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test"
    return payment_ensure(job_id=job_assigned().pk)


def url_of(payment):
    return f"/api/v1/payments/{payment.pk}"


def pay(payment, by=None, **body):
    return client_for(by or payment.customer).post(f"{url_of(payment)}/authorize", body, format="json")


def hold_shown_to(user, payment):
    return client_for(user).get(url_of(payment)).json()["hold"]


def test_paying_orders_the_hold(payment):
    response = pay(payment, payment_method=CARD)

    assert response.status_code == 202
    assert response.json()["hold"] == {
        "status": "ASKED",
        "amount": {"amount": "100.00", "currency": "USD"},
        "client_secret": None,
        "failure": "",
    }
    assert (response.json()["status"], response.json()["publishable_key"]) == ("PENDING", "pk_test")


def test_the_request_itself_asks_nobody(payment, online):
    pay(payment, payment_method=CARD)

    assert online.asked == []
    assert ProviderCall.objects.count() == 1


def test_paying_twice_orders_one_hold(payment):
    assert [pay(payment, payment_method=CARD).status_code for _ in range(2)] == [202, 202]

    assert Hold.objects.count() == 1


def test_only_the_customer_is_shown_the_secret(payment):
    pay(payment, payment_method=ASKS)
    calls_perform()
    hold = Hold.objects.get()

    shown = hold_shown_to(payment.customer, payment)
    assert (shown["status"], shown["client_secret"]) == ("ACTION_NEEDED", hold.client_secret)
    assert hold_shown_to(UserFactory(admin=True), payment) == {**shown, "client_secret": None}
    assert hold_shown_to(payment.job.technician.user, payment) is None


def test_a_refused_card_is_told(online):
    payment = payment_authorized(method=DECLINED)

    shown = client_for(payment.customer).get(url_of(payment)).json()

    assert (shown["status"], shown["hold"]["failure"]) == ("FAILED", "card_declined")


def test_a_card_that_is_known_to_be_stolen_is_one_that_was_declined_but_for_staff(online):
    payment = payment_authorized(method=DECLINED)
    Hold.objects.update(failure="stolen_card")

    assert hold_shown_to(payment.customer, payment)["failure"] == "card_declined"
    assert hold_shown_to(UserFactory(admin=True), payment)["failure"] == "stolen_card"


def test_cards_are_not_tried_one_after_the_other(payment, settings):
    settings.RATES = {**settings.RATES, "authorize": "2/h"}

    answers = [pay(payment, payment_method=DECLINED).status_code for _ in range(3)]

    assert answers[0] == 202
    assert answers[-1] == 429


def test_without_a_try_there_is_no_hold(payment):
    assert hold_shown_to(payment.customer, payment) is None


def test_cash_has_no_hold_and_no_key(settings):
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test"
    payment = PaymentFactory(job=job_assigned())

    shown = client_for(payment.customer).get(url_of(payment)).json()

    assert (shown["hold"], shown["publishable_key"]) == (None, None)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: PaymentFactory(), "PAYMENT_OFFLINE"),
        (payment_held, "PAYMENT_CLOSED"),
        (lambda: PaymentFactory(provider=Provider.STRIPE), "CARD_NEEDED"),
    ],
)
def test_paying_is_refused(online, make, code):
    response = pay(make())

    assert (response.status_code, response.json()["error"]["code"]) == (409, code)
    assert list(ProviderCustomer.objects.all()) == []


def test_another_customer_finds_nothing(payment):
    assert pay(payment, by=UserFactory(), payment_method=CARD).status_code == 404


def test_the_technician_does_not_pay(payment):
    assert pay(payment, by=payment.job.technician.user, payment_method=CARD).status_code == 403
