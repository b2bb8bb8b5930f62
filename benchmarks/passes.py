"""The whole pass, from the lock on the job to the commit of the offer, with the engine's search and with two scans.

The first scan takes the place of the search alone: every row of the service goes to Python and is scored there, and
the best twenty go on through the gates. The second is the pass as one would write it without an index: nobody is known
to be among the best before he is looked at, so everybody in reach goes through the gates, is scored and ranked.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role, UserStatus
from accounts.models import User
from benchmarks.candidates import ScanSearch
from benchmarks.metro import Metro
from fixmate.core import clock
from fixmate.core.heap import heap_settle
from jobs.services import job_request
from matching.enums import PassOutcome
from matching.services import matching_run_pass
from matching.services import pool as engine
from technicians.models import Dispatchable, Position

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def measure(metro: Metro, count: int, scans: int) -> dict[str, Any]:
    """Return what a pass takes, of `count` by the engine and `scans` by each scan; every pass makes its offer."""
    jobs = _order(metro, count + 2 * scans)
    _freshen()
    heap_settle()  # as a worker does when it starts
    half = count + scans
    with _scanning():
        scanned = [_timed(job_id) for job_id in jobs[count:half]]
    with _gating_everybody():
        gated = [_timed(job_id) for job_id in jobs[half:]]
    first, *rest = jobs[:count]
    statements = _statements(first)
    cpu = _cpu_s()
    passes = [_timed(job_id) for job_id in rest]
    return {
        "engine_p50_ms": statistics.median(passes),
        "scan_p50_ms": statistics.median(scanned),
        "ratio": statistics.median(scanned) / statistics.median(passes),
        "everybody_p50_ms": statistics.median(gated),
        "everybody_ratio": statistics.median(gated) / statistics.median(passes),
        "cpu_ms": (_cpu_s() - cpu) * 1000 / len(rest),
        "statements": statements,
    }


def _order(metro: Metro, count: int) -> list[UUID]:
    lots, ids = random.Random(11), []
    customer = User.objects.create(
        email=f"customer-{time.time_ns()}@example.com", first_name="C", role=Role.CUSTOMER, status=UserStatus.ACTIVE
    )
    for _ in range(count):
        latitude, longitude = metro.place(lots)
        service = lots.choice(metro.services)
        job = job_request(
            actor=customer,
            service_id=service.pk,
            description="It drips.",
            address="1 Street",
            latitude=latitude,
            longitude=longitude,
        )
        ids.append(job.pk)
    return ids


def _freshen() -> None:
    """Have everybody's position be of this moment, or the gates turn all of them away; it stays so for an hour."""
    at = clock.now()
    for table in (Position, Dispatchable):
        table.objects.update(location_at=at)
    settings.POSITION_FRESH_S = int(timedelta(hours=1).total_seconds())


@contextmanager
def _scanning() -> Iterator[None]:
    def scan(*asked: Any) -> ScanSearch:
        return ScanSearch(engine.by_disk(*asked))

    with patch.object(engine, "searcher", scan):
        yield


@contextmanager
def _gating_everybody() -> Iterator[None]:
    def scan(*asked: Any) -> ScanSearch:
        return ScanSearch(engine.by_disk(*asked), keeps_all=True)

    with patch.object(engine, "searcher", scan), patch.object(engine, "_cut", lambda placed: [list(placed)]):
        yield


def _timed(job_id: UUID) -> float:
    started = time.perf_counter()
    made = matching_run_pass(job_id=job_id)
    elapsed_ms = (time.perf_counter() - started) * 1000
    if made is None or made.outcome != PassOutcome.OFFERED:
        raise RuntimeError(f"the pass of {job_id} made no offer: {made}")
    return elapsed_ms


def _statements(job_id: UUID) -> int:
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        matching_run_pass(job_id=job_id)
    return len(captured)


def _cpu_s() -> float:
    """Return the processor time of this process and of the database's process that serves it, on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        served_by = cursor.fetchone()[0]
    try:
        fields = Path(f"/proc/{served_by}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # the database is elsewhere: this process alone
        return time.process_time()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def cpu_ms(act: Callable[[], object], times: int) -> float:
    """Return the processor time of a call, the database's included, over so many."""
    before = _cpu_s()
    for _ in range(times):
        act()
    return (_cpu_s() - before) * 1000 / times
