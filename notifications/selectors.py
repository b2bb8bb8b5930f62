from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery

from accounts.enums import Role, UserStatus
from accounts.models import User
from disputes.models import Dispute, DisputeDeadline, DisputeEvent
from fixmate.core import events
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from jobs.enums import JobEventKind, JobStatus
from jobs.models import Job, JobEvent
from matching.models import Offer
from notifications.enums import DeliveryStatus, Kind
from notifications.events import DeliveryDue
from notifications.kinds import OF_A_TURN, Topic, topic_of
from notifications.models import Delivery, Notification
from payments.models import Payment, Payout, PayoutAccount, Refund
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


def occasions_told(user_id: UUID, topic: Topic) -> list[int]:
    """Return which decisions of staff about it the user has been told: of his profile, or of his account."""
    told = Notification.objects.filter(user=user_id, kind__in=topic.kinds)
    return [int(key) for key in told.values_list("subject_key", flat=True)]


_STANDINGS = {
    UserStatus.RESTRICTED: ("is_restricted", Kind.ACCOUNT_RESTRICTED),
    UserStatus.SUSPENDED: ("is_suspended", Kind.ACCOUNT_SUSPENDED),
}


def standing_facts(user: User) -> dict[str, Any]:
    """Return what news says of an account that is restricted or suspended: that it is, and why, as was last told."""
    if user.status not in _STANDINGS:
        return {}
    name, kind = _STANDINGS[UserStatus(user.status)]
    told = Notification.objects.filter(user=user, kind=kind).order_by("-created_at", "-pk")
    reason = told.values_list("payload__reason", flat=True).first()
    return {name: True, **({"reason": reason} if reason else {})}


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


def delivery_list_about_job(job_id: UUID) -> QuerySet[Delivery]:
    """Return what its customer, and every technician it was offered to, were told about the job, the oldest first.

    Each of them has an index of his news; the payload has none.
    """
    asked = Offer.objects.filter(job_id=job_id).values_list("technician__user_id", flat=True)
    sides = Job.objects.filter(pk=job_id).values_list("customer_id", "technician__user_id")
    people = {*asked, *(user_id for pair in sides for user_id in pair if user_id)}
    told = Notification.objects.filter(user__in=people, payload__job_id=str(job_id))
    deliveries = Delivery.objects.filter(notification__in=told).select_related("notification__user")
    return deliveries.order_by("notification__created_at", "notification_id", "channel")


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


def refund_get_locked(refund_id: UUID) -> Refund:
    """Return the refund, locked until the news of it is written.

    :raises NotFound: if there is none
    """
    refunds = Refund.objects.select_related("payment__job__service", "payment__technician")
    return _or_not_found(refunds.select_for_update(of=("self",), no_key=True).filter(pk=refund_id).first())


def payout_get_locked(payout_id: UUID) -> Payout:
    """Return the payout, locked until the news of it is written.

    :raises NotFound: if there is none
    """
    payouts = Payout.objects.select_related("technician").select_for_update(of=("self",), no_key=True)
    return _or_not_found(payouts.filter(pk=payout_id).first())


def review_get(review_id: UUID) -> Review:
    """:raises NotFound: if there is none"""
    return _or_not_found(Review.objects.select_related("job__service", "technician__user").filter(pk=review_id).first())


def dispute_get_locked(dispute_id: UUID) -> Dispute:
    """Return the dispute, locked until the news of it is written.

    :raises NotFound: if there is none
    """
    disputes = Dispute.objects.select_related("job__service", "technician")
    locked = disputes.select_for_update(of=("self",), no_key=True)
    return _or_not_found(locked.filter(pk=dispute_id).first())


def dispute_event_get(event_id: int) -> DisputeEvent:
    """:raises NotFound: if there is none"""
    return _or_not_found(DisputeEvent.objects.filter(pk=event_id).first())


def payout_account_get_locked(account_id: UUID) -> PayoutAccount:
    """:raises NotFound: if there is none"""
    accounts = PayoutAccount.objects.select_for_update(of=("self",)).select_related("technician")
    return _or_not_found(accounts.filter(pk=account_id).first())


def deadline_get(deadline_id: int) -> DisputeDeadline:
    """:raises NotFound: if there is none"""
    return _or_not_found(DisputeDeadline.objects.filter(pk=deadline_id).first())


def deadline_list_of_sides(dispute_id: UUID) -> QuerySet[DisputeDeadline]:
    """Return until when either side is to answer, where it still is."""
    return DisputeDeadline.objects.filter(dispute=dispute_id, ended_at__isnull=True).exclude(side="")


def reviewer_ids(dispute: Dispute) -> list[UUID]:
    """Return who of staff has taken the dispute up; all of staff where nobody has."""
    if dispute.reviewer_id:
        return [dispute.reviewer_id]
    return staff_ids()


def staff_ids() -> list[UUID]:
    """Return all of staff."""
    staff = User.objects.filter(role=Role.ADMIN, status=UserStatus.ACTIVE).order_by("pk")
    return list(staff.values_list("pk", flat=True))


T = TypeVar("T")


def _or_not_found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
