"""What jobs tell a case file: what was asked for, what happened, what it costs and why, where the technician was."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q

from fixmate.core.casefiles import FACTS, CasePart
from jobs.enums import CancelReason, JobEventKind, QuoteStatus
from jobs.models import JobEvent, JobPhoto, QuoteLine, QuoteRevision
from jobs.rules import rules_now
from jobs.selectors import job_get, job_timeline, price_list

_JOB = (
    "id",
    "status",
    "description",
    "address",
    "latitude",
    "longitude",
    "duration_minutes",
    "scheduled_for",
    "created_at",
    "assigned_at",
    "booked_from",
    "booked_until",
    "waiting_from",
    "started_at",
    "completed_at",
    "work_summary",
    "cancelled_at",
    "cancelled_by",
    "cancel_reason",
    "cancel_note",
)
_PRICE = ("revision", "kind", "amount", "platform_fee", "technician_earnings", "fee_rate", "fee_source", "created_at")
_QUOTE = ("number", "status", "amount", "note", "proposed_at", "expires_at", "closed_at")
_QUOTE_ENDED = ("closed_by", "approved_with", "wrong_codes", "price_revision", "decline_reason", "decline_note")
_LINE = ("position", "kind", "description", "quantity", "unit_amount", "amount")
_ANSWERS = (JobEventKind.QUOTE_APPROVED, JobEventKind.QUOTE_DECLINED, JobEventKind.QUOTE_WITHDRAWN)
_SEEN = Q(kind__in=[JobEventKind.STARTED, JobEventKind.COMPLETED]) | Q(
    kind=JobEventKind.CANCELLED, data__reason=CancelReason.NO_SHOW
)


def _job(job_id: UUID) -> Iterator[tuple[str, Any]]:
    job = job_get(job_id)
    yield "service", job.service.name
    yield "customer", job.customer.full_name
    yield "technician", job.technician.user.full_name if job.technician else None
    for name in _JOB:
        yield name, getattr(job, name)


def _timeline(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for event in job_timeline(job_id).order_by("id"):
        yield event.at, event.kind, event.status, event.actor_role, event.note, event.data


def _prices(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for price in price_list(job_id):
        yield tuple(getattr(price, name) for name in _PRICE)


def _quotes(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    answers = JobEvent.objects.filter(job=job_id, kind__in=_ANSWERS)
    by = {event.data.get("quote"): event.actor_role for event in answers}
    for quote in QuoteRevision.objects.filter(job=job_id).select_related("price").order_by("number"):
        price = quote.price.revision if quote.price else None
        code = "the code shown to the customer" if quote.status == QuoteStatus.APPROVED else ""
        ended = by.get(quote.number, ""), code, quote.code_failures, price, quote.decline_reason, quote.decline_note
        yield *(getattr(quote, name) for name in _QUOTE), *ended


def _quote_lines(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    lines = QuoteLine.objects.filter(quote__job=job_id).select_related("quote")
    for line in lines.order_by("quote__number", "position"):
        yield line.quote.number, *(getattr(line, name) for name in _LINE)


def _photos(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for photo in JobPhoto.objects.filter(job=job_id).select_related("upload__owner").order_by("id"):
        upload = photo.upload
        yield upload.created_at, photo.kind, upload.owner.role, upload.content_type, upload.sha256, upload.pk


def _positions(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for event in JobEvent.objects.filter(_SEEN, job=job_id).order_by("id"):
        yield event.at, event.kind, event.data.get("away_m"), event.data.get("position_age_s")


def _rules(job_id: UUID) -> Iterator[tuple[str, Any]]:
    """Say the rules the job was ordered under; of one from before they were kept, those of today."""
    asked = JobEvent.objects.filter(job=job_id, kind=JobEventKind.REQUESTED).order_by("id").first()
    kept = asked.data.get("rules") if asked else None
    yield "as of", "the order" if kept else "today"
    yield from (kept or rules_now()).items()


PARTS = (
    CasePart("job", "The job", FACTS, _job),
    CasePart("timeline", "What happened", ("at", "kind", "status", "by", "note", "data"), _timeline),
    CasePart("prices", "What it costs", _PRICE, _prices),
    CasePart("quotes", "Extra work proposed on site", (*_QUOTE, *_QUOTE_ENDED), _quotes),
    CasePart("quote_lines", "The lines of what was proposed", ("quote", *_LINE), _quote_lines),
    CasePart("rules", "The rules it was ordered under", FACTS, _rules),
    CasePart(
        "positions",
        "How far from the job the technician was",
        ("at", "kind", "away_m", "position_age_s"),
        _positions,
    ),
    CasePart("photos", "Photos", ("at", "kind", "by", "content_type", "sha256", "file"), _photos),
)
