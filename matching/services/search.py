"""How long and how far a job is searched for. Pure."""

from datetime import datetime, timedelta

from django.conf import settings

from jobs.models import Job
from jobs.rules import booking_of
from matching.gates import Search


def search_end(job: Job) -> datetime:
    """Return when the budget of the present search ends."""
    return (job.search_started_at or job.created_at) + timedelta(seconds=settings.SEARCH_BUDGET_S)


def search_radius_m(job: Job, at: datetime) -> int:
    """Return how far to look at `at`: a step more for every stretch of the search, up to a cap."""
    elapsed_s = (at - (job.search_started_at or at)).total_seconds()
    steps = int(elapsed_s // settings.SEARCH_RADIUS_STEP_S)
    return widened_m(settings.SEARCH_RADIUS_M, steps)


def widened_m(radius_m: int, steps: int = 1) -> int:
    return min(radius_m + steps * settings.SEARCH_RADIUS_STEP_M, settings.SEARCH_RADIUS_MAX_M)


def search_for(job: Job, at: datetime) -> Search:
    """Return what a pass at `at` looks for; far ahead of the visit, from the technicians' bases."""
    start, end = booking_of(job, at)
    uses_base = start - at > timedelta(seconds=settings.BASE_POSITION_AHEAD_S)
    return Search(job.pk, at, start, end, search_radius_m(job, at), uses_base)


def offer_deadline(job: Job, at: datetime) -> datetime:
    """Return until when an offer made at `at` can be answered: longer when the visit is for later."""
    is_for_later = job.scheduled_for is not None and job.scheduled_for > at
    seconds = settings.OFFER_TIMEOUT_SCHEDULED_S if is_for_later else settings.OFFER_TIMEOUT_S
    return at + timedelta(seconds=seconds)


def next_look(job: Job, at: datetime) -> datetime:
    """Return when to look again after nobody was found: soon, at the latest when the budget ends."""
    return max(at, min(at + timedelta(seconds=settings.PASS_RETRY_S), search_end(job)))
