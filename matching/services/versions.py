"""What staff do with policies: add a version, begin a rollout, end it. Every act is audited with its reason.

A version is never edited: other parameters are another version. A rollout is never edited either: it begins and ends.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from catalog.models import Service
from catalog.selectors import service_get
from fixmate.core import audit, clock, events
from fixmate.core.errors import Invalid, NotFound
from matching.enums import RolloutMode
from matching.errors import RolloutEnded, RolloutRunning
from matching.events import RankKeysDue
from matching.models import PolicyRollout, PolicyVersion
from matching.policies import policy_of
from matching.policies.base import version_of
from matching.selectors import (
    policy_version_find,
    policy_version_get,
    policy_version_lock_any,
    rollout_get_locked,
    rollout_list_running,
)
from matching.services.rollouts import PERCENT, built, version_ensure
from technicians.selectors import technician_ids_after, technician_list_locked
from technicians.services import dispatchable_rerank

# Versions


@transaction.atomic
def policy_version_add(
    *, key: str, params: Mapping[str, Any], actor: User, reason: str, note: str = ""
) -> tuple[PolicyVersion, bool]:
    """Return the version of the policy with these parameters, and whether it is new. Idempotent; audited if new.

    :raises Invalid: if there is no such policy, or a parameter is unknown, missing or out of its range
    """
    policy = policy_of(key, params)
    held = policy_version_find(version_of(policy))
    if held is not None:
        return held, False
    version = version_ensure(policy, note=note, created_by=actor)
    after = {"key": version.key, "params": version.params, "version": version.version}
    audit.record(actor=actor, action="matching.policy_version.add", target=version, reason=reason, after=after)
    return version, True


# Rollouts


@transaction.atomic
def rollout_start(
    *,
    version_id: int,
    mode: RolloutMode,
    actor: User,
    reason: str,
    service_id: UUID | None = None,
    percent: int = PERCENT,
) -> PolicyRollout:
    """Begin to use a version for a service, or for all of them. A default takes the place of the one there is.

    Jobs that had a pass keep its version. One rollout begins at a time, so that two cannot share out the same room.

    :raises Invalid: if version or service are not there, the percent does not fit the mode, or there is no room left
    :raises RolloutRunning: if the version is used there in this mode already
    """
    version, service = _version(version_id), _service(service_id)
    if not 1 <= percent <= PERCENT or (mode != RolloutMode.SHARE and percent != PERCENT):
        raise Invalid(percent=["Give 1 to 100 for a share; every other mode takes all jobs."])
    policy_version_lock_any()
    running = rollout_list_running(mode)
    _check_room(running, mode, service_id, percent)
    _settle_with([one for one in running if one.service_id == service_id], version, mode)
    rollout = PolicyRollout.objects.create(
        service=service, version=version, mode=mode, percent=percent, started_at=clock.now()
    )
    _order_keys(rollout)
    audit.record(actor=actor, action="matching.rollout.start", target=rollout, reason=reason, after=_facts(rollout))
    return rollout


@transaction.atomic
def rollout_end(*, rollout_id: int, actor: User, reason: str) -> PolicyRollout:
    """Stop to use a version; jobs that had a pass keep it.

    :raises NotFound: if there is no such rollout
    :raises RolloutEnded: if it has ended
    """
    policy_version_lock_any()
    rollout = rollout_get_locked(rollout_id)
    if rollout.ended_at is not None:
        raise RolloutEnded(ended_at=rollout.ended_at.isoformat())
    before = _facts(rollout)
    rollout.ended_at, rollout.indexed_at = clock.now(), None
    rollout.save(update_fields=["ended_at", "indexed_at"])
    _order_keys(rollout)
    audit.record(
        actor=actor,
        action="matching.rollout.end",
        target=rollout,
        reason=reason,
        before=before,
        after=_facts(rollout),
    )
    return rollout


def _version(version_id: int) -> PolicyVersion:
    version = policy_version_get(version_id)
    if version is None or built(version) is None:
        raise Invalid(version_id=["There is no such version, or this program does not know it."])
    return version


def _service(service_id: UUID | None) -> Service | None:
    if service_id is None:
        return None
    try:
        return service_get(service_id)
    except NotFound:
        raise Invalid(service_id=["There is no such service."]) from None


def _check_room(running: list[PolicyRollout], mode: RolloutMode, service_id: UUID | None, percent: int) -> None:
    """Refuse shares that come to more than all jobs of a service, and more shadows than a pass has time for."""
    if mode == RolloutMode.SHARE:
        left = PERCENT - _borne(running, service_id, lambda rollout: rollout.percent)
        if percent > left:
            raise Invalid(percent=[f"Shares come to more than 100; {left} are left."])
    if mode == RolloutMode.SHADOW and _borne(running, service_id, lambda _: 1) >= settings.SHADOW_POLICIES_MAX:
        raise Invalid(mode=[f"There are {settings.SHADOW_POLICIES_MAX} shadows already; end one first."])


def _borne(running: list[PolicyRollout], service_id: UUID | None, weigh: Callable[[PolicyRollout], int]) -> int:
    """Return what the service bears already; for all services, what the one that bears most does."""
    by_service = Counter[UUID | None]()
    for rollout in running:
        by_service[rollout.service_id] += weigh(rollout)
    of_all = by_service.pop(None, 0)
    own = max(by_service.values(), default=0) if service_id is None else by_service[service_id]
    return of_all + own


def _settle_with(running: list[PolicyRollout], version: PolicyVersion, mode: RolloutMode) -> None:
    """Refuse the same thing twice, and end the default that was.

    That one has no keys to rewrite any more: its successor rewrites them all.
    """
    for rollout in running:
        if rollout.version_id == version.pk:
            raise RolloutRunning(rollout_id=rollout.pk)
    for rollout in running if mode == RolloutMode.DEFAULT else []:
        rollout.ended_at = clock.now()
        rollout.indexed_at = rollout.indexed_at or rollout.ended_at
        rollout.save(update_fields=["ended_at", "indexed_at"])


def _facts(rollout: PolicyRollout) -> dict[str, Any]:
    return {
        "version": rollout.version.version,
        "service_id": rollout.service_id,
        "mode": rollout.mode,
        "percent": rollout.percent,
        "ended_at": rollout.ended_at,
    }


# Rank keys


def _order_keys(rollout: PolicyRollout) -> None:
    if rollout.mode == RolloutMode.DEFAULT:
        events.publish(RankKeysDue(rollout_id=rollout.pk, was_ended=rollout.ended_at is not None))


@transaction.atomic
def rollout_index(*, rollout_id: int, was_ended: bool, after: UUID | None = None) -> bool:
    """Rewrite the rank keys of the next `RANK_BATCH` technicians, and order the rest; return whether all are done.

    Passes look at everybody in reach until then. Every technician is locked, whether he has rows or not: who is just
    going online writes his keys under that lock, by the default he read under it, and would be overlooked otherwise.
    Idempotent; a run that was ordered before the rollout ended leaves the keys to the one ordered by the end.

    :raises NotFound: if there is no such rollout
    """
    rollout = rollout_get_locked(rollout_id)
    if rollout.indexed_at is not None or (rollout.ended_at is not None) != was_ended:
        return True
    limit = settings.RANK_BATCH
    ids = technician_ids_after(after, limit=limit)
    dispatchable_rerank(technician_list_locked(ids))
    if len(ids) == limit:
        events.publish(RankKeysDue(rollout_id=rollout.pk, was_ended=was_ended, after=ids[-1]))
        return False
    rollout.indexed_at = clock.now()
    rollout.save(update_fields=["indexed_at"])
    return True
