"""The audit chain: staff and command acts, append-only by trigger and sealed one to the next.

The digest covers every column and the digest before it, so a changed, removed or reordered row breaks the chain. A
superuser of the database can rebuild the whole chain: keep `AuditHead` outside now and then and compare.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.db import models, transaction

from fixmate.core import clock, context
from fixmate.core.errors import Invalid
from fixmate.core.models import AuditEntry, AuditHead
from fixmate.core.snapshots import one_snapshot

GENESIS = "0" * 64
PAGE = 1_000
_SEALED = (
    "sequence",
    "actor_id",
    "actor_label",
    "action",
    "target_type",
    "target_id",
    "reason",
    "source",
    "ip_address",
    "request_id",
    "before",
    "after",
    "previous_digest",
)


class Actor(Protocol):
    """Whoever acts; an account of any app above."""

    @property
    def pk(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row at which the chain does not hold."""

    sequence: int
    fault: str


@transaction.atomic
def record(
    *,
    actor: Actor | None,
    action: str,
    target: models.Model,
    reason: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry in the caller's transaction. Locks the head of the chain until it commits: call it last.

    :raises Invalid: if the reason is blank
    """
    if not reason.strip():
        raise Invalid("A reason is required.", reason=["This field may not be blank."])
    head = _head_locked()
    where = context.current()
    entry = AuditEntry(
        sequence=head.sequence + 1,
        at=clock.now(),
        actor_id=actor.pk if actor else None,
        actor_label=str(actor) if actor else where.source.value,
        action=action,
        target_type=target._meta.label,
        target_id=str(target.pk),
        reason=reason.strip(),
        source=where.source,
        ip_address=AuditEntry._meta.get_field("ip_address").to_python(where.ip_address),
        request_id=where.request_id,
        before=_as_stored(before),
        after=_as_stored(after),
        previous_digest=head.digest,
    )
    entry.digest = digest_of(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=head.pk).update(sequence=entry.sequence, digest=entry.digest)
    return entry


def _head_locked() -> AuditHead:
    AuditHead.objects.get_or_create(pk=1)
    return AuditHead.objects.select_for_update().get(pk=1)


def digest_of(entry: AuditEntry) -> str:
    """Return the SHA-256 over the entry's columns and the digest before it."""
    sealed = {name: getattr(entry, name) for name in _SEALED}
    sealed["at"] = entry.at.isoformat(timespec="microseconds")
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_stored(facts: dict[str, Any] | None) -> dict[str, Any]:
    """Return the facts as they will be read back, so that the digest holds: JSON has text keys and one kind of list."""
    stored: dict[str, Any] = json.loads(json.dumps(facts or {}, default=_text))
    return stored


def _text(value: Any) -> str:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"not auditable: {value!r}")


def entries() -> models.QuerySet[AuditEntry]:
    """Return the whole trail, for whoever may read it."""
    return AuditEntry.objects.all()


def verify() -> Broken | None:
    """Walk the chain from the first row; return where it breaks, or None.

    It is the chain of one moment that is walked, in pages: no memory for its length, and what is written meanwhile does
    no harm. Nobody waits for it.
    """
    with one_snapshot():
        return _first_fault()


def _first_fault() -> Broken | None:
    head, previous, expected = head_now(), GENESIS, 1
    for entry in _entries():
        fault = _fault(entry, previous, expected)
        if fault:
            return Broken(expected, fault)
        previous, expected = entry.digest, expected + 1
        if entry.sequence == head.sequence and entry.digest != head.digest:
            return Broken(entry.sequence, "the recorded head has another digest")
    if expected <= head.sequence:
        return Broken(expected, "the chain ends before the recorded head: rows are missing at the end")
    if expected - 1 > head_now().sequence:
        return Broken(head.sequence + 1, "it was added past the recorded head")
    return None


def head_now() -> AuditHead:
    """Return the end of the chain as recorded; of an empty one, if nothing was ever audited."""
    return AuditHead.objects.filter(pk=1).first() or AuditHead()


def _entries() -> Iterator[AuditEntry]:
    """Yield the chain a page at a time: results come to the client whole, and the chain has no end."""
    last = None
    while page := _page_after(last):
        yield from page
        last = page[-1].sequence


def _page_after(sequence: int | None) -> list[AuditEntry]:
    entries = AuditEntry.objects.order_by("sequence")
    if sequence is not None:  # the first may be one that nobody numbered so
        entries = entries.filter(sequence__gt=sequence)
    return list(entries[:PAGE])


def _fault(entry: AuditEntry, previous: str, expected: int) -> str:
    if entry.sequence != expected:
        return f"row {expected} is missing"
    if entry.previous_digest != previous:
        return "it does not follow the row before it"
    if entry.digest != digest_of(entry):
        return "its content was changed"
    return ""
