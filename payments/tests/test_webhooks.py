import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from fixmate.core.money import Money
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from payments.enums import CallKind, HoldStatus, PaymentStatus, RefundStatus
from payments.errors import WebhookNotSigned
from payments.models import Chargeback, Hold, LedgerTransaction, Payment, ProviderCall, Refund, WebhookEvent
from payments.providers import ChargebackIs, ObjectKind
from payments.services import (
    payment_capture_for_job,
    refund_request,
    webhook_apply,
    webhook_receive,
    webhooks_apply_left,
    webhooks_purge,
)
from payments.tasks import apply_left_webhooks, apply_webhook, purge_webhooks
from payments.tests.factories import calls_perform, hold_of, job_finish, payment_authorized, payment_held
from payments.tests.fake import ASKS
from payments.tests.telling import TOLERANCE_S, chargeback_state, message, signature_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments/webhooks/stripe"


def receive(body, **signed):
    return webhook_receive(provider="stripe", body=body, signature=signature_of(body, **signed))


def post(body, signature=None, url=URL, **headers):
    headers |= {"Stripe-Signature": signature_of(body) if signature is None else signature}
    return client_for().post(url, data=body, content_type="application/json; charset=utf-8", headers=headers)


def ordered():
    return OutboxMessage.objects.filter(task="payments.apply_webhook").count()


@pytest.fixture
def about(provider):
    """A chargeback that the provider knows of, and its payment's hold."""
    hold = hold_of(payment_held())
    provider.states = {"dp_1": chargeback_state(hold.ref)}
    return provider


# The inbox


def test_a_message_is_taken_with_the_work_it_orders(provider, noon):
    with clock.frozen(noon):
        assert receive(message("evt_1", "dp_1")) is True

    event = WebhookEvent.objects.get()
    assert (event.provider, event.event_id, event.type) == ("stripe", "evt_1", "charge.dispute.updated")
    assert (event.kind, event.ref, event.received_at, event.applied_at) == ("chargeback", "dp_1", noon, None)
    assert OutboxMessage.objects.get().payload == {"webhook_id": event.pk}
    assert str(event) == "charge.dispute.updated evt_1"


def test_the_same_message_again_is_no_news(provider):
    receive(message("evt_1", "dp_1"))

    assert receive(message("evt_1", "dp_1")) is False
    assert (WebhookEvent.objects.count(), ordered()) == (1, 1)


@pytest.mark.parametrize("kind", ["price.created", "payment_intent.succeeded"])
def test_what_means_nothing_to_us_is_kept_and_done_with(provider, kind, monkeypatch):
    monkeypatch.setattr("payments.services.webhooks.REFRESHES", {})

    assert receive(message("evt_1", "x_1", kind=kind)) is True

    assert (WebhookEvent.objects.get().applied_at is None, ordered()) == (False, 0)


@pytest.mark.parametrize(
    "signed", [{"secret": "whsec_of_another"}, {"at_s": time.time() - TOLERANCE_S - 5}, {"at_s": 0}]
)
def test_what_is_not_signed_or_not_lately_leaves_nothing(provider, signed):
    with pytest.raises(WebhookNotSigned):
        receive(message("evt_1", "dp_1"), **signed)

    assert (WebhookEvent.objects.count(), ordered()) == (0, 0)


@pytest.mark.parametrize("name", ["stripe", "offline", "paypal"])
def test_a_provider_without_keys_is_not_there(name, settings):
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(NotFound):
        webhook_receive(provider=name, body=b"{}", signature="")


def test_what_it_said_never_changes(provider):
    receive(message("evt_1", "dp_1"))

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_webhookevent SET ref = 'dp_2'")


# Looking at what it is about


def test_the_object_says_how_it_stands_whatever_the_message_is_called(about):
    about.states["dp_1"] = chargeback_state("pi_1", status=ChargebackIs.WON)
    for number, kind in enumerate(["closed", "created", "updated"]):
        receive(message(f"evt_{number}", "dp_1", kind=f"charge.dispute.{kind}"))

    for event in WebhookEvent.objects.all():
        apply_webhook(webhook_id=event.pk)

    assert Chargeback.objects.get().status == "WON"
    assert not WebhookEvent.objects.filter(applied_at__isnull=True).exists()


def test_what_was_applied_is_not_again(about):
    receive(message("evt_1", "dp_1"))
    event = WebhookEvent.objects.get()

    assert webhook_apply(webhook_id=event.pk) is True
    assert webhook_apply(webhook_id=event.pk) is False
    assert about.reads == 1


