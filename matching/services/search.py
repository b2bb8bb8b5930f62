"""How long and how far a job is searched for. Pure."""

from datetime import datetime, timedelta

from django.conf import settings

from jobs.models import Job
from jobs.rules import booking_of
from matching.gates import Search
from matching.memory import Memory
from matching.rules import Rules


def search_end(job: Job, rules: Rules) -> datetime:
    """Return when the budget of the present search ends."""
    return (job.search_started_at or job.created_at) + timedelta(seconds=rules.search_budget_s)


def search_radius_m(job: Job, rules: Rules, at: datetime) -> int:
    """Return how far to look at `at`: a step more for every stretch of the search, up to a cap.

    A clock that was set back takes no step back.
    """
    elapsed_s = max(0.0, (at - (job.search_started_at or at)).total_seconds())
    return widened_m(rules, rules.search_radius_m, int(elapsed_s // rules.search_radius_step_s))


def widened_m(rules: Rules, radius_m: int, steps: int = 1) -> int:
    return min(radius_m + steps * rules.search_radius_step_m, rules.search_radius_max_m)


def search_for(job: Job, rules: Rules, at: datetime, *, pays_minor: int) -> Search:
    """Return what a pass at `at` looks for; far ahead of the visit, from the technicians' bases."""
    start, end = booking_of(job, at)
    uses_base = start - at > timedelta(seconds=settings.BASE_POSITION_AHEAD_S)
    memory = Memory(rules.refusal_memory_s, rules.busy_memory_s)
    radius_m = search_radius_m(job, rules, at)
    return Search(job.pk, at, start, end, radius_m, uses_base, pays_minor=pays_minor, memory=memory)


def offer_deadline(job: Job, rules: Rules, at: datetime) -> datetime:
    """Return until when an offer made at `at` can be answered: longer when the visit is for later."""
    is_for_later = job.scheduled_for is not None and job.scheduled_for > at
    seconds = rules.offer_timeout_scheduled_s if is_for_later else rules.offer_timeout_s
    return at + timedelta(seconds=seconds)


def next_look(job: Job, rules: Rules, at: datetime) -> datetime:
    """Return when to look again after nobody was found: soon, at the latest when the budget ends."""
    return max(at, min(at + timedelta(seconds=settings.PASS_RETRY_S), search_end(job, rules)))
