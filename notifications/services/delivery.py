"""Writing what somebody is told, and telling it over each channel."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from fixmate.core import clock, events
from notifications.channels import channel_send
from notifications.enums import Channel, DeliveryStatus, Kind
from notifications.errors import DeliveryError
from notifications.events import DeliveryDue
from notifications.kinds import CHANNELS
from notifications.models import Delivery, Notification
from notifications.selectors import (
    delivery_get,
    delivery_get_locked,
    delivery_ids_stranded,
    delivery_is_carried,
    notification_is_overtaken,
)

STRANDED_AFTER = timedelta(minutes=10)
STRANDED_BATCH = 200
log = structlog.get_logger(__name__)


@transaction.atomic
def notification_create(*, user_id: UUID, kind: Kind, subject_key: str, payload: dict[str, Any]) -> Notification:
    """Tell a user something, once per kind and subject however often this is called.

    In the app it is told with the commit; over channels outside by their own task.
    """
    at = clock.now()
    notification, is_new = Notification.objects.get_or_create(
        user_id=user_id, kind=kind, subject_key=subject_key, defaults={"payload": payload, "created_at": at}
    )
    if is_new:
        _deliveries_create(notification, at)
    return notification


def _deliveries_create(notification: Notification, at: datetime) -> None:
    deliveries = [_delivery(notification, channel, at) for channel in CHANNELS[Kind(notification.kind)]]
    Delivery.objects.bulk_create(deliveries)
    pending = [delivery for delivery in deliveries if delivery.status == DeliveryStatus.PENDING]
    events.publish(*(DeliveryDue(delivery_id=delivery.pk) for delivery in pending))


def _delivery(notification: Notification, channel: Channel, at: datetime) -> Delivery:
    delivery = Delivery(notification=notification, channel=channel, created_at=at)
    if channel == Channel.IN_APP:
        delivery.status, delivery.sent_at = DeliveryStatus.SENT, at
    return delivery


def delivery_send(*, delivery_id: UUID) -> None:
    """Send one delivery that is still PENDING. Reaches outside: call it without a transaction.

    What newer news has overtaken is not sent: letters that were refused once, or lay in a queue, come in any order.
    At least once: a crash between the channel's yes and its record sends it again, under the same message id.

    :raises DeliveryError: if the channel did not take it now; a permanent refusal is recorded as FAILED instead
    """
    delivery = delivery_get(delivery_id)
    if delivery is None or delivery.status != DeliveryStatus.PENDING:
        return
    if notification_is_overtaken(delivery.notification):
        _record_overtaken(delivery_id)
        return
    try:
        channel_send(delivery)
    except DeliveryError as error:
        _record_refusal(delivery_id, error)
        if not error.is_permanent:
            raise
    else:
        _record_sent(delivery_id)


@transaction.atomic
def _record_sent(delivery_id: UUID) -> None:
    delivery = delivery_get_locked(delivery_id)
    if delivery is None or delivery.status == DeliveryStatus.SENT:
        return
    delivery.status, delivery.sent_at = DeliveryStatus.SENT, clock.now()
    delivery.attempts += 1
    delivery.last_error = ""
    delivery.save(update_fields=["status", "sent_at", "attempts", "last_error"])


@transaction.atomic
def _record_overtaken(delivery_id: UUID) -> None:
    delivery = delivery_get_locked(delivery_id)
    if delivery is not None and delivery.status == DeliveryStatus.PENDING:
        delivery.status = DeliveryStatus.OVERTAKEN
        delivery.save(update_fields=["status"])


@transaction.atomic
def _record_refusal(delivery_id: UUID, error: DeliveryError) -> None:
    delivery = delivery_get_locked(delivery_id)
    if delivery is None or delivery.status != DeliveryStatus.PENDING:
        return
    if error.is_permanent:
        delivery.status = DeliveryStatus.FAILED
    delivery.attempts += 1
    delivery.last_error = str(error)[:500]
    delivery.save(update_fields=["status", "attempts", "last_error"])
    log.warning("delivery.refused", delivery_id=str(delivery_id), is_permanent=error.is_permanent)


def delivery_send_pending() -> int:
    """Order again what is still PENDING and forgotten by the outbox; return how many. Safe to run twice at once."""
    stranded = delivery_ids_stranded(before=clock.now() - STRANDED_AFTER, limit=STRANDED_BATCH)
    return sum(_delivery_order_again(delivery_id) for delivery_id in stranded)


@transaction.atomic
def _delivery_order_again(delivery_id: UUID) -> bool:
    delivery = delivery_get_locked(delivery_id)
    if delivery is None or delivery.status != DeliveryStatus.PENDING or delivery_is_carried(delivery_id):
        return False
    events.publish(DeliveryDue(delivery_id=delivery_id))
    return True
