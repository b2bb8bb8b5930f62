"""What `/metrics` shows. Read from the rows at each scrape, so that it does not matter which process is asked.

A constant number of queries, each over a partial index or a bounded stretch of time: as cheap with a million jobs.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Case, Count, Min, Q, QuerySet, Sum, TextChoices, When
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from disputes.enums import DeadlineKind
from disputes.selectors import deadline_list_overdue
from fixmate.core import clock, heartbeats
from fixmate.core.api.idempotency import REPLAYS
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.core.sms import SMS, SMS_TALLIES
from fixmate.core.tallies import tallied
from jobs.enums import BOOKED, WAITING, JobStatus
from jobs.models import Job
from matching.enums import OFFER_ENDED, OFFER_ENDS, AlertKind, OfferStatus
from matching.errors import ACCEPT_CONFLICT, OfferClosed, OfferExpired
from matching.models import Alert, MatchingPass, Offer
from payments.selectors import calls_stuck
from payments.selectors.webhooks import webhook_list_left

PASS_WINDOW: Final = timedelta(minutes=15)
RECENT: Final = timedelta(hours=1)
DURATIONS_MS: Final = (5, 10, 20, 30, 50, 100, 200, 500, 1_000, 5_000)
CANDIDATES: Final = (0, 1, 2, 5, 10, 20, 50, 100, 500)
# Ids sort by the clock of the process that made them; the windows are of the database's, and this far off at most.
CLOCK_SPREAD: Final = timedelta(minutes=10)
TOLD_FOR: Final = timedelta(minutes=15)


def metrics_text() -> bytes:
    """Return everything in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Rows())
    return generate_latest(registry)


class _Rows(Collector):
    def collect(self) -> Iterator[Metric]:
        at = clock.now()
        yield from _offers(at)
        yield from _repeats()
        yield from _messages()
        yield from _outbox(at)
        yield from _jobs(at)
        yield from _passes(at)
        yield from _alerts()
        yield from _disputes(at)
        yield from _provider_calls(at)
        yield from _webhooks(at)


def id_floor(at: datetime) -> UUID:
    """Return the least id that can have been made at that moment: a stretch of time is a range of the primary key."""
    milliseconds = max(0, int((at - CLOCK_SPREAD).timestamp() * 1000))
    return UUID(int=milliseconds << 80)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fixmate_{name}", help_text, value=value)


