"""More to do than was ordered: the technician proposes it on site, and the customer approves it or does not.

Every step locks the job first, so that one of those at once wins; a proposal is closed once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from fixmate.core.errors import DomainError, IllegalTransition, Invalid
from fixmate.core.money import Money, share_minor
from jobs.enums import JobEventKind, JobStatus, PriceKind, QuoteStatus
from jobs.errors import QuoteCodeLocked, QuoteCodeWrong, QuoteExpired, QuoteOpen, QuoteTooHigh
from jobs.events import QuoteApproved, QuoteClosed, QuoteProposed
from jobs.lines import Line, columns_of, lines_of, total_minor
from jobs.models import Job, QuoteLine, QuoteRevision
from jobs.rules import is_quote_code
from jobs.selectors import (
    job_get_locked,
    price_current,
    price_quoted,
    quote_get,
    quote_get_of,
    quote_ids_overdue,
    quote_list,
)
from jobs.services.access import job_check_customer, job_check_technician
from jobs.services.history import job_event_add
from jobs.services.prices import price_add_revision

EXPIRE_BATCH = 200
_APPROVED = ["status", "price", "closed_at"]
_DECLINED = ["status", "decline_reason", "decline_note", "closed_at"]
_CLOSED = ["status", "closed_at"]


@transaction.atomic
def quote_propose(*, job_id: UUID, actor: User, note: str, lines: Sequence[Line]) -> QuoteRevision:
    """Put what there is to do beside what was ordered before the customer. It is on top of what he approved so far.

    :raises NotFound: unless the actor has the job
    :raises IllegalTransition: unless the work is in progress
    :raises Invalid: if it comes to nothing
    :raises QuoteOpen: while the last proposal waits for an answer
    :raises QuoteTooHigh: if the job would come to many times what was ordered
    """
    job = job_get_locked(job_id)
    technician = job_check_technician(job, actor)
    if job.status != JobStatus.IN_PROGRESS:
        raise IllegalTransition(state=job.status, action="propose_quote")
    at = clock.now()
    number = _next_number(job, at)
    quote = QuoteRevision(
        job=job,
        number=number,
        technician=technician,
        note=note,
        amount_minor=_rise_checked(job, lines),
        currency=lines[0].amount.currency,
        proposed_at=at,
        expires_at=at + timedelta(seconds=settings.QUOTE_EXPIRES_S),
    )
    quote.save(force_insert=True)
    QuoteLine.objects.bulk_create(QuoteLine(quote=quote, **columns) for columns in columns_of(lines))
    _note(quote, JobEventKind.QUOTE_PROPOSED, at, actor)
    events.publish(QuoteProposed(job_id=job.pk, quote_id=quote.pk))
    return quote


def _next_number(job: Job, at: datetime) -> int:
    last = quote_list(job).last()
    if last is None:
        return 1
    if last.status == QuoteStatus.PROPOSED:
        if last.expires_at > at:
            raise QuoteOpen(number=last.number)
        _expire(last, at)
    return last.number + 1


def _rise_checked(job: Job, lines: Sequence[Line]) -> int:
    rise = total_minor(lines)
    if rise <= 0:
        raise Invalid(lines=["This comes to nothing: there is nothing to approve."])
    quoted = price_quoted(job.pk)
    limit = Money(share_minor(quoted.amount_minor, settings.QUOTE_MAX_MULTIPLE), quoted.currency)
    if price_current(job.pk).amount_minor + rise > limit.minor:
        raise QuoteTooHigh(limit=limit.amount)
    return rise


def quote_approve(*, job_id: UUID, number: int, actor: User, code: str) -> QuoteRevision:
    """Agree to the proposal: its lines are part of the price from now on, at the fee rate that holds.

    The code is of this proposal alone, so that nobody approves another one than he has read. A wrong one is counted
    and stays counted although the call is refused: hence no transaction around the whole.

    :raises Forbidden: unless the actor ordered the job
    :raises NotFound: if there is no such proposal
    :raises IllegalTransition: if it is closed
    :raises QuoteExpired: if its time is over
    :raises QuoteCodeWrong: if the code is not that of the proposal
    :raises QuoteCodeLocked: after too many wrong ones
    """
    with transaction.atomic():
        job = job_get_locked(job_id)
        job_check_customer(job, actor)
        quote = quote_get(job=job, number=number)
        at = clock.now()
        _check_answerable(quote, at)
        refusal = _try_code(quote, actor, code, at)
        if refusal is None:
            _approve(job, quote, actor, at)
    if refusal:
        raise refusal
    return quote


def _check_answerable(quote: QuoteRevision, at: datetime) -> None:
    if quote.status != QuoteStatus.PROPOSED:
        raise IllegalTransition(state=quote.status, action="approve")
    if quote.expires_at <= at:
        raise QuoteExpired(expires_at=quote.expires_at.isoformat(), server_now=at.isoformat())


def _try_code(quote: QuoteRevision, actor: User, given: str, at: datetime) -> DomainError | None:
    """Return the refusal of a wrong code, having counted it."""
    if quote.is_locked:
        return QuoteCodeLocked()
    if is_quote_code(quote, given):
        return None
    quote.code_failures += 1
    quote.save(update_fields=["code_failures"])
    tries_left = settings.QUOTE_CODE_TRIES - quote.code_failures
    _note(quote, JobEventKind.QUOTE_REFUSED, at, actor)
    return QuoteCodeWrong(tries_left=tries_left)


def _approve(job: Job, quote: QuoteRevision, actor: User, at: datetime) -> None:
    agreed = lines_of(price_current(job.pk).lines.all())
    lines = [*agreed, *lines_of(quote.lines.all())]
    price = price_add_revision(job, kind=PriceKind.QUOTE_REVISION, lines=lines, at=at)
    quote.approve(price=price, at=at)
    quote.save(update_fields=_APPROVED)
    _note(quote, JobEventKind.QUOTE_APPROVED, at, actor)
    events.publish(QuoteApproved(job_id=job.pk, quote_id=quote.pk, price_revision=price.revision))


@transaction.atomic
def quote_decline(*, job_id: UUID, number: int, actor: User, reason: str, note: str = "") -> QuoteRevision:
    """Turn the proposal down: what was agreed before is finished, at its price.

    :raises Forbidden: unless the actor ordered the job
    :raises NotFound: if there is no such proposal
    :raises IllegalTransition: if it is closed
    """
    job = job_get_locked(job_id)
    job_check_customer(job, actor)
    quote, at = quote_get(job=job, number=number), clock.now()
    quote.decline(reason=reason, note=note, at=at)
    quote.save(update_fields=_DECLINED)
    _closed(quote, JobEventKind.QUOTE_DECLINED, at, actor)
    return quote


@transaction.atomic
def quote_withdraw(*, job_id: UUID, number: int, actor: User) -> QuoteRevision:
    """Take the proposal back, as if it had not been made.

    :raises NotFound: unless the actor has the job, and there is such a proposal
    :raises IllegalTransition: if it is closed
    """
    job = job_get_locked(job_id)
    job_check_technician(job, actor)
    quote = quote_get(job=job, number=number)
    _withdraw(quote, clock.now(), actor)
    return quote


def quote_withdraw_open(job: Job, *, at: datetime) -> None:
    """Take back what is still open when the job ends: it binds nobody any more. The caller has locked the job."""
    if job.status == JobStatus.IN_PROGRESS:
        for quote in quote_list(job).filter(status=QuoteStatus.PROPOSED):
            _withdraw(quote, at)


def quote_expire_due() -> int:
    """Close every proposal whose time is over, each in a transaction of its own; return how many.

    Safe to run twice at once: each is looked at again under its job's lock.
    """
    return each_alone(quote_ids_overdue(at=clock.now(), limit=EXPIRE_BATCH), _expire_if_due)


@transaction.atomic
def _expire_if_due(quote_id: UUID) -> bool:
    job = job_get_locked(QuoteRevision.objects.values_list("job_id", flat=True).get(pk=quote_id))
    quote, at = quote_get_of(job=job, quote_id=quote_id), clock.now()
    if quote.status != QuoteStatus.PROPOSED or quote.expires_at > at:
        return False
    _expire(quote, at)
    return True


def _expire(quote: QuoteRevision, at: datetime) -> None:
    quote.expire(at=at)
    quote.save(update_fields=_CLOSED)
    _closed(quote, JobEventKind.QUOTE_EXPIRED, at)


def _withdraw(quote: QuoteRevision, at: datetime, actor: User | None = None) -> None:
    quote.withdraw(at=at)
    quote.save(update_fields=_CLOSED)
    _closed(quote, JobEventKind.QUOTE_WITHDRAWN, at, actor)


def _closed(quote: QuoteRevision, kind: JobEventKind, at: datetime, actor: User | None = None) -> None:
    _note(quote, kind, at, actor)
    events.publish(QuoteClosed(job_id=quote.job_id, quote_id=quote.pk, status=quote.status))


def _note(quote: QuoteRevision, kind: JobEventKind, at: datetime, actor: User | None = None) -> None:
    job_event_add(quote.job, kind=kind, actor=actor, at=at, quote=quote.number, amount=str(quote.amount))
