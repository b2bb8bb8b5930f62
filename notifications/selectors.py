from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery

from accounts.models import User
from disputes.models import Dispute
from fixmate.core import events
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from jobs.enums import JobEventKind, JobStatus
from jobs.models import Job, JobEvent
from matching.models import Offer
from notifications.enums import DeliveryStatus, Kind
from notifications.events import DeliveryDue
from notifications.kinds import OF_A_TURN, PROFILE, topic_of
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


def profile_occasions_told(user_id: UUID) -> list[int]:
    """Return which decisions about his profile the user has been told."""
    told = Notification.objects.filter(user=user_id, kind__in=PROFILE.kinds)
    return [int(key) for key in told.values_list("subject_key", flat=True)]


def notification_is_overtaken(notification: Notification) -> bool:
    """Tell whether it is true no more: the user knows something newer of the same thing, or the turn is over."""
    return _has_newer(notification) or _tells_of_past_turn(notification)


def _has_newer(notification: Notification) -> bool:
    topic = topic_of(Kind(notification.kind))
    if topic is None:
        return False
    told = Notification.objects.filter(user=notification.user, kind__in=topic.kinds)
    if topic.named_by:
        told = told.filter(**{f"payload__{topic.named_by}": notification.payload.get(topic.named_by)})
    return told.filter(created_at__gt=notification.created_at).exists()


def _tells_of_past_turn(notification: Notification) -> bool:
    """Tell whether the technician has lost the job since: of what he gave back himself he hears nothing newer."""
    job_id, user = notification.payload.get("job_id"), notification.user
    if notification.kind not in OF_A_TURN or job_id is None:
        return False
    ahead = Job.objects.filter(pk=job_id, status=JobStatus.ASSIGNED, assigned_at__lte=notification.created_at)
    return not ahead.filter(Q(customer=user) | Q(technician__user=user)).exists()


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


def offer_get_locked(offer_id: UUID) -> Offer:
    """Return the offer, locked until the news of it is written.

    :raises NotFound: if there is none
    """
    offers = Offer.objects.select_related("job__service", "technician").select_for_update(of=("self",), no_key=True)
    return _or_not_found(offers.filter(pk=offer_id).first())


def job_why_lost(*, job_id: UUID, technician_id: UUID) -> str:
    """Return why the technician lost the job the last time, a CancelReason; "" if he has it, or never had it."""
    timeline = JobEvent.objects.filter(job_id=job_id).order_by("-id")
    his = timeline.filter(kind=JobEventKind.ASSIGNED, data__technician_id=str(technician_id)).values("id")[:1]
    lost = timeline.filter(kind=JobEventKind.RELEASED, id__gt=Subquery(his))
    return lost.values_list("data__reason", flat=True).last() or ""


def payment_get(payment_id: UUID) -> Payment:
    """:raises NotFound: if there is none"""
    return _or_not_found(Payment.objects.select_related("job__service", "technician").filter(pk=payment_id).first())


def review_get(review_id: UUID) -> Review:
    """:raises NotFound: if there is none"""
    return _or_not_found(Review.objects.select_related("job__service", "technician").filter(pk=review_id).first())


def dispute_get_locked(dispute_id: UUID) -> Dispute:
    """Return the dispute, locked until the news of it is written.

    :raises NotFound: if there is none
    """
    disputes = Dispute.objects.select_related("job__service", "technician")
    locked = disputes.select_for_update(of=("self",), no_key=True)
    return _or_not_found(locked.filter(pk=dispute_id).first())


T = TypeVar("T")


def _or_not_found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
