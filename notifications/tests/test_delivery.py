import smtplib
from datetime import timedelta

import pytest
from django.core import mail

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from notifications.enums import Channel, DeliveryStatus, Kind
from notifications.errors import DeliveryError
from notifications.models import Delivery, Notification
from notifications.services import delivery_send, delivery_send_pending, notification_create
from notifications.tasks import deliver
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def refusing(monkeypatch):
    """Return the call that makes the mail server answer with this error."""

    def refuse(error):
        def send(self, fail_silently=False):
            raise error

        monkeypatch.setattr("django.core.mail.EmailMessage.send", send)

    return refuse


def _create(user, kind=Kind.JOB_ASSIGNED, subject="job-1"):
    return notification_create(user_id=user.pk, kind=kind, subject_key=subject, payload={"service": "Tap"})


# notification_create


def test_notification_create_tells_in_the_app_at_once_and_orders_the_mail(noon):
    notification = _create(UserFactory())

    in_app = notification.deliveries.get(channel=Channel.IN_APP)
    email = notification.deliveries.get(channel=Channel.EMAIL)
    assert (in_app.status, in_app.sent_at) == (DeliveryStatus.SENT, noon)
    assert (email.status, email.sent_at) == (DeliveryStatus.PENDING, None)
    assert notification.created_at == noon
    ordered = OutboxMessage.objects.get()
    assert (ordered.task, ordered.payload) == ("notifications.deliver", {"delivery_id": str(email.pk)})


def test_notification_create_of_a_quiet_kind_orders_nothing():
    notification = _create(UserFactory(), kind=Kind.OFFER_RECEIVED)

    assert [delivery.channel for delivery in notification.deliveries.all()] == [Channel.IN_APP]
    assert not OutboxMessage.objects.exists()


def test_notification_create_twice_tells_once():
    user = UserFactory()

    first, second = _create(user), _create(user)

    assert first == second
    assert Notification.objects.count() == 1
    assert Delivery.objects.count() == 2
    assert OutboxMessage.objects.count() == 1


def test_notification_create_tells_each_person_kind_and_subject():
    user, other = UserFactory(), UserFactory()

    _create(user)
    _create(other)
    _create(user, subject="job-2")
    _create(user, kind=Kind.JOB_STARTED)

    assert Notification.objects.count() == 4


# delivery_send


def test_delivery_send_mails_the_text_and_records_it(noon):
    delivery = DeliveryFactory(notification__user__email="ada@example.com")

    delivery_send(delivery_id=delivery.pk)

    sent = Delivery.objects.get()
    assert (sent.status, sent.sent_at, sent.attempts, sent.last_error) == (DeliveryStatus.SENT, noon, 1, "")
    [letter] = mail.outbox
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Tomas takes your job"
    assert letter.body.startswith("Hello Ada,\n\nTomas takes Leaking tap.")
    assert letter.extra_headers["Message-ID"] == f"<{delivery.pk}@fixmate.example>"


def test_delivery_send_again_sends_nothing():
    delivery = DeliveryFactory()
    delivery_send(delivery_id=delivery.pk)

    delivery_send(delivery_id=delivery.pk)

    assert len(mail.outbox) == 1
    assert Delivery.objects.get().attempts == 1


def test_delivery_send_of_a_row_that_is_gone_is_no_error():
    delivery_send(delivery_id=NotificationFactory.build().id)

    assert mail.outbox == []


@pytest.mark.parametrize(
    "error",
    [
        OSError("connection refused"),
        smtplib.SMTPServerDisconnected("bye"),
        smtplib.SMTPAuthenticationError(535, b"who are you"),
        smtplib.SMTPRecipientsRefused({"ada@example.com": (450, b"busy")}),
    ],
)
def test_delivery_send_records_a_passing_refusal_and_raises_it(refusing, error):
    delivery = DeliveryFactory()
    refusing(error)

    with pytest.raises(DeliveryError):
        delivery_send(delivery_id=delivery.pk)

    kept = Delivery.objects.get()
    assert (kept.status, kept.sent_at, kept.attempts) == (DeliveryStatus.PENDING, None, 1)
    assert kept.last_error


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"ada@example.com": (550, b"no such mailbox")}),
        ValueError("header with a line break"),
    ],
)
def test_delivery_send_does_not_try_a_final_refusal_again(refusing, error):
    delivery = DeliveryFactory()
    refusing(error)

    delivery_send(delivery_id=delivery.pk)

    kept = Delivery.objects.get()
    assert (kept.status, kept.attempts) == (DeliveryStatus.FAILED, 1)
    assert kept.last_error


def test_delivery_send_to_somebody_without_an_address_fails_for_good():
    delivery = DeliveryFactory(notification__user=UserFactory(email=None, phone="+15550100"))

    delivery_send(delivery_id=delivery.pk)

    kept = Delivery.objects.get()
    assert (kept.status, kept.last_error) == (DeliveryStatus.FAILED, "the account has no e-mail address")
    assert mail.outbox == []


