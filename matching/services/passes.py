"""The pass: one look for a technician, ending in one exclusive offer, in a later look, or in giving up."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from fixmate.core.ids import uuid7
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.rules import dispatch_at
from jobs.selectors import blocked_technician_ids, job_get_locked, job_ids_due_for_pass, price_current
from jobs.services import job_begin_matching, job_mark_unmatched, job_set_next_pass
from matching.enums import LIVE, OfferEventKind, PassOutcome
from matching.events import OfferCreated, PassDue
from matching.gates import Search
from matching.models import MatchingPass, Offer
from matching.selectors import offer_holders, offer_marks, pass_last
from matching.services.candidates import Considered, Found, consider, turned_away
from matching.services.guard import first_in_turn
from matching.services.learning import rules_in_force
from matching.services.offers import offer_event_add, offers_settle
from matching.services.pick import Picked, pick
from matching.services.record import Look, Result, decisions_add, pass_add, shadows_add
from matching.services.rollouts import policy_failed, policy_for
from matching.services.scarcity import hold_radius
from matching.services.search import next_look, offer_deadline, search_end, widened_m
from matching.supply import pass_ordered_job_ids
from technicians.enums import Verification
from technicians.services import technician_note_offered

DUE_BATCH = 200


class _NotFree(Exception):
    """The technician may not be asked any more."""


_ONE_OPEN_OFFER = ("offer_one_open_per_technician", "matching_offer.technician_id")


@transaction.atomic
def matching_run_pass(*, job_id: UUID) -> MatchingPass | None:
    """Look for a technician once; return the pass, or None where there was nothing to look for.

    Locks the job. Idempotent: a doubled or late call finds the live offer, or the job gone on, and does nothing.
    """
    started = time.perf_counter()
    job = job_get_locked(job_id)
    offers = offer_marks(job_id)  # they stay so: whoever changes one locks the job first
    has_live_offer = any(status in LIVE for _, status in offers) and offers_settle(job)
    at = clock.now()
    if job.status == JobStatus.REQUESTED and dispatch_at(job) <= at:
        job_begin_matching(job=job, at=at)
    if job.status != JobStatus.MATCHING or has_live_offer:
        return None
    this_search = sum(number == job.search_number for number, _ in offers)
    last = pass_last(job.pk)
    look = _look_begun(job, last, at, started, attempt=len(offers) + 1)
    if at >= search_end(job, look.rules) or this_search >= look.rules.max_offers_per_job:
        return _give_up(look)
    return _search(look, last)


def _look_begun(job: Job, last: MatchingPass | None, at: datetime, started: float, *, attempt: int) -> Look:
    choice = policy_for(job, last)
    return Look(
        job=job,
        price=price_current(job.pk),
        rules=rules_in_force(job, at),
        policy=choice.policy,
        shadows=choice.shadows,
        number=last.number + 1 if last else 1,
        attempt=attempt,
        at=at,
        started=started,
        id=uuid7(),
    )


def matching_pass_request_due() -> int:
    """Order a pass for every job whose timer has come; return how many. Safe to run twice at once.

    Where the last order still waits in the queue, its job only has its timer set on: the queue is behind, and more of
    the same would keep it so.
    """
    at = clock.now()
    due = job_ids_due_for_pass(at=at, limit=DUE_BATCH)
    ordered = pass_ordered_job_ids(due, at=at)
    each_alone([pk for pk in due if pk in ordered], _wait_on)
    return each_alone([pk for pk in due if pk not in ordered], _request_pass)


@transaction.atomic
def _request_pass(job_id: UUID) -> bool:
    """Set the timer on and order the pass: the timer is what brings it back if the order is lost."""
    is_due = _wait_on(job_id)
    if is_due:
        events.publish(PassDue(job_id=job_id))
    return is_due


@transaction.atomic
def _wait_on(job_id: UUID) -> bool:
    """Set the timer on if it has come; tell whether it had. Locks the job."""
    job = job_get_locked(job_id)
    at = clock.now()
    if job.next_pass_at is None or job.next_pass_at > at:
        return False
    job_set_next_pass(job=job, at=at + timedelta(seconds=settings.PASS_LOST_S))
    return True


def _give_up(look: Look) -> MatchingPass:
    job_mark_unmatched(job=look.job, at=look.at)
    return pass_add(look, Result(PassOutcome.EXHAUSTED, look.search))


def _search(look: Look, last: MatchingPass | None) -> MatchingPass:
    search, found = _consider_widening(look, hold_radius(look.job, look.search, last))
    found, picked = first_in_turn(look, search, found) or (found, pick(found.considered, look.seed))
    considered, offered = _offer_first_free(look, found.considered, picked)
    outcome = PassOutcome.OFFERED if offered else PassOutcome.NOBODY
    job_set_next_pass(job=look.job, at=None if offered else next_look(look.job, look.rules, look.at))
    result = Result(outcome, search, considered, picked, offered, found.fallback)
    return _record(look, result, last)


def _record(look: Look, result: Result, last: MatchingPass | None) -> MatchingPass:
    """Write the pass, and whom it looked at unless that is what the last one wrote."""
    this_pass = pass_add(look, result)
    if result.offered or last is None or last.digest != this_pass.digest:
        decisions_add(this_pass, result)
    if result.offered:
        shadows_add(this_pass, look, result)
    if result.fallback:
        policy_failed(look.policy.key, this_pass.policy_version, look.job, result.fallback)
    return this_pass


def _consider_widening(look: Look, search: Search) -> tuple[Search, Found]:
    """Look, and look further at once while that is better than having nobody."""
    while True:
        found = consider(job=look.job, view=look.view, search=search, policy=look.policy, ctx=look.ctx)
        further_m = _further_m(look, search, found)
        if further_m <= search.radius_m:
            return search, found
        search = replace(search, radius_m=further_m)


def _further_m(look: Look, search: Search, found: Found) -> int:
    """Return how far to look next: a step more while nobody at all is in reach; where the radius was held, and nobody
    there may be asked, as far as the rules say; else no further."""
    if not found.considered and search.radius_m < look.widest_m:
        return widened_m(look.rules, search.radius_m)
    return search.radius_m if any(one.passed for one in found.considered) else look.search.radius_m


def _offer_first_free(
    look: Look, considered: list[Considered], picked: Picked
) -> tuple[list[Considered], Considered | None]:
    """Offer the job to the first picked who is free at this moment."""
    for candidate in picked.order:
        if _try_offer(look, candidate):
            return considered, candidate
        considered = [turned_away(one) if one is candidate else one for one in considered]
    return considered, None


def _try_offer(look: Look, candidate: Considered) -> Offer | None:
    """Create the offer, or return None where this technician is not free any more."""
    try:
        with transaction.atomic():
            return _offer_to(look, candidate)
    except _NotFree:
        return None
    except IntegrityError as exc:
        if not any(name in str(exc) for name in _ONE_OPEN_OFFER):
            raise
        return None


def _offer_to(look: Look, candidate: Considered) -> Offer:
    """Look at him again under his lock, and make the offer: his time to answer begins once all waiting is over.

    Whoever takes him off the search later waits for that lock, and finds the offer to take back. Another offer of his
    is looked for, and not left to the INSERT: that would wait for whoever is closing it, who waits for the same lock.

    :raises _NotFree: if he went offline, was suspended, blocked or asked by another while the pass was looking
    """
    technician = technician_note_offered(technician_id=candidate.technician_id)
    at = clock.now()
    is_at_work = technician.is_online and technician.verification == Verification.VERIFIED
    is_asked = bool(offer_holders([technician.pk]))
    if not is_at_work or is_asked or technician.pk in blocked_technician_ids(look.job.customer_id):
        raise _NotFree
    offer = _offer_add(look, candidate, at)
    offer_event_add(offer, kind=OfferEventKind.CREATED, at=at)
    events.publish(OfferCreated(offer_id=offer.pk, job_id=look.job.pk, technician_id=technician.pk))
    return offer


def _offer_add(look: Look, candidate: Considered, at: datetime) -> Offer:
    return Offer.objects.create(
        job=look.job,
        technician=candidate.facts.technician,
        matching_pass_id=look.id,  # the row follows in this transaction, when it is known what came of the pass
        number=look.attempt,
        search_number=look.job.search_number,
        created_at=at,
        expires_at=offer_deadline(look.job, look.rules, at),
        distance_m=round(candidate.facts.distance_m),
        eta_min=candidate.eta_min,
        amount_minor=look.price.amount_minor,
        technician_earnings_minor=look.price.technician_earnings_minor,
        currency=look.price.currency,
    )
