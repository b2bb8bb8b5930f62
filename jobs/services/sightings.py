"""Where a technician is when he acts at a job's door: by the ping that came with the call, or the last one before."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from fixmate.core import clock
from fixmate.core.geo import Point, distance_m
from jobs.errors import LocationStale, TooFarFromJob
from jobs.models import Job
from technicians.selectors import position_get
from technicians.services import position_flush_of, position_record


class Sighting(NamedTuple):
    """How far from the job he was when he was last heard of, and how long ago that was."""

    away_m: int
    age_s: float


def position_note(technician_id: UUID, here: Point | None) -> None:
    """Take a ping that came with the call as any other. The technician is locked."""
    if here:
        position_record(
            technician_id=technician_id,
            latitude=here.latitude,
            longitude=here.longitude,
            accuracy_m=None,
            recorded_at=clock.now(),
        )


def sighting_of(job: Job, technician_id: UUID, here: Point | None, at: datetime) -> Sighting | None:
    """Go by the last ping. One that came with the call is better: a short move writes no coordinates."""
    if here:
        return Sighting(_away_m(job, here), 0)
    position_flush_of(technician_id)
    position = position_get(technician_id)
    if position is None:
        return None
    place = Point(position.latitude, position.longitude)
    return Sighting(_away_m(job, place), (at - position.location_at).total_seconds())


def _away_m(job: Job, place: Point) -> int:
    return round(distance_m(job.latitude, job.longitude, place.latitude, place.longitude))


def sighting_check(seen: Sighting | None) -> None:
    """Refuse whoever is not at the door.

    :raises LocationStale: without a position of the last minutes
    :raises TooFarFromJob: away from the job
    """
    limit_s, limit_m = settings.START_MAX_POSITION_AGE_S, settings.START_MAX_DISTANCE_M
    if seen is None:
        raise LocationStale(age_s=None, limit_s=limit_s)
    if seen.age_s > limit_s:
        raise LocationStale(age_s=round(seen.age_s), limit_s=limit_s)
    if seen.away_m > limit_m:
        raise TooFarFromJob(distance_m=seen.away_m, limit_m=limit_m)


def sighting_facts(seen: Sighting | None) -> dict[str, Any]:
    """Return what is kept of it for a quarrel: how far and how old, and not where."""
    return {"away_m": seen.away_m, "position_age_s": round(seen.age_s)} if seen else {}
