from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from fixmate.core.geo import distance_m
from jobs.models import Job
from jobs.selectors import job_bookings, job_workloads
from matching.enums import LIVE, OfferStatus
from matching.gates import Facts, Search
from matching.models import CandidateDecision, MatchingPass, Offer
from technicians.models import Dispatchable
from technicians.selectors import availability_by_technician, dispatchable_list_near, documents_missing

ACCEPTANCE_WINDOW = timedelta(days=30)

# Offers


def offer_list_visible_to(user: User) -> QuerySet[Offer]:
    """Return the offers this user may know exist: a technician his own, staff all."""
    offered = Prefetch(
        "matching_pass__decisions",
        queryset=CandidateDecision.objects.filter(was_offered=True),
        to_attr="offered_decisions",
    )
    offers = Offer.objects.select_related("job__service", "matching_pass").prefetch_related(offered)
    return offers if user.role == Role.ADMIN else offers.filter(technician__user=user)


def offer_get_visible_to(*, user: User, offer_id: UUID) -> Offer:
    """:raises NotFound: if there is none this user may know of"""
    offer = offer_list_visible_to(user).filter(pk=offer_id).first()
    if offer is None:
        raise NotFound
    return offer


def offer_get_locked(offer_id: UUID) -> Offer:
    """Return the offer with its row locked. The job's row must be locked before it."""
    return Offer.objects.select_for_update().get(pk=offer_id)


def offer_job_id(*, offer_id: UUID, user: User) -> UUID:
    """Return the job of a technician's own offer, so that it can be locked first.

    :raises NotFound: if the offer is not his
    """
    job_id = Offer.objects.filter(pk=offer_id, technician__user=user).values_list("job_id", flat=True).first()
    if job_id is None:
        raise NotFound
    return job_id


def offer_list_live_locked(job_id: UUID) -> list[Offer]:
    """Return the job's live offers (there is at most one) with their rows locked. The job must be locked before."""
    return list(Offer.objects.select_for_update().filter(job_id=job_id, status__in=LIVE))


def offer_ids_expired(*, at: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (job, offer) of the offers past their deadline, the oldest first."""
    due = Offer.objects.filter(status=OfferStatus.PENDING, expires_at__lte=at).order_by("expires_at")
    return list(due.values_list("job_id", "pk")[:limit])


def offer_open_job_ids(technician_id: UUID) -> list[UUID]:
    """Return the job of the technician's open offer, if he has one."""
    return list(
        Offer.objects.filter(technician_id=technician_id, status=OfferStatus.PENDING).values_list("job_id", flat=True)
    )


def offer_counts(job: Job) -> tuple[int, int]:
    """Return how many offers the job has had, in all and in its present search."""
    this_search = Count("pk", filter=Q(search_number=job.search_number))
    counts = Offer.objects.filter(job=job).aggregate(total=Count("pk"), this_search=this_search)
    return counts["total"], counts["this_search"]


# Passes


def pass_last(job_id: UUID) -> MatchingPass | None:
    return MatchingPass.objects.filter(job_id=job_id).order_by("-number").first()


def pass_list(job_id: UUID) -> QuerySet[MatchingPass]:
    """Return every pass of a job with its candidates and offers, for staff."""
    decisions = Prefetch("decisions", queryset=CandidateDecision.objects.order_by("rank", "distance_m"))
    return MatchingPass.objects.filter(job_id=job_id).prefetch_related(decisions, "offers")


# Candidates


def facts_near(*, job: Job, search: Search) -> list[Facts]:
    """Return who could do the job, within the radius, nearest first, with what the gates ask about each.

    A constant number of queries, whatever the number of technicians.
    """
    rows = dispatchable_list_near(
        service_id=job.service_id,
        latitude=job.latitude,
        longitude=job.longitude,
        radius_m=search.radius_m,
        by_base=search.uses_base,
    )
    return _facts(job, search, rows) if rows else []


def _facts(job: Job, search: Search, rows: list[Dispatchable]) -> list[Facts]:
    ids = [row.technician_id for row in rows]
    missing = documents_missing(technician_ids=ids, on=search.start.date())
    availability = availability_by_technician(ids)
    bookings = job_bookings(technician_ids=ids, start=search.start, end=search.end, at=search.at)
    workloads = job_workloads(ids)
    tried = _tried(job)
    holding = _holding_offer(ids)
    return [
        Facts(
            technician=row.technician,
            distance_m=_distance(job, row, by_base=search.uses_base),
            base_distance_m=_distance(job, row, by_base=True),
            travel_radius_m=row.travel_radius_m,
            location_at=row.location_at,
            has_skill=row.service_id == job.service_id,
            missing_documents=tuple(missing.get(row.technician_id, ())),
            availability_gap=availability[row.technician_id].gap(search.start, search.end),
            booked_until=bookings[row.technician_id].booked_until if row.technician_id in bookings else None,
            workload=workloads.get(row.technician_id, 0),
            tried=tried.get(row.technician_id, ""),
            has_live_offer=row.technician_id in holding,
        )
        for row in rows
    ]


def _distance(job: Job, row: Dispatchable, *, by_base: bool) -> float:
    latitude, longitude = (row.base_latitude, row.base_longitude) if by_base else (row.latitude, row.longitude)
    return distance_m(job.latitude, job.longitude, latitude, longitude)


def _tried(job: Job) -> dict[UUID, str]:
    """Return who was asked before and how it ended: a refusal holds for ever, silence for this search."""
    refused = Q(status__in=[OfferStatus.REJECTED, OfferStatus.RELEASED])
    silent = Q(status=OfferStatus.EXPIRED, search_number=job.search_number)
    rows = Offer.objects.filter(refused | silent, job=job).order_by("number")
    return dict(rows.values_list("technician_id", "status"))


def _holding_offer(technician_ids: Iterable[UUID]) -> set[UUID]:
    rows = Offer.objects.filter(technician_id__in=technician_ids, status=OfferStatus.PENDING)
    return set(rows.values_list("technician_id", flat=True))


def offer_statistics(*, technician_ids: Iterable[UUID], at: datetime) -> dict[UUID, dict[str, Any]]:
    """Return `accepted`, `decided` (of the last 30 days) and `today` per technician; who has none is left out.

    An offer that nobody was shown is no decision.
    """
    accepted = Q(status__in=[OfferStatus.ACCEPTED, OfferStatus.RELEASED])
    decided = accepted | Q(status=OfferStatus.REJECTED) | Q(status=OfferStatus.EXPIRED, seen_at__isnull=False)
    today = Q(created_at__gte=at.replace(hour=0, minute=0, second=0, microsecond=0))
    recent = Offer.objects.filter(technician_id__in=technician_ids, created_at__gte=at - ACCEPTANCE_WINDOW)
    rows = recent.values("technician_id").annotate(
        accepted=Count("pk", filter=accepted), decided=Count("pk", filter=decided), today=Count("pk", filter=today)
    )
    return {row["technician_id"]: dict(row) for row in rows.order_by()}