def test_an_object_the_provider_does_not_know_is_done_with(about):
    receive(message("evt_1", "dp_of_another"))

    assert webhook_apply(webhook_id=WebhookEvent.objects.get().pk) is True
    assert not Chargeback.objects.exists()


def test_while_the_provider_is_away_it_is_put_off(about, noon):
    with clock.frozen(noon):
        receive(message("evt_1", "dp_1"))
        about.is_away = True
        event = WebhookEvent.objects.get()
        assert webhook_apply(webhook_id=event.pk) is False
        assert webhook_apply(webhook_id=event.pk) is False

    event = WebhookEvent.objects.get()
    assert (event.applied_at, event.tries, event.last_error) == (None, 2, "it is down")
    assert event.next_try_at == noon + timedelta(seconds=4)


def test_it_is_never_put_off_for_more_than_ten_minutes(about, noon):
    receive(message("evt_1", "dp_1"))
    WebhookEvent.objects.update(tries=50)
    about.is_away = True

    with clock.frozen(noon):
        webhook_apply(webhook_id=WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().next_try_at == noon + timedelta(minutes=10)


def test_what_fails_is_put_off_and_said_to_have_failed(about, noon):
    def fail():
        raise RuntimeError("of an unknown shape")

    about.on_read = fail
    with clock.frozen(noon):
        receive(message("evt_1", "dp_1"))
        with pytest.raises(RuntimeError):
            webhook_apply(webhook_id=WebhookEvent.objects.get().pk)

    event = WebhookEvent.objects.get()
    assert (event.applied_at, event.tries, event.next_try_at) == (None, 1, noon + timedelta(seconds=2))
    assert event.last_error == "RuntimeError('of an unknown shape')"


def test_what_fails_again_and_again_keeps_the_sweep_from_nothing(about, noon, monkeypatch):
    monkeypatch.setattr("payments.services.webhooks.BATCH", 1)
    poisoned = about.states["dp_1"]
    about.states["dp_0"] = chargeback_state(poisoned.hold_ref, ref="dp_0", amount_minor=2**63)  # no column takes it
    with clock.frozen(noon):
        receive(message("evt_0", "dp_0"))
        receive(message("evt_1", "dp_1"))
    with clock.frozen(noon + timedelta(minutes=1)):
        assert [webhooks_apply_left() for _ in range(2)] == [0, 1]

    assert Chargeback.objects.get().ref == "dp_1"


def test_the_sweep_takes_up_what_is_left(about, noon):
    with clock.frozen(noon):
        receive(message("evt_1", "dp_1"))
        assert webhooks_apply_left() == 0  # the outbox has it still
    with clock.frozen(noon + timedelta(minutes=1)):
        apply_left_webhooks()

    assert Chargeback.objects.count() == 1


def test_what_another_message_saw_meanwhile_is_looked_at_again(about):
    receive(message("evt_1", "dp_1"))
    receive(message("evt_2", "dp_1"))
    first, second = WebhookEvent.objects.order_by("pk")

    def overtake():
        about.on_read = lambda: None
        about.states["dp_1"] = chargeback_state("pi_1", fee_minor=2_000)
        assert webhook_apply(webhook_id=second.pk) is True

    about.on_read = overtake

    assert webhook_apply(webhook_id=first.pk) is True
    assert (Chargeback.objects.get().fee_minor, about.reads) == (2_000, 3)


def test_what_changes_all_the_time_is_put_off(about):
    for number in range(6):
        receive(message(f"evt_{number}", "dp_1"))
    first, *others = WebhookEvent.objects.order_by("pk").values_list("pk", flat=True)

    def overtake():
        WebhookEvent.objects.filter(pk=others.pop()).update(applied_at=clock.now())

    about.on_read = overtake

    assert webhook_apply(webhook_id=first) is False
    assert WebhookEvent.objects.get(pk=first).last_error == "it changes while it is looked at"


def test_the_inbox_is_purged_of_what_is_done_with(about, settings):
    settings.WEBHOOK_KEEP_DAYS = 90
    long_ago = clock.now() - timedelta(days=91)
    with clock.frozen(long_ago):
        for number in range(2):
            receive(message(f"evt_{number}", "dp_1"))
    receive(message("evt_2", "dp_1"))
    done = WebhookEvent.objects.get(event_id="evt_0")
    webhook_apply(webhook_id=done.pk)

    purge_webhooks()

    assert sorted(WebhookEvent.objects.values_list("event_id", flat=True)) == ["evt_1", "evt_2"]
    assert webhooks_purge() == 0


# What it is about


def told_of(kind, ref):
    at = clock.now()
    told = {"provider": "stripe", "event_id": f"evt_{ref}", "kind": kind, "ref": ref}
    return WebhookEvent.objects.create(**told, type="told", received_at=at, next_try_at=at).pk


def test_a_hold_the_customer_confirmed_is_held(online):
    payment = payment_authorized(method=ASKS)
    hold = payment.holds.get()
    online.confirm(hold.ref)

    assert webhook_apply(webhook_id=told_of(ObjectKind.HOLD, hold.ref))

    assert (Payment.objects.get().status, Hold.objects.get().status) == (PaymentStatus.AUTHORIZED, HoldStatus.HELD)


def test_a_refund_that_took_its_time_is_done(online):
    payment = payment_authorized()
    payment_capture_for_job(job_id=job_finish(payment.job).pk)
    calls_perform()
    online.refunds_pend = True
    staff, amount = UserFactory(admin=True), Money(4_000, "USD")
    refund_request(payment_id=payment.pk, actor=staff, amount=amount, reason="It drips.")
    calls_perform()
    ref = ProviderCall.objects.get(kind=CallKind.REFUND).ref
    online.settle_refund(ref)

    assert webhook_apply(webhook_id=told_of(ObjectKind.REFUND, ref))

    assert Refund.objects.get().status == RefundStatus.DONE


# The door


def test_a_signed_message_is_thanked_for_without_a_word(provider):
    answer = post(message("evt_1", "dp_1"))

    assert (answer.status_code, answer.content, WebhookEvent.objects.count()) == (204, b"", 1)


def test_a_message_that_comes_again_is_thanked_for_as_well(provider):
    assert [post(message("evt_1", "dp_1")).status_code for _ in range(3)] == [204] * 3
    assert WebhookEvent.objects.count() == 1


def test_a_key_means_nothing_to_it(provider):
    key = {"Idempotency-Key": "one"}

    assert post(message("evt_1", "dp_1"), **key).status_code == 204
    again = post(message("evt_2", "dp_1"), **key)

    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (204, False)
    assert WebhookEvent.objects.count() == 2


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense", "v1=00", "t=,v1="])
def test_a_message_without_a_signature_is_refused(provider, signature):
    answer = post(message("evt_1", "dp_1"), signature)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WEBHOOK_REFUSED")
    assert not WebhookEvent.objects.exists()


def test_the_body_is_what_was_signed(provider):
    body = message("evt_1", "dp_1")

    assert post(body + b" ", signature_of(body)).status_code == 400


def test_nobody_knows_of_another_provider(provider):
    for name in ("offline", "paypal"):
        assert post(b"{}", url=f"/api/v1/payments/webhooks/{name}").status_code == 404


def test_a_body_has_its_bounds(provider, settings):
    settings.MAX_BODY_BYTES = 100

    answer = post(b" " * 101)

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_what_is_signed_is_not_counted_and_what_is_not_is(provider, settings):
    settings.RATES = {**settings.RATES, "requests": "2/m"}
    signed = [post(message(f"evt_{number}", "dp_1")).status_code for number in range(5)]
    forged = [post(message("evt_9", "dp_1"), "").status_code for _ in range(4)]

    assert (signed, forged) == ([204] * 5, [400, 400, 429, 429])
    assert post(message("evt_6", "dp_1")).status_code == 204


def test_what_nobody_listens_to_is_counted_too(provider, settings):
    settings.RATES, settings.MAX_BODY_BYTES = {**settings.RATES, "requests": "2/m"}, 100

    answers = [
        post(b"{}", url="/api/v1/payments/webhooks/paypal").status_code,
        post(b" " * 101).status_code,
        post(b"{}", url="/api/v1/payments/webhooks/paypal").status_code,
        post(b" " * 101).status_code,
    ]

    assert answers == [404, 413, 429, 429]


# At once


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_at_once_it_is_taken_once(about):
    for number in range(10):
        at_once(*[lambda number=number: receive(message(f"evt_{number}", "dp_1"))] * 8)

    assert (WebhookEvent.objects.count(), ordered()) == (10, 10)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_applied_at_once_it_has_one_effect(about):
    for number in range(8):
        receive(message(f"evt_{number}", "dp_1"))
    ids = list(WebhookEvent.objects.values_list("pk", flat=True))

    at_once(*[lambda one=one: webhook_apply(webhook_id=one) for one in ids])
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        webhooks_apply_left()

    assert not WebhookEvent.objects.filter(applied_at__isnull=True).exists()
    assert LedgerTransaction.objects.filter(kind="CHARGEBACK").count() == 1
