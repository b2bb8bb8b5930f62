"""Reads about a place and a service at large: who is free, who waits, and how long finding somebody has taken."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from fixmate.core.geo import cell_of, cells_within, distance_m
from jobs.enums import JobStatus
from jobs.models import Job
from matching.enums import OfferSource, OfferStatus
from matching.gates import Search
from matching.models import Offer
from technicians.models import Dispatchable

# Who is free


def idle_count(*, service_id: UUID, cells: Collection[int], at: datetime, limit: int) -> int:
    """Return how many technicians of the service could be asked in the cells now; counting stops at the limit."""
    fresh = at - timedelta(seconds=settings.POSITION_FRESH_S)
    asked = Offer.objects.filter(technician=OuterRef("technician"), status=OfferStatus.PENDING)
    idle = Dispatchable.objects.filter(service=service_id, cell__in=cells, is_busy=False, location_at__gte=fresh)
    return idle.filter(~Exists(asked)).order_by()[:limit].count()


def starved_list(*, job: Job, search: Search, online_s: int, limit: int) -> list[Dispatchable]:
    """Return who is in reach, online for longer than that, and has had no offer since: the longest online first."""
    cells = cells_within(job.latitude, job.longitude, search.radius_m)
    here = Q(base_cell__in=cells) if search.uses_base else Q(cell__in=cells)
    since_online = Offer.objects.filter(
        technician=OuterRef("technician"), created_at__gte=OuterRef("technician__online_since")
    )
    rows = Dispatchable.objects.select_related("technician").filter(
        here,
        ~Exists(since_online),
        service=job.service_id,
        technician__online_since__lt=search.at - timedelta(seconds=online_s),
    )
    if search.start <= search.at:
        rows = rows.filter(is_busy=False)  # as in any search for now: somebody at work is of no use
    in_turn = rows.order_by("technician__online_since", "technician")[:limit]
    return [row for row in in_turn if _distance_m(job, row, by_base=search.uses_base) <= search.radius_m]


def _distance_m(job: Job, row: Dispatchable, *, by_base: bool) -> float:
    latitude, longitude = (row.base_latitude, row.base_longitude) if by_base else (row.latitude, row.longitude)
    return distance_m(job.latitude, job.longitude, latitude, longitude)


# Who waits


def waiting_places(service_id: UUID) -> dict[UUID, tuple[float, float]]:
    """Return where each job of the service waits about which nobody is being asked now."""
    waiting = Job.objects.filter(service=service_id, status=JobStatus.MATCHING, next_pass_at__isnull=False)
    return {pk: (latitude, longitude) for pk, latitude, longitude in waiting.values_list("pk", "latitude", "longitude")}


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
