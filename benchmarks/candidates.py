"""The ways to the best twenty candidates of a job, each timed, and what they must agree on."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from uuid import UUID

from django.db import connection

from benchmarks.metro import Metro
from fixmate.core.geo import cell_of
from fixmate.core.ids import uuid7
from matching.gates import Search
from matching.policies.base import Context, IndexedPolicy, JobView
from matching.services.pool import by_disk, by_index
from technicians.models import Dispatchable
from technicians.nearby import Best, DiskSearch, Slim

COUNT = 20
RADIUS_M = 6_000
_COLUMNS = ("latitude", "longitude", "technician_id", "idle_since")
_STANDING = ("rating_sum", "rating_count", "recent_accepted", "recent_decided", "offers_received")
_FLOOR = """SELECT technician_id, latitude, longitude, rank_static, rank_key FROM technicians_dispatchable
WHERE service_id = %s AND cell = %s ORDER BY rank_key DESC LIMIT 20"""
Way = Callable[["Wanted"], Best]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as a pass would ask for it."""

    view: JobView
    service_id: UUID


class ScanSearch:
    """The naive way: every row of the service to Python, distance and score there. Scores as the disk search does."""

    def __init__(self, disk: DiskSearch, *, keeps_all: bool = False) -> None:
        self.disk, self.keeps_all = disk, keeps_all

    def best(self, count: int) -> Best:
        scored = ((self.disk.score(slim), slim.technician_id) for slim in self._everybody())
        top = list(scored) if self.keeps_all else nlargest(count, scored)
        return Best({pk: score for score, pk in top}, is_everybody=self.keeps_all)

    def _everybody(self) -> Iterator[Slim]:
        rows = Dispatchable.objects.filter(service=self.disk.service_id, is_busy=False)
        columns = (*_COLUMNS, *(f"technician__{name}" for name in _STANDING))
        for latitude, longitude, pk, since, *standing in rows.values_list(*columns):
            away_m = self.disk.reach.away_m(latitude, longitude)
            if away_m <= self.disk.reach.radius_m:
                yield Slim(pk, away_m, since, *standing)


def jobs_in(metro: Metro, count: int, seed: int) -> list[Wanted]:
    lots = random.Random(seed)
    return [_job_in(metro, lots) for _ in range(count)]


def _job_in(metro: Metro, lots: random.Random) -> Wanted:
    return Wanted(JobView(uuid7(), "", *metro.place(lots), metro.at, 1, 10_000), lots.choice(metro.services).pk)


def ways(metro: Metro, policy: IndexedPolicy) -> dict[str, Way]:
    """Return each way to the best `COUNT`, by name."""
    ctx = Context(now=metro.at, seed="bench")

    def asked(job: Wanted) -> tuple[JobView, UUID, Search, IndexedPolicy, Context]:
        return job.view, job.service_id, search_of(job.view, metro.at), policy, ctx

    return {
        "two rounds": lambda job: by_index(*asked(job)).best(COUNT),
        "plain disk": lambda job: by_disk(*asked(job)).best(COUNT),
        "scan in Python": lambda job: ScanSearch(by_disk(*asked(job))).best(COUNT),
        "floor": _floor,
    }


def search_of(view: JobView, at: datetime) -> Search:
    return Search(view.id, at, at, at + timedelta(hours=1), RADIUS_M, uses_base=False)


def _floor(job: Wanted) -> Best:
    """Read twenty neighbours in the index and nothing more: no exact answer can cost less."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, [job.service_id, cell_of(job.view.latitude, job.view.longitude)])
        return Best({row[0]: row[4] for row in cursor.fetchall()}, is_everybody=False)


def differences(metro: Metro, policy: IndexedPolicy, jobs: list[Wanted]) -> int:
    """Count how often the best `COUNT`, in order, are not those of the scan."""
    by_name = ways(metro, policy)
    exact = [order_of(by_name["scan in Python"](job)) for job in jobs]
    found = [[order_of(by_name[name](job)) for job in jobs] for name in ("two rounds", "plain disk")]
    return sum(one != other for orders in found for one, other in zip(orders, exact, strict=True))


def order_of(best: Best) -> list[UUID]:
    ranked = sorted(best.scores.items(), key=lambda item: (-round(item[1], 6), item[0]))
    return [pk for pk, _ in ranked[:COUNT]]


def timed(way: Way, jobs: list[Wanted]) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds, after a run that warms up."""
    way(jobs[0])
    times = []
    for job in jobs:
        started = time.perf_counter()
        way(job)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return {"p50_ms": statistics.median(times), "p95_ms": times[min(len(times) - 1, round(len(times) * 0.95))]}
