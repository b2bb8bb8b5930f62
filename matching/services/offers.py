"""The life of an offer. Every service locks the job first, then the offer, and asks the clock once both are held."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import user_check_may_begin
from fixmate.core import clock, events
from fixmate.core.tallies import tally
from jobs.enums import BOOKED, JobStatus
from jobs.models import Job
from jobs.selectors import blocked_technician_ids, job_get_locked
from jobs.services import job_assign, job_set_next_pass
from matching.enums import OFFER_ENDED, OFFER_ENDS, OfferEventKind, OfferStatus, RejectReason
from matching.errors import OfferClosed, OfferExpired
from matching.events import OfferWithdrawn, PassDue
from matching.models import Offer, OfferEvent
from matching.selectors import (
    offer_get_locked,
    offer_job_id,
    offer_list_live_locked,
    offer_open_job_ids,
)
from matching.services.rest import rest_after_reject
from technicians.enums import Verification
from technicians.errors import TechnicianNotVerified
from technicians.selectors import technician_get_locked, technician_list_locked
from technicians.services import technician_note_accepted, technician_note_answer

_KEEPS_ACCEPTED = (*BOOKED, JobStatus.COMPLETED, JobStatus.CANCELLED)


@transaction.atomic
def offer_accept(*, offer_id: UUID, actor: User) -> Offer:
    """Take the job: the offer is ACCEPTED and the job ASSIGNED together, or nothing is.

    :raises NotFound: if the offer is not the actor's
    :raises OfferClosed: if it was answered, taken back, the job is not looking any more, or the two do not meet
    :raises OfferExpired: from `expires_at` on, by the database's clock
    :raises TechnicianNotVerified: if he may not work any more
    :raises AccountRestricted: if he may only finish what he has
    :raises IntegrityError: answered as BOOKING_OVERLAP, if he has other work then
    """
    job, offer, at = _locked(offer_id, actor)
    _check_open(job, offer, at)
    technician = technician_get_locked(offer.technician_id)
    if technician.verification != Verification.VERIFIED:
        raise TechnicianNotVerified
    user_check_may_begin(technician.user)
    if technician.pk in blocked_technician_ids(job.customer_id):
        raise OfferClosed(status=offer.status)
    offer.accept(at=at)
    offer.save(update_fields=["status", "closed_at"])
    offer_event_add(offer, kind=OfferEventKind.ACCEPTED, actor=actor, at=at)
    technician_note_accepted(technician_id=technician.pk)
    technician_note_answer(technician_id=technician.pk)
    job_assign(job=job, technician=technician, actor=actor, at=at)
    return offer


@transaction.atomic
def offer_reject(*, offer_id: UUID, actor: User, reason: RejectReason, note: str = "") -> Offer:
    """Decline, with a reason: he is not asked again for this job, and the next technician is.

    He rests for some seconds. Many refusals of one job are shown to staff.

    :raises NotFound: if the offer is not the actor's
    :raises OfferClosed: if it was answered or taken back
    :raises OfferExpired: from `expires_at` on
    """
    job, offer, at = _locked(offer_id, actor)
    _check_open(job, offer, at)
    offer.reject(reason=reason, note=note, at=at)
    offer.save(update_fields=["status", "reject_reason", "reject_note", "closed_at"])
    offer_event_add(offer, kind=OfferEventKind.REJECTED, actor=actor, at=at, note=note)
    rest_after_reject(job, offer, at)
    offer_search_on(job, at)
    return offer


@transaction.atomic
def offer_mark_seen(*, offer_id: UUID, actor: User) -> None:
    """Note that the app has shown the offer. Idempotent; too late, it changes nothing.

    :raises NotFound: if the offer is not the actor's
    """
    job, offer, at = _locked(offer_id, actor)
    is_open = offer.status == OfferStatus.PENDING and job.status == JobStatus.MATCHING and at < offer.expires_at
    if is_open and offer.seen_at is None:
        offer.seen_at = at
        offer.save(update_fields=["seen_at"])
        offer_event_add(offer, kind=OfferEventKind.SEEN, actor=actor, at=at)


def _locked(offer_id: UUID, actor: User) -> tuple[Job, Offer, datetime]:
    job = job_get_locked(offer_job_id(offer_id=offer_id, user=actor))
    offer = offer_get_locked(offer_id)
    return job, offer, clock.now()


def _check_open(job: Job, offer: Offer, at: datetime) -> None:
    is_late = offer.status == OfferStatus.PENDING and offer.expires_at <= at
    if is_late or offer.status == OfferStatus.EXPIRED:
        raise OfferExpired(expires_at=offer.expires_at.isoformat(), server_now=at.isoformat())
    if offer.status != OfferStatus.PENDING or job.status != JobStatus.MATCHING:
        raise OfferClosed(status=offer.status)


def offer_event_add(
    offer: Offer, *, kind: OfferEventKind, at: datetime, actor: User | None = None, note: str = ""
) -> None:
    """Append a row to the history of an offer that the caller has locked and saved; an end is tallied, if it holds."""
    OfferEvent.objects.create(offer=offer, kind=kind, actor=actor, at=at, note=note)
    if kind in OFFER_ENDS:
        transaction.on_commit(partial(tally, f"{OFFER_ENDED}{kind}"), robust=True)


def offer_search_on(job: Job, at: datetime) -> None:
    """Have the next pass of a locked job run: at once by the event, and by the timer if the event is lost."""
    if job.status == JobStatus.MATCHING:
        job_set_next_pass(job=job, at=at + timedelta(seconds=settings.PASS_LOST_S))
        events.publish(PassDue(job_id=job.pk))


# What no longer fits


@transaction.atomic
def offers_settle_of_job(*, job_id: UUID) -> None:
    """Withdraw or release what no longer fits the job. Idempotent."""
    offers_settle(job_get_locked(job_id))


def offers_settle(job: Job) -> bool:
    """Like `offers_settle_of_job`, for a job that the caller has locked: a pass does this first.

    Return whether a live offer remains.
    """
    fits = [_settle(offer, job) for offer in offer_list_live_locked(job.pk)]
    return any(fits)


def _settle(offer: Offer, job: Job) -> bool:
    """End the offer unless it fits the job; return whether it does."""
    fits: bool
    if offer.status == OfferStatus.PENDING:
        fits = job.status == JobStatus.MATCHING
    else:
        fits = job.status in _KEEPS_ACCEPTED and job.technician_id == offer.technician_id
    if not fits:
        end = offer_withdraw if offer.status == OfferStatus.PENDING else offer_release
        end(offer, at=clock.now())
    return fits


def offer_withdraw(offer: Offer, *, at: datetime, note: str = "", actor: User | None = None) -> None:
    """Take back an open offer that the caller has locked, after its job."""
    offer.withdraw(at=at)
    offer.save(update_fields=["status", "closed_at"])
    offer_event_add(offer, kind=OfferEventKind.WITHDRAWN, actor=actor, at=at, note=note)
    events.publish(OfferWithdrawn(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id))


def offer_release(offer: Offer, *, at: datetime, note: str = "", actor: User | None = None) -> None:
    """End an accepted offer whose technician has lost the job. The caller has locked it, after its job."""
    offer.release(at=at)
    offer.save(update_fields=["status", "closed_at"])
    offer_event_add(offer, kind=OfferEventKind.RELEASED, actor=actor, at=at, note=note)


def offers_withdraw_of_technician(*, technician_id: UUID) -> None:
    """Take back the open offer of a technician who may not be asked now, and let the job search on.

    Idempotent; if he is back by the time this runs, nothing happens.
    """
    for job_id in offer_open_job_ids(technician_id):
        _withdraw_from(job_id, technician_id)


@transaction.atomic
def _withdraw_from(job_id: UUID, technician_id: UUID) -> None:
    job = job_get_locked(job_id)
    is_his = [offer for offer in offer_list_live_locked(job_id) if offer.technician_id == technician_id]
    (technician,) = technician_list_locked([technician_id])  # deleted or not: his offer is there all the same
    if technician.is_online and technician.verification == Verification.VERIFIED:
        return
    for offer in (offer for offer in is_his if offer.status == OfferStatus.PENDING):
        at = clock.now()
        offer_withdraw(offer, at=at, note="the technician is not available any more")
        offer_search_on(job, at)
