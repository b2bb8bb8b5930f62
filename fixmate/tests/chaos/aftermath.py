"""What is left once the faults are over: work to be drained, and the invariants that must hold."""

import time
from collections import Counter

from django.db import connection
from django.db.models import QuerySet

from fixmate.core import clock, runner
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.ops.invariants import all_invariants
from fixmate.tests.chaos.figures import Gate, Report, exactly
from fixmate.tests.chaos.ground import wait_until

LOOK_EVERY_S = 0.25


def invariants_gate(report: Report) -> Gate:
    """Look at every invariant; what breaks one goes into the report's samples."""
    broken = [(invariant, invariant.broken()) for invariant in all_invariants()]
    broken = [(invariant, rows) for invariant, rows in broken if rows]
    report.samples += [f"{invariant.name}: {len(rows)} rows, such as {rows[0]}" for invariant, rows in broken]
    return exactly("invariants broken", len(broken), 0)


def _due() -> QuerySet[OutboxMessage]:
    """Return the outbox rows that are due now, begun or not."""
    return OutboxMessage.objects.filter(status=OutboxStatus.READY, run_at__lte=clock.now())


def work_is_done() -> bool:
    """Say whether nothing is due; looked at from a fresh connection, since servers come and go."""
    connection.close()
    return not _due().exists()


def seconds_to_drain(report: Report, *, within_s: float) -> float:
    """Wait until nothing is due, with the processes at work; return how long it took, infinity if it did not."""
    began = time.monotonic()
    if wait_until(work_is_done, within_s=within_s, every_s=LOOK_EVERY_S):
        return time.monotonic() - began
    left = Counter(_due().values_list("task", flat=True))
    report.samples.append(f"still due: {dict(left.most_common())}")
    return float("inf")


def drain_here() -> None:
    """Work off in this process what is due."""
    runner.drain(runner.perform)


def rows_doubled(queryset, *columns: str) -> int:
    """Return how many groups of equal columns have more than one row."""
    counts: dict[tuple, int] = {}
    for values in queryset.values_list(*columns):
        counts[values] = counts.get(values, 0) + 1
    return sum(count > 1 for count in counts.values())
