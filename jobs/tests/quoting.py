"""How tests propose extra work on site, and how they answer it."""

from datetime import timedelta
from decimal import Decimal

from fixmate.core.money import Money
from jobs.enums import DeclineReason, LineKind
from jobs.lines import line_of
from jobs.models import QuoteRevision
from jobs.rules import quote_code
from jobs.services import job_complete_by_technician, quote_approve, quote_decline, quote_propose, quote_withdraw

HALF_HOUR = timedelta(minutes=30)


def parts(unit_minor=14_550, quantity="1"):
    return line_of(LineKind.PARTS, "Pump", Decimal(quantity), Money(unit_minor, "USD"))


def propose(job, *lines, by=None):
    actor = by or job.technician.user
    return quote_propose(job_id=job.pk, actor=actor, note="The pump is seized.", lines=lines or (parts(),))


def approve(quote, *, by=None, code=None):
    actor, code = by or quote.job.customer, code or quote_code(quote)
    return quote_approve(job_id=quote.job_id, number=quote.number, actor=actor, code=code)


def decline(quote, *, by=None):
    said = {"reason": DeclineReason.TOO_EXPENSIVE, "note": "Not this month."}
    return quote_decline(job_id=quote.job_id, number=quote.number, actor=by or quote.job.customer, **said)


def withdraw(quote, *, by=None):
    return quote_withdraw(job_id=quote.job_id, number=quote.number, actor=by or quote.technician.user)


def complete(job, final_amount=None):
    said = {"work_summary": "New pump.", "final_amount": final_amount}
    return job_complete_by_technician(job_id=job.pk, actor=job.technician.user, **said)


def wrong_code(quote):
    return f"{(int(quote_code(quote)) + 1) % 1_000_000:06d}"


def now_of(quote):
    """Return the proposal as the database has it."""
    return QuoteRevision.objects.get(pk=quote.pk)
