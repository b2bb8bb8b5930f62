from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from fixmate.core.prepared import Given, Prepared, among
from jobs.enums import JobStatus
from jobs.models import Job
from matching.enums import LIVE, AlertKind, OfferStatus, RejectReason, RolloutMode
from matching.memory import Refusal
from matching.models import (
    Alert,
    CandidateDecision,
    Exclusion,
    MatchingPass,
    Offer,
    PolicyRollout,
    PolicyVersion,
    ShadowRanking,
)

_REFUSAL = (
    "technician_id",
    "reject_reason",
    "closed_at",
    "distance_m",
    "technician_earnings_minor",
    "job__service_id",
)

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


def offer_list_shown_to(user: User, at: datetime) -> QuerySet[Offer]:
    """Return the offers that are listed: of a technician's, without those that are open on paper alone.

    An offer past its deadline, or of a job that is not looking any more, can neither be answered nor is it closed
    until somebody comes to it in a moment. Staff are shown it, all the more if nobody comes.
    """
    offers = offer_list_visible_to(user)
    if user.role == Role.ADMIN:
        return offers
    can_be_answered = Q(expires_at__gt=at, job__status=JobStatus.MATCHING)
    return offers.filter(~Q(status=OfferStatus.PENDING) | can_be_answered)


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
    return _live_locked.all(job=job_id)


@Prepared
def _live_locked() -> QuerySet[Offer]:
    return Offer.objects.select_for_update().filter(job=Given("job"), status__in=LIVE)


def offer_list_pending_locked(offer_ids: Collection[UUID]) -> list[Offer]:
    """Return those of them that are still open, with their rows locked. Their jobs must be locked before."""
    pending = Offer.objects.select_for_update().filter(pk__in=offer_ids, status=OfferStatus.PENDING)
    pending = pending.only("status", "job", "technician", "expires_at", "seen_at")
    return list(pending.order_by("expires_at", "pk"))


