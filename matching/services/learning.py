"""The rules in force for a search, with what is learned from how technicians have answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings

from jobs.models import Job
from matching.rules import Rules, rules_for
from matching.supply import answer_times_s

ANSWERED_WITHIN = 0.85  # the share of answers that come in time
SAMPLE = 500  # answers looked at, the newest of the trade


def rules_in_force(job: Job, at: datetime) -> Rules:
    """Return the rules of the job's service; where they say so, with the learned time to answer an offer for now."""
    rules = rules_for(job.service_id)
    if not rules.learns_timeout:
        return rules
    since = at - timedelta(days=settings.LEARN_DAYS)
    times_s = answer_times_s(category_id=job.service.category_id, since=since, limit=SAMPLE)
    return replace(rules, offer_timeout_s=learned_timeout_s(times_s, rules.offer_timeout_s))


def learned_timeout_s(times_s: Sequence[float], default_s: int) -> int:
    """Return the 85th percentile (nearest rank) of the times, rounded up, within the least and most there may be.

    The default holds until there are `LEARN_FROM_ANSWERS` answers.
    """
    if len(times_s) < settings.LEARN_FROM_ANSWERS:
        return default_s
    percentile_s = sorted(times_s)[ceil(ANSWERED_WITHIN * len(times_s)) - 1]
    return max(settings.OFFER_TIMEOUT_MIN_S, min(ceil(percentile_s), settings.OFFER_TIMEOUT_MAX_S))
