"""The index of candidates: what the default policies make of every technician, kept right as he changes and time goes.

The rank follows each change of a technician in its own transaction (docs/adr/0016). What time changes, two sweeps do:
patience that has reached its cap, and answers that have left the window of the last 30 days.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import clock
from matching.answers import answers_count, technician_list_moved
from matching.policies.base import IndexedPolicy, MatchingPolicy, Standing
from matching.selectors import policy_version_lock_any
from matching.services.ranking import PolicyFailed, points_checked
from matching.services.rollouts import default_policies_for, default_policy_for
from technicians.models import Technician
from technicians.ranking import NO_RANK, Patience, Rank, Ranker, rank_waiting
from technicians.selectors import dispatchable_service_ids, technician_list_locked
from technicians.services import Answers, dispatchable_cap_patience, technicians_set_answers

ANSWER_WINDOW = timedelta(days=30)


def ranker_in_index(service_ids: Collection[UUID]) -> Ranker:
    """Return what ranks anybody for these services: what the default policy of each makes of him, whatever the job.

    One query, however many they are.
    """
    policies = default_policies_for(service_ids)
    return lambda technician, service_id: rank_by(policies[service_id], technician)


def rank_by(policy: MatchingPolicy, technician: Technician) -> Rank:
    """A policy that cannot say keeps nobody from going to work: its passes will fail, and fall back."""
    if not isinstance(policy, IndexedPolicy):
        return NO_RANK
    standing = Standing(
        rating_sum=technician.rating_sum,
        rating_count=technician.rating_count,
        accepted=technician.recent_accepted,
        decided=technician.recent_decided,
        offers_total=technician.offers_received,
    )
    try:
        static = points_checked(policy.static_points)(standing)
    except PolicyFailed:
        return NO_RANK
    return rank_waiting(static, technician.waiting_since, patience_of(policy))


def has_full_patience(policy: IndexedPolicy, since: datetime | None, at: datetime) -> bool:
    """Tell whether somebody who waits since then has all the points that waiting gives."""
    return since is not None and at - since >= timedelta(minutes=policy.patience_cap_min)


def patience_of(policy: IndexedPolicy) -> Patience:
    return Patience(policy.patience_per_min, policy.patience_cap_min)


# Time


def index_clamp_idle() -> int:
    """Give those whose patience has reached its cap the key that stands still; return how many. Idempotent.

    Until then their keys grow on: the bound they give is too high, and the search reads more than it needs.
    """
    return sum(_clamp(service_id) for service_id in dispatchable_service_ids())


@transaction.atomic
def _clamp(service_id: UUID) -> int:
    """No default begins or ends meanwhile: what it makes of the keys is not to be clamped by the one before."""
    policy_version_lock_any()
    policy = default_policy_for(service_id)
    if not isinstance(policy, IndexedPolicy):
        return 0
    return dispatchable_cap_patience(service_id=service_id, patience=patience_of(policy), at=clock.now())


def index_move_window() -> int:
    """Count anew what left the last 30 days, and rank those technicians anew; return how many. Idempotent.

    `RANK_BATCH` technicians a call at most: whoever runs sweeps has offers to expire meanwhile.
    """
    since = clock.now() - ANSWER_WINDOW
    ids = list(technician_list_moved(since=since).values_list("pk", flat=True)[: settings.RANK_BATCH])
    if ids:
        _move_window(ids, since)
    return len(ids)


@transaction.atomic
def _move_window(technician_ids: Collection[UUID], since: datetime) -> None:
    """Count under the locks: an offer that is answered meanwhile adds to the new count."""
    technicians = technician_list_locked(technician_ids)
    counted = answers_count(technician_ids=technician_ids, since=since)
    answers = {pk: Answers(decided, accepted) for pk, (decided, accepted) in counted.items()}
    technicians_set_answers(technicians=technicians, answers=answers)
