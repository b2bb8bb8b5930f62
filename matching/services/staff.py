"""What staff do with a job by hand: keep somebody from it, give it to somebody, move it from one to another.

Locks are taken like everywhere: the job, its live offer, technicians in the order of their ids.
"""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.enums import DISPATCH_JOB
from accounts.models import User
from accounts.services import user_check_may_begin
from fixmate.core import audit, clock
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.geo import Point, distance_m, eta_min
from jobs.enums import CLOSED, CancelReason, JobStatus
from jobs.models import Job
from jobs.selectors import blocked_technician_ids, job_get_locked, price_current
from jobs.services import job_assign, job_transfer_by_staff
from matching.enums import OfferEventKind, OfferSource, OfferStatus
from matching.errors import ManualAssignmentOff, TechnicianBlocked, TechnicianExcluded, TechnicianHasJob
from matching.models import Exclusion, Offer
from matching.selectors import exclusions_of, offer_counts, offer_list_live_locked, offer_open_job_ids_with
from matching.services.offers import offer_event_add, offer_release, offer_search_on, offer_withdraw, offers_settle
from technicians.enums import Verification
from technicians.errors import TechnicianNotVerified
from technicians.models import Position, Technician
from technicians.selectors import position_get, technician_get, technician_get_locked

# Keeping apart


@transaction.atomic
def job_exclude(*, job_id: UUID, technician_id: UUID, actor: User, reason: str) -> tuple[Exclusion, bool]:
    """Keep the technician from this job for ever; return the exclusion, and whether it is new. Audited.

    An open offer to him is taken back and the search goes on. Idempotent: the first reason stays.

    :raises Invalid: if the reason is blank, or there is no such technician
    :raises TechnicianHasJob: if the job is his: it can be transferred
    :raises IllegalTransition: if the job is closed
    """
    if not reason.strip():
        raise Invalid(reason=["Staff say why."])
    _check_known(technician_id)
    job = job_get_locked(job_id)
    if job.status in CLOSED:
        raise IllegalTransition(state=job.status, action="exclude")
    if job.technician_id == technician_id:
        raise TechnicianHasJob("The job is his. Transfer it to somebody else instead.")
    offers, at = offer_list_live_locked(job_id), clock.now()
    exclusion, is_new = Exclusion.objects.get_or_create(
        job=job, technician_id=technician_id, defaults={"reason": reason, "created_by": actor, "created_at": at}
    )
    if is_new:
        _withdraw_open(job, offers, technician_id, note="excluded by staff", at=at)
        after = {"technician_id": technician_id}
        audit.record(actor=actor, action="job.exclude", target=job, reason=reason, after=after)
    return exclusion, is_new


def offers_withdraw_blocked(*, customer_id: UUID, technician_id: UUID) -> None:
    """Take back the technician's open offer of a job of this customer, now that they do not meet, and search on.

    Idempotent; if the block is lifted by the time this runs, nothing happens.
    """
    for job_id in offer_open_job_ids_with(customer_id=customer_id, technician_id=technician_id):
        _withdraw_blocked(job_id, technician_id)


@transaction.atomic
def _withdraw_blocked(job_id: UUID, technician_id: UUID) -> None:
    job = job_get_locked(job_id)
    offers, at = offer_list_live_locked(job_id), clock.now()
    if technician_id in blocked_technician_ids(job.customer_id):
        _withdraw_open(job, offers, technician_id, note="the two do not meet again", at=at)


def _withdraw_open(job: Job, offers: list[Offer], technician_id: UUID, *, note: str, at: datetime) -> None:
    """Take back his open offer among the job's live ones, all locked, and have the next pass run."""
    for offer in offers:
        if offer.technician_id == technician_id and offer.status == OfferStatus.PENDING:
            offer_withdraw(offer, note=note, at=at)
            offer_search_on(job, at)


# Giving by hand


