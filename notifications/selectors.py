from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from disputes.models import Dispute
from fixmate.core import events
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from matching.models import Offer
from notifications.enums import DeliveryStatus
from notifications.events import DeliveryDue
from notifications.models import Delivery, Notification
from payments.models import Payment
from reviews.models import Review


def notification_list_of(user: User) -> QuerySet[Notification]:
    """Return what this user was told; nobody reads another's, staff included."""
    return Notification.objects.filter(user=user).select_related("user")


def notification_get_locked_of(*, user: User, notification_id: UUID) -> Notification:
    """Return one's own notification with its row locked.

    :raises NotFound: if there is none, or it is another's
    """
    found = notification_list_of(user).filter(pk=notification_id).select_for_update(of=("self",)).first()
    if found is None:
        raise NotFound
    return found


def notification_count_unread(user: User) -> int:
    return Notification.objects.filter(user=user, read_at__isnull=True).count()


def delivery_get(delivery_id: UUID) -> Delivery | None:
    """Return the delivery with what it says and to whom, or None if it is gone."""
    return Delivery.objects.select_related("notification__user").filter(pk=delivery_id).first()


def delivery_get_locked(delivery_id: UUID) -> Delivery | None:
    return Delivery.objects.select_for_update().filter(pk=delivery_id).first()


def delivery_ids_stranded(*, before: datetime, limit: int) -> list[UUID]:
    """Return deliveries made before that time which nothing will send any more, the oldest first."""
    carried = set(_calls_waiting().values_list("payload__delivery_id", flat=True))
    pending = Delivery.objects.filter(status=DeliveryStatus.PENDING, created_at__lt=before).order_by("created_at")
    ids = pending.values_list("pk", flat=True).iterator()
    return list(islice((pk for pk in ids if str(pk) not in carried), limit))


def delivery_is_carried(delivery_id: UUID) -> bool:
    """Tell whether the outbox still holds the call that sends it."""
    return _calls_waiting().filter(payload__delivery_id=str(delivery_id)).exists()


def _calls_waiting() -> QuerySet[OutboxMessage]:
    """Return the rows that will send something; a DEAD one is staff's to try again."""
    return OutboxMessage.objects.filter(
        task__in=events.subscribers_of(DeliveryDue), status__in=[OutboxStatus.READY, OutboxStatus.DEAD]
    )


# What the news is about


def offer_get(offer_id: UUID) -> Offer:
    """:raises NotFound: if there is none"""
    return _or_not_found(Offer.objects.select_related("job__service", "technician").filter(pk=offer_id).first())


def payment_get(payment_id: UUID) -> Payment:
    """:raises NotFound: if there is none"""
    return _or_not_found(Payment.objects.select_related("job__service", "technician").filter(pk=payment_id).first())


def review_get(review_id: UUID) -> Review:
    """:raises NotFound: if there is none"""
    return _or_not_found(Review.objects.select_related("job__service", "technician").filter(pk=review_id).first())


def dispute_get(dispute_id: UUID) -> Dispute:
    """:raises NotFound: if there is none"""
    return _or_not_found(Dispute.objects.select_related("job__service", "technician").filter(pk=dispute_id).first())


T = TypeVar("T")


def _or_not_found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