def _by(name: str, help_text: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"fixmate_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _tallied(name: str, help_text: str, label: str, prefix: str, keys: Iterable[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"fixmate_{name}", help_text, labels=[label])
    for key in keys:
        family.add_metric([key], tallied(f"{prefix}{key}"))
    return family


def _age_s(at: datetime, since: datetime | None) -> float:
    return max(0.0, (at - since).total_seconds()) if since else 0.0


def _offers(at: datetime) -> Iterator[Metric]:
    first = Offer.objects.filter(status=OfferStatus.PENDING).aggregate(at=Min("expires_at"))["at"]
    overdue_s = _age_s(at, first)
    yield _gauge("offer_oldest_overdue_seconds", "How far the most overdue open offer is past its end.", overdue_s)
    since = at - RECENT
    made = Offer.objects.filter(pk__gte=id_floor(since), created_at__gte=since)
    what = "Offers made in the last hour, by what has become of them."
    yield _by("offers_last_hour", what, "status", _counts(made, OfferStatus))
    what = "Offers that ended, by how; one that was accepted and then lost ends a second time, as RELEASED."
    yield _tallied("offers", what, "outcome", OFFER_ENDED, OFFER_ENDS)
    what = "Accepts that came too late: refused with 409."
    yield _tallied("accept_conflicts", what, "code", ACCEPT_CONFLICT, (OfferClosed.code, OfferExpired.code))


def _repeats() -> Iterator[Metric]:
    what = "Requests that were repeated with their key and answered from what was stored."
    yield CounterMetricFamily("fixmate_idempotent_replays", what, value=tallied(REPLAYS))


def _messages() -> Iterator[Metric]:
    what = "SMS, by what became of them; a capped one comes again."
    yield _tallied("sms", what, "outcome", SMS, [name.removeprefix(SMS) for name in SMS_TALLIES])


def _outbox(at: datetime) -> Iterator[Metric]:
    first = OutboxMessage.objects.filter(status=OutboxStatus.READY).aggregate(at=Min("run_at"))["at"]
    due_s = _age_s(at, first)
    yield _gauge("outbox_oldest_due_seconds", "How long the oldest undelivered outbox row has been due.", due_s)
    dead = OutboxMessage.objects.filter(status=OutboxStatus.DEAD).count()
    yield _gauge("outbox_dead_letters", "Outbox rows that wait for staff.", dead)
    age = heartbeats.age_of(heartbeats.WORK)
    yield _gauge(
        "sweeper_heartbeat_age_seconds",
        "Since when no `manage.py work` has shown a sign of life; +Inf if none ever did.",
        float("inf") if age is None else age.total_seconds(),
    )


# Jobs

_SINCE = Case(
    When(status=JobStatus.REQUESTED, then="created_at"),
    When(status=JobStatus.MATCHING, then="search_started_at"),
    When(status=JobStatus.ASSIGNED, then="assigned_at"),
    default="started_at",
)
_OPEN = (*WAITING, *BOOKED)


def _jobs(at: datetime) -> Iterator[Metric]:
    counts, since = _open_jobs()
    yield _by("jobs_open", "Open jobs by state.", "status", counts)
    yield _by(
        "jobs_open_oldest_seconds",
        "How long the oldest open job of a state has been in it; a REQUESTED one may be booked for later.",
        "status",
        {status: _age_s(at, since.get(status)) for status in _OPEN},
    )
    recent = Job.objects.filter(created_at__gte=at - RECENT)
    yield _by("jobs_last_hour", "Jobs requested in the last hour, by state.", "status", _counts(recent, JobStatus))


def _open_jobs() -> tuple[dict[str, float], dict[str, datetime]]:
    """Return how many open jobs are in each state, and since when the first is, by the partial indexes that hold them.

    One that has neither a timer nor a live offer is stuck, and counts all the more.
    """
    counts: dict[str, float] = dict.fromkeys(_OPEN, 0)
    since: dict[str, datetime] = {}
    for states in (WAITING, BOOKED):
        jobs = Job.objects.filter(status__in=states)
        for status, count, first in (
            jobs.order_by().values_list("status").annotate(count=Count("pk"), since=Min(_SINCE))
        ):
            counts[status], since[status] = count, first
    return counts, since


def _counts(rows: QuerySet, states: type[TextChoices]) -> dict[str, float]:
    found = dict(rows.order_by().values_list("status").annotate(count=Count("pk")))
    return {state: found.get(state, 0) for state in states.values}


# Passes


def _passes(at: datetime) -> Iterator[Metric]:
    since = at - PASS_WINDOW
    sums = MatchingPass.objects.filter(pk__gte=id_floor(since), started_at__gte=since).aggregate(
        count=Count("pk"),
        total_ms=Sum("duration_ms", default=0),
        candidates=Sum("looked_at", default=0),
        **{f"duration_{bound}": Count("pk", filter=Q(duration_ms__lte=bound)) for bound in DURATIONS_MS},
        **{f"looked_at_{bound}": Count("pk", filter=Q(looked_at__lte=bound)) for bound in CANDIDATES},
    )
    durations = [(bound / 1000, sums[f"duration_{bound}"]) for bound in DURATIONS_MS]
    looked_at = [(float(bound), sums[f"looked_at_{bound}"]) for bound in CANDIDATES]
    what = "of the passes of the last 15 minutes: take the quantile of the value itself, not of its rate."
    yield _histogram("pass_duration_seconds", f"Durations {what}", durations, sums["count"], sums["total_ms"] / 1000)
    yield _histogram("pass_candidates", f"Candidates {what}", looked_at, sums["count"], sums["candidates"])


def _histogram(
    name: str, help_text: str, buckets: list[tuple[float, int]], count: int, total: float
) -> HistogramMetricFamily:
    filled = [(str(bound), held) for bound, held in buckets]
    return HistogramMetricFamily(f"fixmate_{name}", help_text, buckets=[*filled, ("+Inf", count)], sum_value=total)


# Alerts


def _alerts() -> Iterator[Metric]:
    rows = Alert.objects.filter(closed_at__isnull=True).order_by().values_list("kind").annotate(count=Count("pk"))
    found = dict(rows)
    counts = {kind: found.get(kind, 0) for kind in AlertKind.values}
    yield _by("alerts_open", "What matching wants staff to look at.", "kind", counts)


# Disputes


def _disputes(at: datetime) -> Iterator[Metric]:
    rows = deadline_list_overdue(at).order_by().values_list("kind").annotate(count=Count("pk"))
    found = dict(rows)
    counts = {kind: found.get(kind, 0) for kind in DeadlineKind.values}
    yield _by("dispute_deadlines_overdue", "Deadlines of open disputes that have run out.", "kind", counts)


# Payments


def _provider_calls(at: datetime) -> Iterator[Metric]:
    what = "Questions to payment providers without an answer for more than 15 minutes."
    yield _gauge("provider_calls_stuck", what, calls_stuck(at).count())


# What providers tell


def _webhooks(at: datetime) -> Iterator[Metric]:
    left = webhook_list_left(received_before=at - TOLD_FOR).count()
    yield _gauge("webhooks_left", "Messages of providers that nothing has come of for 15 minutes.", left)
