"""Deadlines of a dispute. The callers have locked it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, QuerySet

from accounts.models import User
from disputes.enums import DeadlineKind, DisputeSide
from disputes.models import NEVER, Dispute, DisputeDeadline

_REMIND_AFTER = 0.75  # of the time that is given


def deadlines_begin(dispute: Dispute, *, at: datetime) -> None:
    """Give staff the time for a first answer and for the decision, and the other side the time for its answer.

    Of a chargeback the technician is the other side: what he can show is the evidence that the bank wants.
    """
    _begin(dispute, DeadlineKind.STAFF_ANSWER, at=at)
    _begin(dispute, DeadlineKind.DECISION, at=at)
    opener = side_of(dispute, dispute.opened_by) if dispute.opened_by else DisputeSide.CUSTOMER
    _begin(dispute, DeadlineKind.SIDE_ANSWER, side=_other(opener), at=at)
    _note_next(dispute)


def deadline_ask(dispute: Dispute, side: DisputeSide, *, at: datetime) -> DisputeDeadline:
    """Give a side the time for another answer; what it had left of an earlier question is over."""
    _end(_open(dispute).filter(kind=DeadlineKind.SIDE_ANSWER, side=side), at)
    deadline = _begin(dispute, DeadlineKind.SIDE_ANSWER, side=side, at=at)
    _note_next(dispute)
    return deadline


def deadline_met_by_side(dispute: Dispute, side: DisputeSide, *, at: datetime) -> None:
    _end(_open(dispute).filter(kind=DeadlineKind.SIDE_ANSWER, side=side), at)
    _note_next(dispute)


def deadline_met_by_staff(dispute: Dispute, *, at: datetime) -> None:
    _end(_open(dispute).filter(kind=DeadlineKind.STAFF_ANSWER), at)
    _note_next(dispute)


def deadline_follow_provider(dispute: Dispute, *, due_at: datetime | None, at: datetime) -> None:
    """Have staff owe evidence until then, or no longer where it is None. Idempotent."""
    there = _open(dispute).filter(kind=DeadlineKind.PROVIDER_EVIDENCE)
    _end(there.exclude(due_at=due_at) if due_at else there, at)
    if due_at and not there.exists():
        _add(dispute, DeadlineKind.PROVIDER_EVIDENCE, at=at, lasts=max(due_at - at, timedelta()), due_at=due_at)
    _note_next(dispute)


def evidence_owed(dispute: Dispute, *, at: datetime) -> DisputeDeadline | None:
    """Return until when staff owe evidence on a chargeback, if they do: once it is too late the bank takes none."""
    return _open(dispute).filter(kind=DeadlineKind.PROVIDER_EVIDENCE, due_at__gt=at).first()


def deadlines_end(dispute: Dispute, *, at: datetime) -> None:
    """End what is open: nobody owes a closed dispute anything."""
    _end(_open(dispute), at)
    _note_next(dispute)


def side_of(dispute: Dispute, user: User) -> DisputeSide:
    return DisputeSide.CUSTOMER if user.pk == dispute.job.customer_id else DisputeSide.TECHNICIAN


def time_for(kind: DeadlineKind) -> timedelta:
    return {
        DeadlineKind.STAFF_ANSWER: timedelta(hours=settings.DISPUTE_ANSWER_HOURS),
        DeadlineKind.SIDE_ANSWER: timedelta(days=settings.DISPUTE_SIDE_DAYS),
        DeadlineKind.DECISION: timedelta(days=settings.DISPUTE_DECISION_DAYS),
    }[kind]


def _other(side: DisputeSide) -> DisputeSide:
    return DisputeSide.TECHNICIAN if side == DisputeSide.CUSTOMER else DisputeSide.CUSTOMER


def _open(dispute: Dispute) -> QuerySet[DisputeDeadline]:
    return DisputeDeadline.objects.filter(dispute=dispute, ended_at__isnull=True)


def _begin(dispute: Dispute, kind: DeadlineKind, *, at: datetime, side: str = "") -> DisputeDeadline:
    lasts = time_for(kind)
    return _add(dispute, kind, at=at, lasts=lasts, due_at=at + lasts, side=side)


def _add(
    dispute: Dispute, kind: DeadlineKind, *, at: datetime, lasts: timedelta, due_at: datetime, side: str = ""
) -> DisputeDeadline:
    remind_at = min(at + lasts * _REMIND_AFTER, due_at)
    return DisputeDeadline.objects.create(dispute=dispute, kind=kind, side=side, remind_at=remind_at, due_at=due_at)


def _end(deadlines: QuerySet[DisputeDeadline], at: datetime) -> None:
    deadlines.update(ended_at=at)


def _note_next(dispute: Dispute) -> None:
    dispute.due_at = _open(dispute).aggregate(first=Min("due_at"))["first"] or NEVER
    dispute.save(update_fields=["due_at"])
