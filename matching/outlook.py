"""What the customer may know of the search for his job: how far it is, and what it is honest to expect of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from django.conf import settings

from fixmate.core.geo import area_of, cells_around
from jobs.enums import JobStatus
from jobs.models import Job
from matching.rules import rules_for
from matching.selectors import offer_counts
from matching.services.scarcity import is_scarce
from matching.services.search import search_end
from matching.supply import wait_times_s

SAMPLE = 500  # searches looked at, the newest of the service


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a search stands. `estimated_wait_min` is None where too few searches like it are known."""

    is_searching: bool
    is_scarce: bool = False
    offers_made: int = 0
    estimated_wait_min: int | None = None
    ends_at: datetime | None = None


def outlook_of(job: Job, at: datetime) -> Outlook:
    """Return how the job's search stands at `at`; nothing is to be expected of one that is not on."""
    if job.status != JobStatus.MATCHING:
        return Outlook(is_searching=False)
    waited_s = max(0.0, (at - (job.search_started_at or at)).total_seconds())
    cells = frozenset(cells_around(area_of(job.latitude, job.longitude)))
    since = at - timedelta(days=settings.ESTIMATE_DAYS)
    times_s = wait_times_s(job=job, cells=cells, since=since, limit=SAMPLE)
    return Outlook(
        is_searching=True,
        is_scarce=is_scarce(job, at),
        offers_made=offer_counts(job)[1],
        estimated_wait_min=wait_left_min(times_s, waited_s),
        ends_at=search_end(job, rules_for(job.service_id)),
    )


def wait_left_min(times_s: Sequence[float], waited_s: float) -> int | None:
    """Return the median of what searches that took as long as this one already has still needed, in whole minutes.

    Whoever has waited for long is not told the average of those who had luck at once. None while there are fewer than
    `ESTIMATE_FROM_JOBS` of them.
    """
    left_s = [time_s - waited_s for time_s in times_s if time_s > waited_s]
    if len(left_s) < settings.ESTIMATE_FROM_JOBS:
        return None
    return ceil(median(left_s) / 60)
