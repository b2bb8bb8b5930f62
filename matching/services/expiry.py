"""Offers past their deadline: many in one transaction, since under load each round costs what all of them cost.

Like every service on offers this locks the jobs first, then the offers, and asks the clock once both are held.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import clock, events
from fixmate.core.batches import save_all, together
from fixmate.core.tallies import tally
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.selectors import job_list_unheld
from jobs.services import jobs_set_next_pass
from matching.enums import OFFER_ENDED, OfferEventKind
from matching.events import OfferExpired, PassDue
from matching.models import Offer, OfferEvent
from matching.selectors import offer_ids_expired, offer_list_pending_locked
from matching.services.offers import offer_withdraw
from matching.services.rest import rest_after_expiry

EXPIRY_BATCH = 1_000
# As many as share the cost of a transaction well: in lots of 500 each is no cheaper. Their jobs and technicians stay
# locked so long, and a process that is killed loses no more work than that.
_AT_ONCE = 250


def offer_expire_due() -> int:
    """Expire what is past its deadline; return how many. One offer that cannot be ended holds up no other.

    Safe to run twice at once: each row is looked at again under its locks. One that somebody holds is left to the next
    round.
    """
    return together(offer_ids_expired(at=clock.now(), limit=EXPIRY_BATCH), offers_expire, at_once=_AT_ONCE)


@transaction.atomic
def offers_expire(due: Sequence[tuple[UUID, UUID]]) -> int:
    """End those of the offers, as (job, offer), that are due and that nobody else is at; return how many."""
    jobs = {job.pk: job for job in job_list_unheld([job_id for job_id, _ in due])}
    pending = offer_list_pending_locked([offer_id for job_id, offer_id in due if job_id in jobs])
    at = clock.now()
    ended = [(jobs[offer.job_id], offer) for offer in pending if offer.expires_at <= at]
    lapsed = [(job, offer) for job, offer in ended if job.status == JobStatus.MATCHING]
    for job, offer in ended:
        if job.status != JobStatus.MATCHING:  # taken back in truth: nobody could have answered it
            offer_withdraw(offer, at=at)
    if lapsed:
        _expire(lapsed, at)
    return len(ended)


def _expire(lapsed: Sequence[tuple[Job, Offer]], at: datetime) -> None:
    offers = [offer for _, offer in lapsed]
    for offer in offers:
        offer.expire(at=at)
    save_all(offers, ["status", "closed_at"])
    OfferEvent.objects.bulk_create(OfferEvent(offer=offer, kind=OfferEventKind.EXPIRED, at=at) for offer in offers)
    transaction.on_commit(partial(tally, f"{OFFER_ENDED}{OfferEventKind.EXPIRED}", len(offers)), robust=True)
    rest_after_expiry(lapsed, at)
    _search_on([job for job, _ in lapsed], at)
    events.publish(
        *(OfferExpired(offer_id=one.pk, job_id=one.job_id, technician_id=one.technician_id) for one in offers),
        *(PassDue(job_id=job.pk) for job, _ in lapsed),
    )


def _search_on(jobs: Sequence[Job], at: datetime) -> None:
    """Set the timers by which the next passes run if their orders are lost."""
    jobs_set_next_pass(jobs=jobs, at=at + timedelta(seconds=settings.PASS_LOST_S))
