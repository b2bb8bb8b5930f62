"""A POST that is repeated with its key has its effect once, and is answered the same again.

The claim is committed before the work begins, so that a second caller is told. The effect and its answer are committed
together, so that no crash leaves the one without the other. ADR 0017 tells why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction

from fixmate.core import clock
from fixmate.core.batches import purge
from fixmate.core.errors import Conflict
from fixmate.core.models import IdempotencyClaim

KEPT_FOR: Final = timedelta(hours=24)
DEAD_AFTER: Final = timedelta(seconds=90)
_ATTEMPTS: Final = 3


class IdempotencyInProgress(Conflict):
    code, message = "IDEMPOTENCY_IN_PROGRESS", "The first request with this key is still being worked on."
    retry_after_s = 1


class IdempotencyKeyReused(Conflict):
    code, message = "IDEMPOTENCY_KEY_REUSED", "This key was used for another request."


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes two requests the same one."""

    scope: str
    key: str
    path: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work of one key, until somebody else takes it over."""

    pk: int
    owner: UUID


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    headers: dict[str, str]
    body: str


def claim_take(asked: Asked) -> Claim | StoredAnswer:
    """Return the claim, committed, or the answer there is already. Call it with no transaction open.

    A claim whose owner has not been heard of for `DEAD_AFTER` is taken over.

    :raises IdempotencyInProgress: while another request holds the claim
    :raises IdempotencyKeyReused: if the key stands for another path or body
    """
    owner = uuid4()
    for _ in range(_ATTEMPTS):
        at = clock.now()
        found = _find_or_make(asked, owner, at)
        if found is None or _is_outdated(found, at):
            continue  # it has just ended or been dropped: there may be room now
        if found.owner == owner:
            return Claim(found.pk, owner)
        return _judged(found, asked, owner, at)
    raise IdempotencyInProgress


def _find_or_make(asked: Asked, owner: UUID, at: datetime) -> IdempotencyClaim | None:
    """Look first: on PostgreSQL an INSERT beside a row that is being updated waits until that is over."""
    found = _find(asked)
    if found:
        return found
    claim = IdempotencyClaim(
        scope=asked.scope,
        key=asked.key,
        path=asked.path,
        body_hash=asked.body_hash,
        owner=owner,
        locked_at=at,
        created_at=at,
    )
    IdempotencyClaim.objects.bulk_create([claim], ignore_conflicts=True)
    return _find(asked)


def _find(asked: Asked) -> IdempotencyClaim | None:
    return IdempotencyClaim.objects.filter(scope=asked.scope, key=asked.key).first()


def _is_outdated(claim: IdempotencyClaim, at: datetime) -> bool:
    """Tell whether the claim is past its day, and remove it then: the sweep may come late."""
    if claim.created_at > at - KEPT_FOR or claim.locked_at > at - DEAD_AFTER:
        return False
    IdempotencyClaim.objects.filter(pk=claim.pk, owner=claim.owner).delete()
    return True


def _judged(found: IdempotencyClaim, asked: Asked, owner: UUID, at: datetime) -> Claim | StoredAnswer:
    if (found.path, found.body_hash) != (asked.path, asked.body_hash):
        raise IdempotencyKeyReused
    if found.status is not None:
        return StoredAnswer(found.status, found.headers, found.body)
    if found.locked_at > at - DEAD_AFTER:
        raise IdempotencyInProgress
    return _taken_over(found, owner)


@transaction.atomic
def _taken_over(found: IdempotencyClaim, owner: UUID) -> Claim:
    """Change the owner: the one before fails at `claim_hold`. One who is past that holds the row and is left alone."""
    open_claims = IdempotencyClaim.objects.filter(pk=found.pk, owner=found.owner, status__isnull=True)
    claim = open_claims.select_for_update(skip_locked=True).first()
    if claim is None:
        raise IdempotencyInProgress
    claim.owner, claim.locked_at = owner, clock.now()
    claim.save(update_fields=["owner", "locked_at"])
    return Claim(claim.pk, owner)


def claim_hold(claim: Claim) -> None:
    """Lock the claim for the caller's transaction: whoever has lost it meanwhile does nothing.

    :raises IdempotencyInProgress: if somebody else took it over
    """
    still_ours = IdempotencyClaim.objects.filter(pk=claim.pk, owner=claim.owner, status__isnull=True)
    if not still_ours.update(locked_at=clock.now()):
        raise IdempotencyInProgress


def claim_keep(claim: Claim, answer: StoredAnswer) -> None:
    """Store the answer, in the transaction of its effect."""
    IdempotencyClaim.objects.filter(pk=claim.pk, owner=claim.owner).update(
        status=answer.status, headers=answer.headers, body=answer.body
    )


def claim_drop(claim: Claim) -> None:
    """Give the key back: it stands for nothing again. A claim that somebody took over stays his."""
    IdempotencyClaim.objects.filter(pk=claim.pk, owner=claim.owner, status__isnull=True).delete()


def claims_forget(scope: str) -> None:
    """Remove the answers that somebody was given, who is not to be known any more."""
    IdempotencyClaim.objects.filter(scope=scope, status__isnull=False).delete()


def claims_purge() -> int:
    """Remove the claims whose day is over; return how many."""
    at = clock.now()
    return purge(
        IdempotencyClaim.objects.filter(created_at__lte=at - KEPT_FOR).exclude(
            status__isnull=True, locked_at__gt=at - DEAD_AFTER
        )
    )
