"""Which version of which policy ranks a job: its own for good, a share of the jobs, or the default."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

from django.conf import settings

from accounts.models import User
from fixmate.core import clock
from fixmate.core.errors import Invalid
from jobs.models import Job
from matching.enums import AlertKind, RolloutMode
from matching.models import MatchingPass, PolicyRollout, PolicyVersion
from matching.policies import policy_named, policy_of
from matching.policies.base import MatchingPolicy, version_of
from matching.selectors import policy_version_find, rollout_list_of_keys, rollouts_by_service
from matching.services.alerts import alert_open

PERCENT = 100
UNKNOWN_VERSION = "the version is not known to this program"


@dataclass(frozen=True, slots=True)
class Choice:
    """What ranks a pass, and what ranks beside it without deciding anything."""

    policy: MatchingPolicy
    shadows: tuple[PolicyVersion, ...]


def policy_for(job: Job, last_pass: MatchingPass | None) -> Choice:
    """Return what ranks the next pass of the job; the version has a row afterwards.

    A job keeps the version of its last pass, whatever begins or ends meanwhile. A new one falls to a share by the hash
    of its id, else to the default of its service, of all services, or of the settings. A version that this program
    cannot build any more is passed over, and staff are told.
    """
    rollouts = rollouts_by_service([job.service_id])[job.service_id]
    shadows = [rollout.version for rollout in rollouts if rollout.mode == RolloutMode.SHADOW]
    for version in _in_question(job, last_pass, rollouts):
        policy = built(version)
        if policy is not None:
            break
        policy_failed(version.key, version.version, job, UNKNOWN_VERSION)
    else:
        policy = policy_named(settings.MATCHING_POLICY)
        version_ensure(policy)
    return Choice(policy, tuple(shadows[: settings.SHADOW_POLICIES_MAX]))


def _in_question(
    job: Job, last_pass: MatchingPass | None, rollouts: Sequence[PolicyRollout]
) -> Iterator[PolicyVersion]:
    """Yield the versions that could rank the job, the first that can be built does."""
    pinned = policy_version_find(last_pass.policy_version) if last_pass else None
    if pinned is not None:
        yield pinned
    shares = [rollout for rollout in rollouts if rollout.mode == RolloutMode.SHARE]
    ends = accumulate(rollout.percent for rollout in shares)
    yield from [rollout.version for rollout, end in zip(shares, ends, strict=True) if bucket_of(job.pk) < end][:1]
    yield from _defaults(rollouts)


def bucket_of(job_id: UUID) -> int:
    """Return a number from 0 to 99 that nobody can choose, the same for a job for ever."""
    return int.from_bytes(hashlib.sha256(job_id.bytes).digest()) % PERCENT


def _defaults(rollouts: Sequence[PolicyRollout]) -> list[PolicyVersion]:
    is_default = (rollout for rollout in rollouts if rollout.mode == RolloutMode.DEFAULT and rollout.ended_at is None)
    return [rollout.version for rollout in is_default]


def default_policy_for(service_id: UUID) -> MatchingPolicy:
    """Return the policy that ranks the service's jobs which no share takes: its own default, that of all services, or
    the settings'. One query.

    Whoever writes a rank key by it reads it after locking the technician: see `rollout_index`.
    """
    return default_policies_for([service_id])[service_id]


def default_policies_for(service_ids: Collection[UUID]) -> dict[UUID, MatchingPolicy]:
    """Return the default policy of each service. One query."""
    rollouts = rollouts_by_service(service_ids)
    return {service_id: _default_of(rollouts[service_id]) for service_id in service_ids}


def _default_of(rollouts: Sequence[PolicyRollout]) -> MatchingPolicy:
    buildable = (built(version) for version in _defaults(rollouts))
    return next((policy for policy in buildable if policy is not None), policy_named(settings.MATCHING_POLICY))


def is_indexed(service_id: UUID, policy: MatchingPolicy) -> bool:
    """Tell whether the rank keys of the service's rows are this policy's. One query.

    They are when it is the default, and no default that began or ended still has keys to rewrite.
    """
    rollouts = rollout_list_of_keys(service_id)
    if any(rollout.indexed_at is None for rollout in rollouts):
        return False
    return version_of(_default_of(rollouts)) == version_of(policy)


def built(version: PolicyVersion) -> MatchingPolicy | None:
    """Return the policy of a version, or None where this program does not know it or its parameters any more."""
    try:
        return policy_of(version.key, version.params)
    except Invalid:
        return None


def version_ensure(
    policy: MatchingPolicy, *, note: str = "The defaults of the program.", created_by: User | None = None
) -> PolicyVersion:
    """Return the row of the policy's version, made now if it is the first time. Idempotent, also for two at once."""
    version = version_of(policy)
    known = policy_version_find(version)
    if known is not None:
        return known
    about = {"note": note, "created_by": created_by, "created_at": clock.now}
    what = {"key": policy.key, "params": dict(policy.params), **about}
    return PolicyVersion.objects.get_or_create(version=version, defaults=what)[0]


def policy_failed(key: str, version: str, job: Job, reason: str) -> None:
    """Show staff that a version does not rank; the job is the one it was first seen at."""
    alert_open(AlertKind.POLICY_FAILED, version, policy=key, reason=reason, job_id=str(job.pk))