@transaction.atomic
def job_assign_by_hand(*, job_id: UUID, technician_id: UUID, actor: User, reason: str) -> Offer:
    """Give a job that is looked for, or that nobody was found for, to the technician; return his offer. Audited.

    An open offer to whomever is taken back. What holds of an accept holds here.

    :raises Forbidden: unless the actor is a dispatcher
    :raises Invalid: if the reason is blank, or there is no such technician
    :raises ManualAssignmentOff: unless a setting allows it
    :raises TechnicianNotVerified: if he may not work
    :raises AccountRestricted: if he may only finish what he has
    :raises AccountSuspended: if his account does not work
    :raises TechnicianExcluded: if staff keep him from the job
    :raises TechnicianBlocked: if he or the customer does not want to meet the other
    :raises IllegalTransition: unless the job is in MATCHING or UNMATCHED
    :raises IntegrityError: answered as BOOKING_OVERLAP, if he has other work then
    """
    _check_dispatch(actor, reason, technician_id)
    job = job_get_locked(job_id)
    offers_settle(job)  # one that was given back a moment ago still has its old offer
    offers = offer_list_live_locked(job_id)
    technician, at = technician_get_locked(technician_id), clock.now()
    _check_may_have(job, technician)
    before = _facts(job)
    job_assign(job=job, technician=technician, actor=actor, at=at)
    for offer in offers:
        offer_withdraw(offer, note="given to somebody by staff", actor=actor, at=at)
    offer = _offer_add(job, technician, actor, at)
    audit.record(actor=actor, action="job.assign", target=job, reason=reason, before=before, after=_facts(job))
    return offer


@transaction.atomic
def job_transfer_by_hand(*, job_id: UUID, technician_id: UUID, actor: User, reason: str) -> Offer:
    """Move a job nobody has started to another technician, in one step; return his offer. Audited.

    It does not count against who had it, and not as a re-match. Refuses whatever `job_assign_by_hand` refuses.

    :raises IllegalTransition: unless the job is ASSIGNED
    :raises TechnicianHasJob: if the job is his already
    """
    _check_dispatch(actor, reason, technician_id)
    job = job_get_locked(job_id)
    if job.status != JobStatus.ASSIGNED or job.technician_id is None:
        raise IllegalTransition(state=job.status, action="transfer")
    if job.technician_id == technician_id:
        raise TechnicianHasJob
    offers = offer_list_live_locked(job_id)
    locked = {pk: technician_get_locked(pk) for pk in sorted([job.technician_id, technician_id])}
    technician, at = locked[technician_id], clock.now()
    _check_may_have(job, technician)
    before = _facts(job)
    job_transfer_by_staff(job=job, held_by=job.technician_id, technician=technician, actor=actor, at=at)
    for offer in offers:
        offer_release(offer, note=CancelReason.TRANSFERRED.value, actor=actor, at=at)
    offer = _offer_add(job, technician, actor, at)
    audit.record(actor=actor, action="job.transfer", target=job, reason=reason, before=before, after=_facts(job))
    return offer


def _check_dispatch(actor: User, reason: str, technician_id: UUID) -> None:
    if not actor.has_perm(DISPATCH_JOB):
        raise Forbidden("Only dispatchers give jobs by hand.")
    if not reason.strip():
        raise Invalid(reason=["Staff say why."])
    _check_known(technician_id)
    if not settings.MANUAL_ASSIGNMENT:
        raise ManualAssignmentOff


def _check_known(technician_id: UUID) -> None:
    try:
        technician_get(technician_id)
    except NotFound:
        raise Invalid(technician_id=["There is no such technician."]) from None


def _check_may_have(job: Job, technician: Technician) -> None:
    if technician.verification != Verification.VERIFIED:
        raise TechnicianNotVerified
    user_check_may_begin(technician.user)
    if technician.pk in exclusions_of(job.pk):
        raise TechnicianExcluded
    if technician.pk in blocked_technician_ids(job.customer_id):
        raise TechnicianBlocked


def _facts(job: Job) -> dict[str, object]:
    return {"status": job.status, "technician_id": job.technician_id}


# Offers


def _offer_add(job: Job, technician: Technician, actor: User, at: datetime) -> Offer:
    """Write the offer that the assignment stands on, accepted as it is made: at the price that holds for him now."""
    price, away_m = price_current(job.pk), _distance_m(job, technician)
    offer = Offer.objects.create(
        job=job,
        technician=technician,
        status=OfferStatus.ACCEPTED,
        source=OfferSource.STAFF,
        number=offer_counts(job)[0] + 1,
        search_number=job.search_number,
        created_at=at,
        expires_at=at + timedelta(seconds=settings.OFFER_TIMEOUT_S),
        closed_at=at,
        distance_m=round(away_m),
        eta_min=round(eta_min(away_m), 1),
        amount_minor=price.amount_minor,
        technician_earnings_minor=price.technician_earnings_minor,
        currency=price.currency,
    )
    offer_event_add(offer, kind=OfferEventKind.CREATED, actor=actor, at=at)
    offer_event_add(offer, kind=OfferEventKind.ACCEPTED, actor=actor, at=at)
    return offer


def _distance_m(job: Job, technician: Technician) -> float:
    """Return how far he is: from his last position, else from his base, which everybody verified has."""
    place = cast("Position | Point", position_get(technician.pk) or technician.base)
    return distance_m(job.latitude, job.longitude, place.latitude, place.longitude)
