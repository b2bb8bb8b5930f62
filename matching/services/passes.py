"""The pass: one look for a technician, ending in one exclusive offer, in a later look, or in giving up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from fixmate.core.ids import uuid7
from jobs.enums import JobStatus
from jobs.models import Job, JobPrice
from jobs.rules import dispatch_at
from jobs.selectors import job_get_locked, job_ids_due_for_pass, price_current
from jobs.services import job_begin_matching, job_mark_unmatched, job_set_next_pass
from matching.enums import OfferEventKind, PassOutcome
from matching.events import OfferCreated, PassDue
from matching.gates import Search
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.policies import policy_named
from matching.policies.base import MatchingPolicy, version_of
from matching.selectors import offer_counts, pass_last
from matching.services.candidates import Considered, consider, digest_of, passed_by_rank, turned_away
from matching.services.offers import offer_event_add, offers_settle
from matching.services.search import next_look, offer_deadline, search_end, search_for, widened_m
from technicians.services import technician_note_offered

DUE_BATCH = 200
_ONE_OPEN_OFFER = ("offer_one_open_per_technician", "matching_offer.technician_id")


@dataclass(frozen=True, slots=True)
class _Look:
    """One pass under way."""

    job: Job
    price: JobPrice
    policy: MatchingPolicy
    number: int
    attempt: int
    started: float
    id: UUID


@transaction.atomic
def matching_run_pass(*, job_id: UUID) -> MatchingPass | None:
    """Look for a technician once; return the pass, or None where there was nothing to look for.

    Locks the job. Idempotent: a doubled or late call finds the live offer, or the job gone on, and does nothing.
    """
    started = time.perf_counter()
    job = job_get_locked(job_id)
    has_live_offer = offers_settle(job)
    at = clock.now()
    if job.status == JobStatus.REQUESTED and dispatch_at(job) <= at:
        job_begin_matching(job=job, at=at)
    if job.status != JobStatus.MATCHING or has_live_offer:
        return None
    total, this_search = offer_counts(job)
    last = pass_last(job.pk)
    look = _Look(
        job=job,
        price=price_current(job.pk),
        policy=policy_named(settings.MATCHING_POLICY),
        number=last.number + 1 if last else 1,
        attempt=total + 1,
        started=started,
        id=uuid7(),
    )
    if at >= search_end(job) or this_search >= settings.MAX_OFFERS_PER_JOB:
        return _give_up(look, at)
    return _search(look, at, last)


def matching_pass_request_due() -> int:
    """Order a pass for every job whose timer has come; return how many. Safe to run twice at once."""
    return each_alone(job_ids_due_for_pass(at=clock.now(), limit=DUE_BATCH), _request_pass)


@transaction.atomic
def _request_pass(job_id: UUID) -> bool:
    """Set the timer on and order the pass: the timer is what brings it back if the order is lost."""
    job = job_get_locked(job_id)
    at = clock.now()
    if job.next_pass_at is None or job.next_pass_at > at:
        return False
    job_set_next_pass(job=job, at=at + timedelta(seconds=settings.PASS_LOST_S))
    events.publish(PassDue(job_id=job_id))
    return True


def _give_up(look: _Look, at: datetime) -> MatchingPass:
    job_mark_unmatched(job=look.job, at=at)
    return _pass_add(look, search_for(look.job, at), [], PassOutcome.EXHAUSTED)


def _search(look: _Look, at: datetime, last: MatchingPass | None) -> MatchingPass:
    search, considered = _consider_widening(look, search_for(look.job, at))
    considered, offered = _offer_first_free(look, search, considered)
    outcome = PassOutcome.OFFERED if offered else PassOutcome.NOBODY
    this_pass = _pass_add(look, search, considered, outcome)
    if offered or last is None or last.digest != this_pass.digest:
        _decisions_add(this_pass, considered, offered)
    job_set_next_pass(job=look.job, at=None if offered else next_look(look.job, at))
    return this_pass


def _consider_widening(look: _Look, search: Search) -> tuple[Search, list[Considered]]:
    """Look, and while nobody at all is within reach, look further at once."""
    while True:
        considered = consider(job=look.job, price=look.price, search=search, policy=look.policy, attempt=look.attempt)
        if considered or search.radius_m >= settings.SEARCH_RADIUS_MAX_M:
            return search, considered
        search = replace(search, radius_m=widened_m(search.radius_m))


def _offer_first_free(
    look: _Look, search: Search, considered: list[Considered]
) -> tuple[list[Considered], Considered | None]:
    """Offer the job to the best who is not being offered another at this moment."""
    for candidate in passed_by_rank(considered):
        if _try_offer(look, candidate, search.at):
            return considered, candidate
        considered = [turned_away(one) if one is candidate else one for one in considered]
    return considered, None


def _try_offer(look: _Look, candidate: Considered, at: datetime) -> Offer | None:
    """Create the offer, or return None where another pass was faster with this technician."""
    try:
        with transaction.atomic():
            offer = _offer_add(look, candidate, at)
    except IntegrityError as exc:
        if not any(name in str(exc) for name in _ONE_OPEN_OFFER):
            raise
        return None
    technician_note_offered(technician_id=candidate.technician_id)
    offer_event_add(offer, kind=OfferEventKind.CREATED, at=at)
    events.publish(OfferCreated(offer_id=offer.pk, job_id=look.job.pk, technician_id=candidate.technician_id))
    return offer


def _offer_add(look: _Look, candidate: Considered, at: datetime) -> Offer:
    return Offer.objects.create(
        job=look.job,
        technician=candidate.facts.technician,
        matching_pass_id=look.id,  # the row follows in this transaction, when it is known what came of the pass
        number=look.attempt,
        search_number=look.job.search_number,
        created_at=at,
        expires_at=offer_deadline(look.job, at),
        distance_m=round(candidate.facts.distance_m),
        eta_min=candidate.eta_min,
        amount_minor=look.price.amount_minor,
        technician_earnings_minor=look.price.technician_earnings_minor,
        currency=look.price.currency,
    )


# The record


def _pass_add(look: _Look, search: Search, considered: Sequence[Considered], outcome: PassOutcome) -> MatchingPass:
    return MatchingPass.objects.create(
        id=look.id,
        job=look.job,
        number=look.number,
        search_number=look.job.search_number,
        policy=look.policy.key,
        policy_version=version_of(look.policy),
        radius_m=search.radius_m,
        looked_at=len(considered),
        passed=sum(one.passed for one in considered),
        outcome=outcome,
        digest=digest_of(considered),
        started_at=search.at,
        duration_ms=round((time.perf_counter() - look.started) * 1000),
    )


def _decisions_add(this_pass: MatchingPass, considered: Sequence[Considered], offered: Considered | None) -> None:
    """Write one row per technician looked at, offered or not."""
    CandidateDecision.objects.bulk_create(
        CandidateDecision(
            matching_pass=this_pass,
            technician=one.facts.technician,
            verdicts=[verdict.as_json() for verdict in one.verdicts],
            passed=one.passed,
            distance_m=round(one.facts.distance_m),
            eta_min=one.eta_min,
            terms=dict(one.ranked.terms) if one.ranked else {},
            score=one.ranked.score if one.ranked else None,
            rank=one.rank,
            was_offered=one is offered,
        )
        for one in considered
    )
