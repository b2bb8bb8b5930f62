"""The case file of a dispute: everything on record about its job, gathered when it is asked for. Nothing is stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from disputes.models import Dispute, DisputeDeadline, DisputeEvent
from disputes.selectors import audit_list_about, evidence_list_of
from fixmate.core import clock
from fixmate.core.casefiles import FACTS, case_parts
from fixmate.core.money import Money
from fixmate.core.snapshots import one_snapshot
from payments.models import Payment, Refund

Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A table. Its values are plain: texts, numbers, truths, what JSON has of lists, or None."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def is_about_one(self) -> bool:
        """Tell whether the rows are facts about one thing, each with its name."""
        return self.columns == FACTS

    @property
    def paragraphs(self) -> list[list[tuple[str, Any]]]:
        """Return each row as names and values, without what is empty."""
        if self.is_about_one:
            return [[(name, value)] for name, value in self.rows if has_value(value)]
        return [[(name, value) for name, value in row.items() if has_value(value)] for row in self.as_dicts]


@dataclass(frozen=True, slots=True)
class CaseFile:
    dispute_id: UUID
    job_id: UUID
    made_at: datetime
    chapters: list[Chapter]


def has_value(value: Any) -> bool:
    return value not in (None, "", {})


def case_file(dispute: Dispute) -> CaseFile:
    """Gather the file as everything stands at one moment: the dispute's own chapters, then what every app tells."""
    with one_snapshot():
        own = [_chapter(name, title, columns, rows(dispute)) for name, title, columns, rows in _OWN]
        told = [_chapter(part.name, part.title, part.columns, part.rows(dispute.job_id)) for part in case_parts()]
        return CaseFile(dispute.pk, dispute.job_id, clock.now(), [*own, *told])


def _chapter(name: str, title: str, columns: tuple[str, ...], rows: Rows) -> Chapter:
    return Chapter(name, title, columns, [tuple(map(_plain, row)) for row in rows])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, UUID | Decimal | Money):
        return str(value)
    return value


# What the dispute itself has on record


def _facts(dispute: Dispute) -> Iterator[tuple[str, Any]]:
    opener = dispute.opened_by
    yield "opened_by", f"{opener.full_name}, {opener.role}" if opener else "the customer's bank"
    yield "technician", dispute.technician.user.full_name
    yield "reviewer", str(dispute.reviewer) if dispute.reviewer else None
    for name in ("id", "status", "category", "description", "created_at", "outcome", "closing_note", "closed_at"):
        yield name, getattr(dispute, name)


def _thread(dispute: Dispute) -> Rows:
    for event in DisputeEvent.objects.filter(dispute=dispute).select_related("actor").order_by("id"):
        yield event.at, event.kind, event.actor_role, event.actor.full_name if event.actor else "", event.text


def _evidence(dispute: Dispute) -> Rows:
    for held in evidence_list_of(dispute):
        facts = held.content_type, held.size_bytes, held.sha256, held.is_kept, held.upload_id
        yield held.event.at, held.event.actor_role, *facts


def _deadlines(dispute: Dispute) -> Rows:
    for deadline in DisputeDeadline.objects.filter(dispute=dispute).order_by("id"):
        yield deadline.kind, deadline.side, deadline.due_at, deadline.reminded_at, deadline.ended_at


def _audited(dispute: Dispute) -> Rows:
    payments, refunds = Payment.objects.filter(job=dispute.job_id), Refund.objects.filter(payment__job=dispute.job_id)
    for entry in audit_list_about([dispute, dispute.job, *payments, *refunds]):
        yield entry.at, entry.actor_label, entry.action, entry.target_type, entry.reason


_OWN = (
    ("dispute", "The dispute", FACTS, _facts),
    ("thread", "What was said", ("at", "kind", "by", "name", "text"), _thread),
    ("evidence", "Files handed in", ("at", "by", "content_type", "size_bytes", "sha256", "is_kept", "file"), _evidence),
    ("deadlines", "Deadlines", ("kind", "side", "due_at", "reminded_at", "ended_at"), _deadlines),
    ("audit", "What staff did", ("at", "by", "action", "about", "reason"), _audited),
)