def test_delivery_send_after_a_refusal_clears_the_error(refusing, monkeypatch):
    delivery = DeliveryFactory()
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", _raise)
        with pytest.raises(DeliveryError):
            delivery_send(delivery_id=delivery.pk)

    delivery_send(delivery_id=delivery.pk)

    sent = Delivery.objects.get()
    assert (sent.status, sent.attempts, sent.last_error) == (DeliveryStatus.SENT, 2, "")


def _raise(*args, **kwargs):
    raise OSError("connection refused")


@pytest.mark.parametrize("outcome", ["sent", "gone", "refused"])
def test_delivery_send_that_lost_a_race_leaves_the_winners_record(monkeypatch, noon, outcome):
    """Another try ends while this one is with the mail server."""
    delivery = DeliveryFactory()

    def send(self, fail_silently=False):
        if outcome == "gone":
            Delivery.objects.all().delete()
        else:
            Delivery.objects.update(status=DeliveryStatus.SENT, sent_at=noon - timedelta(seconds=1))
        if outcome == "refused":
            raise smtplib.SMTPRecipientsRefused({"ada@example.com": (550, b"no")})

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)

    delivery_send(delivery_id=delivery.pk)

    rows = [] if outcome == "gone" else [(DeliveryStatus.SENT, noon - timedelta(seconds=1), 0)]
    assert list(Delivery.objects.values_list("status", "sent_at", "attempts")) == rows


def test_deliver_is_tried_again_by_the_outbox(refusing, drain):
    _create(UserFactory())
    refusing(OSError("connection refused"))

    drain()

    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts) == (OutboxStatus.READY, 1)
    assert "connection refused" in row.last_error
    assert Delivery.objects.get(channel=Channel.EMAIL).status == DeliveryStatus.PENDING


def test_deliver_runs_outside_a_transaction():
    assert deliver.reaches_outside is True


# delivery_send_pending


def test_delivery_send_pending_orders_again_what_the_outbox_forgot(noon, drain):
    stranded = DeliveryFactory(created_at=noon - timedelta(minutes=11))

    assert delivery_send_pending() == 1
    assert delivery_send_pending() == 0  # it is on its way now
    drain()

    assert Delivery.objects.get().status == DeliveryStatus.SENT
    assert len(mail.outbox) == 1
    assert OutboxMessage.objects.get().payload == {"delivery_id": str(stranded.pk)}


@pytest.mark.parametrize("status", [OutboxStatus.READY, OutboxStatus.DEAD])
def test_delivery_send_pending_leaves_what_the_outbox_still_holds(noon, status):
    delivery = DeliveryFactory(created_at=noon - timedelta(minutes=11))
    OutboxMessage.objects.create(task="notifications.deliver", payload={"delivery_id": str(delivery.pk)}, status=status)

    assert delivery_send_pending() == 0
    assert OutboxMessage.objects.count() == 1


def test_delivery_send_pending_leaves_what_is_sent_or_fresh(noon):
    DeliveryFactory(created_at=noon - timedelta(minutes=11), sent=True)
    DeliveryFactory(created_at=noon - timedelta(minutes=9))

    assert delivery_send_pending() == 0
    assert not OutboxMessage.objects.exists()


def test_delivery_send_pending_is_not_held_up_by_what_waits_for_staff(noon, monkeypatch):
    monkeypatch.setattr("notifications.services.delivery.STRANDED_BATCH", 1)
    dead = DeliveryFactory(created_at=noon - timedelta(minutes=20))
    OutboxMessage.objects.create(
        task="notifications.deliver", payload={"delivery_id": str(dead.pk)}, status=OutboxStatus.DEAD
    )
    stranded = DeliveryFactory(created_at=noon - timedelta(minutes=11))

    assert delivery_send_pending() == 1
    ordered = OutboxMessage.objects.get(status=OutboxStatus.READY)
    assert ordered.payload == {"delivery_id": str(stranded.pk)}


def test_delivery_send_pending_looks_again_under_the_lock(noon, monkeypatch):
    """Two sweeps at once find the same row; the second sees that it was sent, or ordered, or is gone."""
    sent = DeliveryFactory(created_at=noon - timedelta(minutes=11), sent=True)
    gone = DeliveryFactory.build(notification=None)
    monkeypatch.setattr("notifications.services.delivery.delivery_ids_stranded", lambda **_: [sent.pk, gone.pk])

    assert delivery_send_pending() == 0
    assert not OutboxMessage.objects.exists()


def test_delivery_that_another_sent_meanwhile_is_not_called_overtaken(monkeypatch):
    delivery = DeliveryFactory()

    def sent_meanwhile(_notification):
        Delivery.objects.update(status=DeliveryStatus.SENT, sent_at=clock.now())
        return True

    monkeypatch.setattr("notifications.services.delivery.notification_is_overtaken", sent_meanwhile)
    delivery_send(delivery_id=delivery.pk)

    assert Delivery.objects.get().status == DeliveryStatus.SENT
