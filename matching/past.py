"""One technician at the moments of passes gone by: the same facts that the gates ask about, from what was kept.

A constant number of queries, however many passes. What is kept is what the engine saw, but for two things: a position
is right to within `POSITION_TRACE_M`, and of its ages only the last is known. Before it, he counts as just heard of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from fixmate.core.geo import Point, distance_m
from jobs.enums import BlockSide
from jobs.models import Block, Job
from jobs.past import Engagement, engagements_of
from jobs.rules import Booking
from matching.enums import OfferEventKind, OfferSource, OfferStatus, RejectReason
from matching.facts import visit_of
from matching.gates import Facts, MissingDocument, Search
from matching.memory import Refusal
from matching.models import Exclusion, MatchingPass, Offer, OfferEvent
from technicians.models import Position, PositionTrace, Technician, TechnicianState
from technicians.past import PastState, past_state

_TICK = timedelta(microseconds=1)
_REFUSED = (OfferStatus.REJECTED, OfferStatus.RELEASED)


@dataclass(frozen=True, slots=True)
class Look:
    """A pass, with its job, and what it looked for."""

    this_pass: MatchingPass
    search: Search


@dataclass(frozen=True, slots=True)
class Past:
    """What was kept about a technician over a stretch of time."""

    technician: Technician
    states: Mapping[UUID, PastState]
    places: Mapping[UUID, Point]
    last_heard_at: datetime | None
    offers: Sequence[Any]
    accepted_at: Mapping[UUID, datetime]
    engagements: Sequence[Engagement]
    blocks: Sequence[Block]
    excluded_at: Mapping[UUID, datetime]


def past_of(technician: Technician, looks: Sequence[Look]) -> Past:
    """Return what was kept about the technician that bears on these passes.

    A pass from before anything was kept is not among the `states`.
    """
    moments = [look.search.at for look in looks] or [technician.created_at]
    since, until = min(moments), max(moments)
    memory = timedelta(seconds=max((look.search.memory.longest_s for look in looks), default=0))
    passes = [look.this_pass for look in looks]
    offers = list(_offers(technician, passes, since - memory))
    lost = {offer.job_id for offer in offers if offer.status == OfferStatus.RELEASED}
    states, places = _in_force(technician.pk, [one.pk for one in passes])
    customers = {one.job.customer_id for one in passes}
    return Past(
        technician=technician,
        states=states,
        places=places,
        last_heard_at=Position.objects.filter(pk=technician.pk).values_list("location_at", flat=True).first(),
        offers=offers,
        accepted_at=_accepted_at(offer.pk for offer in offers if offer.status == OfferStatus.RELEASED),
        engagements=engagements_of(technician_id=technician.pk, lost_job_ids=lost, since=since, until=until),
        blocks=list(Block.objects.filter(technician=technician, customer__in=customers).order_by("set_by")),
        excluded_at=_excluded_at(technician, passes),
    )


def _in_force(technician_id: UUID, pass_ids: Sequence[UUID]) -> tuple[dict[UUID, PastState], dict[UUID, Point]]:
    """Return, per pass, the state and the place that held when it began."""
    rows = MatchingPass.objects.filter(pk__in=pass_ids).annotate(
        state=Subquery(_newest(TechnicianState, technician_id)), trace=Subquery(_newest(PositionTrace, technician_id))
    )
    in_force = list(rows.values_list("pk", "state", "trace"))
    states = TechnicianState.objects.in_bulk({state for _, state, _ in in_force if state})
    traces = PositionTrace.objects.in_bulk({trace for _, _, trace in in_force if trace})
    read = {pk: past_state(row.facts) for pk, row in states.items()}
    return (
        {pk: read[state] for pk, state, _ in in_force if state},
        {pk: Point(traces[trace].latitude, traces[trace].longitude) for pk, _, trace in in_force if trace},
    )


def _newest(model: type[TechnicianState] | type[PositionTrace], technician_id: UUID) -> QuerySet[Any, Any]:
    rows = model._default_manager.filter(technician=technician_id, at__lte=OuterRef("started_at"))
    return rows.order_by("-at", "-id").values("pk")[:1]


def _offers(technician: Technician, passes: Sequence[MatchingPass], since: datetime) -> QuerySet[Any, Any]:
    """Return his offers that are open or ended since then, and all that he had of the passes' jobs."""
    bears = Q(closed_at__isnull=True) | Q(closed_at__gte=since) | Q(job__in={one.job_id for one in passes})
    his = Offer.objects.filter(bears, technician=technician).order_by("created_at", "number")
    return his.annotate(service_id=F("job__service_id")).values_list(
        "pk",
        "job_id",
        "service_id",
        "matching_pass_id",
        "source",
        "status",
        "search_number",
        "created_at",
        "closed_at",
        "reject_reason",
        "distance_m",
        "technician_earnings_minor",
        named=True,
    )


