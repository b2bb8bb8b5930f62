"""The outbox: rows are the truth about background work, whoever carries the message.

A row names a task and its arguments. It is claimed by lease, started by a committed mark, and done in the transaction
of its effect. A crash leaves the mark, an error leaves its text; both are bounded, then the row is DEAD and shown.
"""

import traceback
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import F, Q, QuerySet

from fixmate.core import audit, clock, wakeup
from fixmate.core.bulk import rows_add
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import Conflict
from fixmate.core.models import OutboxMessage

MAX_CRASHES = 3
MAX_ERRORS = 12
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(hours=1)
MAX_ERROR_LENGTH = 10_000

log = structlog.get_logger(__name__)


class NotDead(Conflict):
    code, message = "OUTBOX_NOT_DEAD", "Only a dead message can be tried again."


class OutsideTransaction(RuntimeError):
    """Background work was ordered where nothing ties it to the change that causes it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one row until its lease ends."""

    message_id: int
    token: UUID
    task: str
    payload: dict[str, Any]


def plain(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value


def enqueue(task: str, **payload: Any) -> None:
    """Order one call of a task in the caller's transaction."""
    enqueue_many([(task, {key: plain(value) for key, value in payload.items()})])


def enqueue_many(calls: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Order many calls with one INSERT, and wake the runner once they are committed.

    :raises OutsideTransaction: if no transaction is open
    """
    if not transaction.get_connection(DEFAULT_DB_ALIAS).in_atomic_block:
        raise OutsideTransaction("publish and enqueue belong inside the transaction that changes the rows")
    ordered = list(calls)
    if not ordered:
        return
    at = clock.now()
    same = {"status": OutboxStatus.READY, "created_at": at, "run_at": at, "attempts": 0, "crashes": 0, "last_error": ""}
    rows_add(OutboxMessage, [{"task": task, "payload": payload, **same} for task, payload in ordered])
    transaction.on_commit(wakeup.wake, robust=True)


# Claiming


def claim(limit: int, *, without: Collection[str] = ()) -> list[Claim]:
    """Lease up to `limit` due rows of other tasks than those named, oldest first. Two claimers never get the same row.

    A row that was claimed before and never begun keeps its token: whichever message arrives first begins it. With a
    new one each time, a queue that lags by more than a lease would hold nothing but messages that start nothing.
    """
    with transaction.atomic():
        at = clock.now()
        due = OutboxMessage.objects.filter(status=OutboxStatus.READY, run_at__lte=at).filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=at)
        )
        due = due.exclude(task__in=without) if without else due
        rows = list(due.select_for_update(skip_locked=_can_skip()).order_by("run_at", "id")[:limit])
        token = uuid4()
        waiting = {row.pk: row.lease_token for row in rows if row.lease_token and not row.crashes}
        leased = OutboxMessage.objects.filter(pk__in=[row.pk for row in rows])
        leased.exclude(pk__in=waiting).update(lease_token=token)
        leased.update(lease_until=_claimed_until(at))
    return [Claim(row.pk, waiting.get(row.pk) or token, row.task, row.payload) for row in rows]


def _can_skip() -> bool:
    return connection.features.has_select_for_update_skip_locked


def put_back(claim: Claim) -> None:
    """Return a claimed row that was not begun: it is due again in a moment, and no try is counted."""
    _ours(claim.message_id, claim.token).update(run_at=clock.now() + FIRST_DELAY, lease_until=None, lease_token=None)


def _claimed_until(at: datetime) -> datetime:
    """Return the end of a short lease: what a dead runner had claimed is given out again soon."""
    return at + timedelta(seconds=settings.OUTBOX_CLAIM_S)


# Running


def run(message_id: int, token: UUID, work: Callable[[], object], *, reaches_outside: bool) -> bool:
    """Run the work of a claimed row; return whether it was done here.

    A task that only touches the database commits its effect and DONE together. One that reaches outside runs without a
    transaction and must be idempotent. A claim that is no longer ours is dropped without a word: somebody else has it,
    or this one came a second time.

    :raises Exception: what the work raised, after the row has been put back or parked
    """
    run_token = _start(message_id, token, reaches_outside=reaches_outside)
    if run_token is None:
        return False
    try:
        with _surroundings(reaches_outside):
            if not reaches_outside and not _is_still_ours(message_id, run_token):
                return False
            work()
            return _finish(message_id, run_token)
    except Exception:
        fail(message_id, run_token, traceback.format_exc())
        raise


def _surroundings(reaches_outside: bool) -> AbstractContextManager[object]:
    return nullcontext() if reaches_outside else transaction.atomic()


def _ours(message_id: int, token: UUID) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(pk=message_id, lease_token=token, status=OutboxStatus.READY)


def _start(message_id: int, token: UUID, *, reaches_outside: bool) -> UUID | None:
    """Mark the row as started, in a transaction of its own: a mark nobody takes back is a crash.

    The claim's token is spent and replaced by the one returned, so that a message which comes twice starts nothing.
    Work on the database holds the row's lock, whatever the lease says; work outside needs a lease that outlasts it.
    The lock is waited for, never skipped: another claimer that looks at the row again holds it for a moment.
    """
    with transaction.atomic():
        row = _ours(message_id, token).select_for_update().first()
        if row is None:
            return None
        if row.crashes >= MAX_CRASHES:
            _park(row, error=row.last_error or "the process died each time this was tried")
            return None
        at = clock.now()
        lease_until = at + timedelta(seconds=settings.OUTBOX_LEASE_S) if reaches_outside else _claimed_until(at)
        run_token = uuid4()
        _ours(message_id, token).update(crashes=F("crashes") + 1, lease_until=lease_until, lease_token=run_token)
    return run_token


def _is_still_ours(message_id: int, token: UUID) -> bool:
    return _ours(message_id, token).select_for_update().exists()


def _finish(message_id: int, token: UUID) -> bool:
    done = _ours(message_id, token).update(
        status=OutboxStatus.DONE, done_at=clock.now(), crashes=0, lease_until=None, lease_token=None
    )
    return bool(done)


def fail(message_id: int, token: UUID, error: str) -> None:
    """Put the row back with a doubled delay, or park it after the last try. A claim no longer ours is left alone."""
    error = _storable(error)
    with transaction.atomic():
        row = _ours(message_id, token).select_for_update().first()
        if row is None:
            return
        row.attempts += 1
        row.crashes = 0
        if row.attempts >= MAX_ERRORS:
            _park(row, error=error)
            return
        delay = min(FIRST_DELAY * 2 ** (row.attempts - 1), LONGEST_DELAY)
        row.run_at = clock.now() + delay
        row.last_error = error
        row.lease_until = row.lease_token = None
        row.save(update_fields=["attempts", "crashes", "run_at", "last_error", "lease_until", "lease_token"])


def failed(claim: Claim, exc: Exception) -> None:
    """Log what the carrying of a claimed row raised, and record it where `run` has not done so yet."""
    text = "".join(traceback.format_exception(exc))
    log.warning("outbox.failed", task=claim.task, message_id=claim.message_id, error=text)
    fail(claim.message_id, claim.token, text)


def _storable(text: str) -> str:
    """Return the end of the text, without the two things PostgreSQL cannot hold."""
    return text[-MAX_ERROR_LENGTH:].replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _park(row: OutboxMessage, *, error: str) -> None:
    row.status = OutboxStatus.DEAD
    row.last_error = error
    row.lease_until = row.lease_token = None
    row.save(update_fields=["status", "attempts", "crashes", "last_error", "lease_until", "lease_token"])
    log.error("outbox.dead", message_id=row.pk, task=row.task, error=error[-500:])


# Care


@transaction.atomic
def outbox_revive(*, message_id: int, actor: audit.Actor | None, reason: str) -> None:
    """Give a DEAD row its tries again, once the cause is gone. Audited.

    :raises NotDead: if there is no such row, or it is not DEAD
    """
    row = OutboxMessage.objects.select_for_update().filter(pk=message_id, status=OutboxStatus.DEAD).first()
    if row is None:
        raise NotDead
    row.status, row.attempts, row.crashes, row.run_at = OutboxStatus.READY, 0, 0, clock.now()
    row.save(update_fields=["status", "attempts", "crashes", "run_at"])
    audit.record(actor=actor, action="outbox.revive", target=row, reason=reason)
    transaction.on_commit(wakeup.wake, robust=True)


def purge_done() -> int:
    """Remove rows done longer ago than `OUTBOX_KEEP_DONE_DAYS`; return how many."""
    before = clock.now() - timedelta(days=settings.OUTBOX_KEEP_DONE_DAYS)
    count, _ = OutboxMessage.objects.filter(status=OutboxStatus.DONE, done_at__lt=before).delete()
    return count
