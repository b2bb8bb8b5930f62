"""Extra work proposed on site, told to whom it concerns: as it stands now, under the job's lock."""

from uuid import UUID

from fixmate.core.money import Money
from jobs.enums import QuoteStatus
from jobs.models import QuoteRevision
from jobs.selectors import job_get, job_get_locked, price_current, quote_get_of
from notifications.enums import Kind
from notifications.services.news import news, shown, tell_customer, tell_technician


@news
def notification_tell_quote_proposed(*, job_id: UUID, quote_id: UUID) -> None:
    """Tell the customer while it waits for his answer. The code is in the app alone."""
    quote = _quote(job_id, quote_id)
    if quote.status != QuoteStatus.PROPOSED:
        return
    in_all = Money(price_current(job_id).amount_minor + quote.amount_minor, quote.currency)
    facts = {**_facts(quote), "price": shown(in_all), "technician": quote.technician.user.first_name}
    tell_customer(quote.job, Kind.QUOTE_PROPOSED, quote_id, **facts)


@news
def notification_tell_quote_approved(*, job_id: UUID, quote_id: UUID) -> None:
    """Tell both what the job comes to with it."""
    quote = _quote(job_id, quote_id)
    if quote.price is None:
        return
    facts = _facts(quote)
    tell_customer(quote.job, Kind.QUOTE_APPROVED, quote_id, price=shown(quote.price.amount), **facts)
    pays = shown(quote.price.technician_earnings)
    tell_technician(quote.technician.user_id, quote.job, Kind.QUOTE_APPROVED, quote_id, pays=pays, **facts)


@news
def notification_tell_quote_closed(*, job_id: UUID, quote_id: UUID) -> None:
    """Tell the technician of an answer, the customer of a withdrawal, and both that the time is over."""
    quote = _quote(job_id, quote_id)
    kind = Kind.QUOTE_DECLINED if quote.status == QuoteStatus.DECLINED else Kind.QUOTE_LAPSED
    if quote.status != QuoteStatus.DECLINED:
        tell_customer(quote.job, kind, quote_id, **_facts(quote))
    if quote.status != QuoteStatus.WITHDRAWN:
        tell_technician(quote.technician.user_id, quote.job, kind, quote_id, **_facts(quote))


def _quote(job_id: UUID, quote_id: UUID) -> QuoteRevision:
    job_get_locked(job_id)
    return quote_get_of(job=job_get(job_id), quote_id=quote_id)


def _facts(quote: QuoteRevision) -> dict[str, object]:
    return {"quote_id": str(quote.pk), "amount": shown(quote.amount)}