def _accepted_at(offer_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Return when offers that ended later were accepted: their own row holds the later end alone."""
    accepted = OfferEvent.objects.filter(offer__in=list(offer_ids), kind=OfferEventKind.ACCEPTED)
    return dict(accepted.values_list("offer_id", "at"))


def _excluded_at(technician: Technician, passes: Sequence[MatchingPass]) -> dict[UUID, datetime]:
    excluded = Exclusion.objects.filter(technician=technician, job__in={one.job_id for one in passes})
    return dict(excluded.values_list("job_id", "created_at"))


# One pass


def facts_then(past: Past, look: Look) -> Facts | None:
    """Return what the gates would have been told of him, or None where nothing is known of him then.

    Without a base he could not be placed at all: that is nothing known as well.
    """
    this_pass, search, job = look.this_pass, look.search, look.this_pass.job
    state = past.states.get(this_pass.pk)
    if state is None or state.base is None:
        return None
    place = past.places.get(this_pass.pk, state.base)
    return Facts(
        technician=_as_he_was(past.technician, state),
        account=state.account,
        distance_m=_away_m(job, state.base if search.uses_base else place),
        base_distance_m=_away_m(job, state.base),
        travel_radius_m=state.travel_radius_m,
        location_at=_heard_at(past, this_pass, state),
        has_skill=job.service_id in state.services,
        missing_documents=_missing(state, search),
        availability_gap=state.availability.gap(search.start, search.end),
        visits=tuple(_visits(past, job, search.at)),
        tried=_tried(past, this_pass),
        is_excluded=past.excluded_at.get(job.pk, search.at + _TICK) <= search.at,
        blocked_by=_blocked_by(past, job, search.at),
        refusals=tuple(_refusals(past, job, search)),
        has_live_offer=_had_live_offer(past, this_pass),
    )


def _as_he_was(technician: Technician, state: PastState) -> Technician:
    """Return a technician in memory alone, with what of his row the gates read."""
    return Technician(
        pk=technician.pk,
        user_id=technician.user_id,
        verification=state.verification,
        is_online=state.is_online,
        time_zone=state.availability.time_zone,
        cooldown_until=state.cooldown_until,
        paused_until=state.paused_until,
    )


def _away_m(job: Job, place: Point) -> float:
    return distance_m(job.latitude, job.longitude, place.latitude, place.longitude)


def _heard_at(past: Past, this_pass: MatchingPass, state: PastState) -> datetime:
    """Return the last sign of him before the pass; where a later one has taken its place, he counts as there."""
    if this_pass.pk not in past.places or past.last_heard_at is None:
        return state.presence_since
    return min(past.last_heard_at, this_pass.started_at)


def _missing(state: PastState, search: Search) -> tuple[MissingDocument, ...]:
    last_day = (search.end - _TICK).astimezone(ZoneInfo(state.availability.time_zone)).date()
    missing = state.documents_missing(settings.REQUIRED_DOCUMENTS, last_day)
    return tuple(MissingDocument(kind, expired_on) for kind, expired_on in missing.items())


def _visits(past: Past, job: Job, at: datetime) -> Iterable[Any]:
    held = [one for one in past.engagements if one.was_held_at(at)]
    for one in sorted(held, key=lambda one: (one.booked_from, one.job.pk)):
        started_at = one.started_at if one.was_in_progress_at(at) else None
        place = one.job.latitude, one.job.longitude
        yield visit_of(job, Booking(one.job.pk, *place, one.booked_from, one.booked_until, started_at), at)


def _tried(past: Past, this_pass: MatchingPass) -> str:
    """Return how his last offer of this job had ended by then: a refusal holds for ever, silence for that search."""
    tried = ""
    for offer in past.offers:
        if offer.job_id != this_pass.job_id or not _was_closed(offer, this_pass.started_at):
            continue
        was_silent = offer.status == OfferStatus.EXPIRED and offer.search_number == this_pass.search_number
        if offer.status in _REFUSED or was_silent:
            tried = offer.status
    return tried


def _blocked_by(past: Past, job: Job, at: datetime) -> BlockSide | None:
    held = [
        block
        for block in past.blocks
        if block.customer_id == job.customer_id
        and block.created_at <= at
        and (block.lifted_at is None or block.lifted_at > at)
    ]
    return BlockSide(held[-1].set_by) if held else None


def _refusals(past: Past, job: Job, search: Search) -> Iterable[Refusal]:
    since = search.at - timedelta(seconds=search.memory.longest_s)
    for offer in past.offers:
        is_declined = offer.status == OfferStatus.REJECTED and offer.reject_reason != RejectReason.OTHER
        if is_declined and since < offer.closed_at <= search.at:
            yield Refusal(
                reason=RejectReason(offer.reject_reason),
                at=offer.closed_at,
                distance_m=offer.distance_m,
                pays_minor=offer.technician_earnings_minor,
                is_same_service=offer.service_id == job.service_id,
            )


def _had_live_offer(past: Past, this_pass: MatchingPass) -> bool:
    at = this_pass.started_at
    return any(
        offer.matching_pass_id != this_pass.pk
        and offer.source == OfferSource.ENGINE
        and offer.created_at <= at
        and not _was_answered(past, offer, at)
        for offer in past.offers
    )


def _was_answered(past: Past, offer: Any, at: datetime) -> bool:
    answered_at = past.accepted_at.get(offer.pk, offer.closed_at)
    return answered_at is not None and answered_at <= at


def _was_closed(offer: Any, at: datetime) -> bool:
    return offer.closed_at is not None and offer.closed_at <= at