def offer_ids_expired(*, at: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (job, offer) of the offers past their deadline, the oldest first."""
    due = Offer.objects.filter(status=OfferStatus.PENDING, expires_at__lte=at).order_by("expires_at")
    return list(due.values_list("job_id", "pk")[:limit])


def offer_ids_unseen(*, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (job, offer) of the open offers made until then that no app has shown and nobody sent again."""
    unseen = Offer.objects.filter(status=OfferStatus.PENDING, seen_at__isnull=True, pushed_again_at__isnull=True)
    return list(unseen.filter(created_at__lte=before).order_by("created_at").values_list("job_id", "pk")[:limit])


def offer_open_job_ids(technician_id: UUID) -> list[UUID]:
    """Return the job of the technician's open offer, if he has one."""
    return list(
        Offer.objects.filter(technician_id=technician_id, status=OfferStatus.PENDING).values_list("job_id", flat=True)
    )


def offer_open_job_ids_with(*, customer_id: UUID, technician_id: UUID) -> list[UUID]:
    """Return the job of the technician's open offer, if he has one and the job is this customer's."""
    his = Offer.objects.filter(technician_id=technician_id, status=OfferStatus.PENDING, job__customer_id=customer_id)
    return list(his.values_list("job_id", flat=True))


def refusal_count(job_id: UUID) -> int:
    """Return how often the job was declined, in all its searches."""
    return Offer.objects.filter(job_id=job_id, status=OfferStatus.REJECTED).count()


def offer_counts(job: Job) -> tuple[int, int]:
    """Return how many offers the job has had, in all and in its present search."""
    numbers = [number for number, _ in offer_marks(job.pk)]
    return len(numbers), numbers.count(job.search_number)


def offer_marks(job_id: UUID) -> list[tuple[int, str]]:
    """Return, of every offer the job has had, the number of its search and how it stands."""
    return [(number, status) for number, status in _marks.rows(job=job_id)]


@Prepared
def _marks() -> QuerySet[Offer, Any]:
    return Offer.objects.filter(job=Given("job")).values_list("search_number", "status")


def offer_list_of_job(job_id: UUID) -> QuerySet[Offer]:
    """Return every offer of the job, the first one first."""
    return Offer.objects.filter(job_id=job_id).order_by("number")


# Passes


def pass_last(job_id: UUID) -> MatchingPass | None:
    return _pass_newest.first(job=job_id)


@Prepared
def _pass_newest() -> QuerySet[MatchingPass]:
    return MatchingPass.objects.filter(job=Given("job")).order_by("-number")[:1]


def pass_list(job_id: UUID) -> QuerySet[MatchingPass]:
    """Return every pass of a job with its candidates, offers and shadow rankings, for staff.

    `recorded_in` is the number of the pass that holds the candidates: an equal one before, where this one wrote none.
    """
    decisions = Prefetch("decisions", queryset=CandidateDecision.objects.order_by(F("rank").asc(nulls_last=True), "pk"))
    shadows = Prefetch("shadows", queryset=ShadowRanking.objects.select_related("version").order_by("pk"))
    equal = MatchingPass.objects.filter(job_id=job_id, digest=OuterRef("digest"), number__lte=OuterRef("number"))
    written = equal.filter(Exists(CandidateDecision.objects.filter(matching_pass=OuterRef("pk"))))
    passes = MatchingPass.objects.filter(job_id=job_id)
    passes = passes.annotate(recorded_in=Subquery(written.order_by("-number").values("number")[:1]))
    return passes.prefetch_related(decisions, "offers", shadows)


# Candidates


def tried_of(job: Job) -> dict[UUID, str]:
    """Return who was asked before and how it ended: a refusal holds for ever, silence for this search."""
    return dict(_tried.rows(job=job.pk, search=job.search_number))


@Prepared
def _tried() -> QuerySet[Offer, Any]:
    refused = Q(status__in=[OfferStatus.REJECTED, OfferStatus.RELEASED])
    silent = Q(status=OfferStatus.EXPIRED, search_number=Given("search"))
    rows = Offer.objects.filter(refused | silent, job=Given("job")).order_by("number")
    return rows.values_list("technician_id", "status")


def offer_holders(technician_ids: Collection[UUID]) -> set[UUID]:
    """Return who of them has an offer to answer now."""
    return {technician_id for (technician_id,) in _holders.rows(technicians=list(technician_ids))}


@Prepared
def _holders() -> QuerySet[Offer, Any]:
    rows = Offer.objects.filter(among("technician", "technicians"), status=OfferStatus.PENDING)
    return rows.values_list("technician_id")


def refusals_of(*, technician_ids: Collection[UUID], service_id: UUID, since: datetime) -> dict[UUID, list[Refusal]]:
    """Return what each declined after that moment, and why, as it bears on a job of the service."""
    held: dict[UUID, list[Refusal]] = defaultdict(list)
    declined = _declined.rows(technicians=list(technician_ids), since=since)
    for technician_id, reason, at, distance_m, pays_minor, of_service_id in declined:
        refusal = Refusal(
            reason=RejectReason(reason),
            at=at,
            distance_m=distance_m,
            pays_minor=pays_minor,
            is_same_service=of_service_id == service_id,
        )
        held[technician_id].append(refusal)
    return dict(held)


@Prepared
def _declined() -> QuerySet[Offer, Any]:
    rows = Offer.objects.filter(among("technician", "technicians"), status=OfferStatus.REJECTED)
    rows = rows.filter(closed_at__gt=Given("since")).exclude(reject_reason=RejectReason.OTHER)
    return rows.order_by("pk").values_list(*_REFUSAL)


def offers_today(*, technician_ids: Iterable[UUID], at: datetime) -> dict[UUID, int]:
    """Return how many offers each has had since midnight UTC; who had none is left out."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return dict(_counts_since.rows(technicians=list(technician_ids), since=midnight))


@Prepared
def _counts_since() -> QuerySet[Offer, Any]:
    rows = Offer.objects.filter(among("technician", "technicians"), created_at__gte=Given("since"))
    return rows.values_list("technician_id").annotate(count=Count("pk")).order_by()


# What staff decided


def exclusions_of(job_id: UUID) -> dict[UUID, str]:
    """Return whom staff keep from the job, and why."""
    return dict(_excluded.rows(job=job_id))


@Prepared
def _excluded() -> QuerySet[Exclusion, Any]:
    return Exclusion.objects.filter(job=Given("job")).values_list("technician_id", "reason")


# Policies


def rollouts_by_service(service_ids: Collection[UUID]) -> dict[UUID, list[PolicyRollout]]:
    """Return what ranks jobs of each service now, with the versions: its own rollouts before those of all, by age."""
    live = _rollouts_live.all(services=list(service_ids))
    return {pk: _own_first(one for one in live if one.service_id in (pk, None)) for pk in service_ids}


@Prepared
def _rollouts_live() -> QuerySet[PolicyRollout]:
    of_them = among("service", "services") | Q(service__isnull=True)
    return PolicyRollout.objects.filter(of_them, ended_at__isnull=True).select_related("version")


def _own_first(rollouts: Iterable[PolicyRollout]) -> list[PolicyRollout]:
    return sorted(rollouts, key=lambda rollout: (rollout.service_id is None, rollout.pk))


# Alerts


def alert_list() -> QuerySet[Alert]:
    """Return every alert, open or closed, for staff."""
    return Alert.objects.select_related("service")


def alert_get_locked(alert_id: int) -> Alert:
    """Return the alert, locked until the transaction ends.

    :raises NotFound: if there is none
    """
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound
    return alert


def rollout_list_of_keys(service_id: UUID) -> list[PolicyRollout]:
    """Return the defaults that bear on the service's rank keys: those that hold, and those that were begun or ended
    and still have keys to rewrite. The service's own before those of all."""
    return _own_first(_rollouts_of_keys.all(service=service_id))


@Prepared
def _rollouts_of_keys() -> QuerySet[PolicyRollout]:
    of_it = Q(service=Given("service")) | Q(service__isnull=True)
    bearing = Q(ended_at__isnull=True) | Q(indexed_at__isnull=True)
    return PolicyRollout.objects.filter(of_it, bearing, mode=RolloutMode.DEFAULT).select_related("version")


def rollout_list_running(mode: RolloutMode) -> list[PolicyRollout]:
    return list(PolicyRollout.objects.filter(mode=mode, ended_at__isnull=True).order_by("pk"))


def rollout_list_all() -> QuerySet[PolicyRollout]:
    return PolicyRollout.objects.select_related("version", "service")


def rollout_get_locked(rollout_id: int) -> PolicyRollout:
    """Return the rollout with its row locked.

    :raises NotFound: if there is none
    """
    found = PolicyRollout.objects.select_for_update(of=("self",)).select_related("version").filter(pk=rollout_id)
    rollout = found.first()
    if rollout is None:
        raise NotFound
    return rollout


def policy_version_list_all() -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.all()


def policy_version_get(version_id: int) -> PolicyVersion | None:
    return PolicyVersion.objects.filter(pk=version_id).first()


def policy_version_lock_any() -> None:
    """Lock the oldest version until the transaction ends: whoever begins a rollout waits here for the one before.

    A weak lock: rows that refer to the version are written meanwhile.
    """
    PolicyVersion.objects.select_for_update(no_key=True).order_by("pk").first()


def policy_version_find(version: str) -> PolicyVersion | None:
    return _version_named.first(version=version)


@Prepared
def _version_named() -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.filter(version=Given("version"))


def alert_subjects_open(kind: AlertKind) -> list[str]:
    return list(
        Alert.objects.filter(kind=kind, closed_at__isnull=True).order_by("pk").values_list("subject", flat=True)
    )
