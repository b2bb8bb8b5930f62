"""Reads beyond one job: who is free around, which jobs wait, there or in the queue, and how long finding has taken."""

from collections.abc import Collection
from datetime import datetime, timedelta
from math import degrees
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from fixmate.core.enums import OutboxStatus
from fixmate.core.events import subscribers_of
from fixmate.core.geo import (
    AREA_REACH_M,
    EARTH_RADIUS_M,
    Point,
    cell_circle,
    cell_of,
    cells_around,
    cells_within,
)
from fixmate.core.geo_sql import filter_within
from fixmate.core.models import OutboxMessage
from jobs.enums import WAITING, JobStatus
from jobs.models import Job
from matching.enums import OfferSource, OfferStatus
from matching.events import PassDue
from matching.gates import Search
from matching.models import Offer
from technicians.models import Dispatchable
from technicians.nearby import with_profile

_AROUND_M = 3 * AREA_REACH_M  # from the centre of an area to the farthest point of those around it, at most

# Who is free


def idle_count(*, service_id: UUID, cells: Collection[int], at: datetime, limit: int) -> int:
    """Return how many technicians of the service could be asked in the cells now; counting stops at the limit."""
    fresh = at - timedelta(seconds=settings.POSITION_FRESH_S)
    asked = Offer.objects.filter(technician=OuterRef("technician"), status=OfferStatus.PENDING)
    idle = Dispatchable.objects.filter(service=service_id, cell__in=cells, is_busy=False, location_at__gte=fresh)
    return idle.filter(~Exists(asked)).order_by()[:limit].count()


def starved_list(*, job: Job, search: Search, online_s: int, limit: int) -> list[Dispatchable]:
    """Return who is in reach, online for longer than that, and has had no offer since: the longest online first."""
    since_online = Offer.objects.filter(
        technician=OuterRef("technician"), created_at__gte=OuterRef("technician__online_since")
    )
    rows = _in_reach(job, search).filter(
        ~Exists(since_online), technician__online_since__lt=search.at - timedelta(seconds=online_s)
    )
    if search.start <= search.at:
        rows = rows.filter(is_busy=False)  # as in any search for now: somebody at work is of no use
    return list(with_profile(rows).order_by("technician__online_since", "technician")[:limit])


def _in_reach(job: Job, search: Search) -> QuerySet[Dispatchable]:
    cells = cells_within(job.latitude, job.longitude, search.radius_m)
    here = Q(base_cell__in=cells) if search.uses_base else Q(cell__in=cells)
    which = "base_" if search.uses_base else ""
    return filter_within(
        Dispatchable.objects.filter(here, service=job.service_id),
        latitude=f"{which}latitude",
        longitude=f"{which}longitude",
        of=Point(job.latitude, job.longitude),
        radius_m=search.radius_m,
    )


# Who waits


def waiting_count(*, service_id: UUID, area: int, but: Collection[UUID], limit: int) -> int:
    """Return how many jobs of the service, but for these, wait in the area and around it while nobody is asked.

    Looks at `limit` jobs at most, all of them near: the index knows service and latitude of what waits, so that it
    costs the same however many wait elsewhere.
    """
    cells, centre = frozenset(cells_around(area)), cell_circle(area)
    band = degrees(_AROUND_M / EARTH_RADIUS_M)
    waiting = Job.objects.filter(
        service=service_id,
        status__in=WAITING,  # which the index holds alone
        latitude__range=(centre.latitude - band, centre.latitude + band),
    )
    competing = waiting.filter(status=JobStatus.MATCHING, next_pass_at__isnull=False).exclude(pk__in=but)
    near = filter_within(
        competing,
        latitude="latitude",
        longitude="longitude",
        of=Point(centre.latitude, centre.longitude),
        radius_m=_AROUND_M,
    )
    return sum(cell_of(*place) in cells for place in near.values_list("latitude", "longitude")[:limit])


def pass_ordered_job_ids(job_ids: Collection[UUID], *, at: datetime) -> set[UUID]:
    """Return for which of the jobs a pass is ordered, by whatever event, that is due and has not been done.

    One that failed and waits for its next try is not due; one that is dead is lost. Reads what is due in the outbox.
    """
    if not job_ids:
        return set()
    orders = OutboxMessage.objects.filter(status=OutboxStatus.READY, run_at__lte=at, task__in=subscribers_of(PassDue))
    about = orders.filter(payload__job_id__in=[str(pk) for pk in job_ids])
    return {UUID(job_id) for job_id in about.values_list("payload__job_id", flat=True)}


# How long it takes


def answer_times_s(*, category_id: UUID, since: datetime, limit: int) -> list[float]:
    """Return how long the newest answers to offers of the trade took that were for now; silence is none."""
    answered = Offer.objects.filter(
        status__in=[OfferStatus.ACCEPTED, OfferStatus.REJECTED],
        source=OfferSource.ENGINE,
        created_at__gte=since,
        job__service__category=category_id,
        job__scheduled_for__isnull=True,
    )
    times = answered.order_by("-pk").values_list("created_at", "closed_at")[:limit]
    return [(closed_at - created_at).total_seconds() for created_at, closed_at in times if closed_at]


def wait_times_s(*, job: Job, cells: Collection[int], since: datetime, limit: int) -> list[float]:
    """Return how long the newest searches for the service took that began in the cells and found somebody."""
    found = Job.objects.filter(
        service=job.service_id, created_at__gte=since, assigned_at__gte=F("search_started_at"), technician__isnull=False
    ).exclude(pk=job.pk)
    rows = found.order_by("-pk").values_list("latitude", "longitude", "search_started_at", "assigned_at")[:limit]
    return [
        (assigned_at - started_at).total_seconds()
        for latitude, longitude, started_at, assigned_at in rows
        if started_at and assigned_at and cell_of(latitude, longitude) in cells
    ]
