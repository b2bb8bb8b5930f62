"""What staff see at a glance. A constant number of queries, each over an index: as cheap with a million jobs.

What stands now is counted now; what happened is counted over a stretch of time.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, F, QuerySet, Sum

from accounts.enums import Role, UserStatus
from accounts.models import User
from disputes.enums import LIVE
from disputes.models import Dispute
from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.money import Money
from jobs.enums import JobEventKind, JobStatus
from jobs.models import Job, JobEvent
from matching.models import Alert
from payments.models import Payment
from technicians.enums import DocumentStatus, Verification
from technicians.models import Document, Technician

LONGEST: Final = timedelta(days=366)
_COUNTED = (
    JobEventKind.REQUESTED,
    JobEventKind.ASSIGNED,
    JobEventKind.UNMATCHED,
    JobEventKind.COMPLETED,
    JobEventKind.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Presence:
    online: int
    offline: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at this moment."""

    users: dict[str, dict[str, int]]
    technicians: dict[str, Presence]
    jobs: dict[str, int]
    open_disputes: int
    documents_waiting: int
    open_alerts: int


@dataclass(frozen=True, slots=True)
class Takings:
    """What was captured in one currency, as the payments have it stored."""

    payments: int
    captured: Money
    platform_fees: Money


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened from `since` on and before `until`."""

    since: datetime
    until: datetime
    requested: int
    assigned: int
    unmatched: int
    completed: int
    cancelled: int
    unmatched_share: float | None
    median_time_to_assignment_s: int | None
    takings: list[Takings]


@dataclass(frozen=True, slots=True)
class Stats:
    at: datetime
    now: Standing
    period: Happened


def stats_of(*, since: datetime | None, until: datetime | None) -> Stats:
    """Return the figures; without an end until now, without a beginning since the midnight before that, in UTC.

    :raises Invalid: if the period is empty, or longer than `LONGEST`
    """
    at = clock.now()
    until = until or at
    since = since or until.replace(hour=0, minute=0, second=0, microsecond=0)
    _check_period(since, until)
    return Stats(at, _standing(), _happened(since, until))


def _check_period(since: datetime, until: datetime) -> None:
    if since > until:
        raise _invalid("This lies after the end of the period.")
    if until - since > LONGEST:
        raise _invalid(f"A period has {LONGEST.days} days at most.")


def _invalid(text: str) -> Invalid:
    details: dict[str, Any] = {"from": [text]}  # a word of Python
    return Invalid(**details)


# Now


def _standing() -> Standing:
    return Standing(
        users=_users(),
        technicians=_technicians(),
        jobs=_filled(JobStatus.values, _counted(Job.objects.all(), "status")),
        open_disputes=Dispute.objects.filter(status__in=LIVE).count(),
        documents_waiting=Document.objects.filter(status=DocumentStatus.PENDING).count(),
        open_alerts=Alert.objects.filter(closed_at__isnull=True).count(),
    )


def _users() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    counts = User.objects.order_by().values_list("role", "status").annotate(count=Count("pk"))
    for role, status, count in counts:
        found[role][status] = count
    return {role: _filled(UserStatus.values, found[role]) for role in Role.values}


def _technicians() -> dict[str, Presence]:
    live = Technician.objects.filter(deleted_at__isnull=True).order_by()
    counts = live.values_list("verification", "is_online").annotate(count=Count("pk"))
    found = {(verification, is_online): count for verification, is_online, count in counts}
    return {state: Presence(found.get((state, True), 0), found.get((state, False), 0)) for state in Verification.values}


def _counted(rows: QuerySet, column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(count=Count("pk")))


def _filled(states: Iterable[str], counts: dict[str, int]) -> dict[str, int]:
    return {state: counts.get(state, 0) for state in states}


# Over a stretch of time


def _happened(since: datetime, until: datetime) -> Happened:
    events = JobEvent.objects.filter(kind__in=_COUNTED, at__gte=since, at__lt=until)
    counts = _filled(_COUNTED, _counted(events, "kind"))
    assigned, unmatched = counts[JobEventKind.ASSIGNED], counts[JobEventKind.UNMATCHED]
    searches = assigned + unmatched
    return Happened(
        since=since,
        until=until,
        requested=counts[JobEventKind.REQUESTED],
        assigned=assigned,
        unmatched=unmatched,
        completed=counts[JobEventKind.COMPLETED],
        cancelled=counts[JobEventKind.CANCELLED],
        unmatched_share=round(unmatched / searches, 4) if searches else None,
        median_time_to_assignment_s=_median_wait_s(since, until),
        takings=_takings(since, until),
    )


def _median_wait_s(since: datetime, until: datetime) -> int | None:
    """Return how long jobs for now that were requested in the period waited for their technician."""
    asked = Job.objects.filter(created_at__gte=since, created_at__lt=until, scheduled_for__isnull=True)
    waits = asked.filter(assigned_at__isnull=False).annotate(wait=F("assigned_at") - F("created_at")).order_by("wait")
    count = waits.count()
    if not count:
        return None
    middle: list[timedelta] = list(
        waits.values_list("wait", flat=True)[(count - 1) // 2 : count // 2 + 1]
    )  # two of an even number
    seconds = [wait.total_seconds() for wait in middle]
    return round(sum(seconds) / len(seconds))


def _takings(since: datetime, until: datetime) -> list[Takings]:
    captured = Payment.objects.filter(captured_at__gte=since, captured_at__lt=until).order_by("currency")
    sums = captured.values_list("currency").annotate(Count("pk"), Sum("amount_minor"), Sum("platform_fee_minor"))
    return [
        Takings(count, Money(int(amount), currency), Money(int(fees), currency))
        for currency, count, amount, fees in sums
    ]
