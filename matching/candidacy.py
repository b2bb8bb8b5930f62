"""Reads behind a technician's own account: passes that looked at him, and those that never did."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from jobs.selectors import job_list_near
from matching.enums import PassOutcome
from matching.models import CandidateDecision, MatchingPass, Offer
from technicians.models import Technician


def decision_list_of(technician_id: UUID, *, since: datetime) -> QuerySet[CandidateDecision]:
    """Return what passes since then made of the technician, each with whether he was ever offered the job."""
    asked = Offer.objects.filter(technician=technician_id, job=OuterRef("matching_pass__job"))
    his = CandidateDecision.objects.filter(technician=technician_id, matching_pass__started_at__gte=since)
    return his.annotate(was_ever_offered=Exists(asked))


def pass_list_without(technician: Technician, *, since: datetime, limit: int) -> list[MatchingPass]:
    """Return the last look for each of the newest jobs, of the technician's services and about as near as he is ever
    looked for, that never looked at him; with the jobs. The skills have to be loaded."""
    if technician.base is None:
        return []
    jobs = job_list_near(
        service_ids=[service.pk for service in technician.services],
        of=technician.base,
        radius_m=technician.travel_radius_m + settings.SEARCH_RADIUS_MAX_M,
        since=since,
    )
    looks = MatchingPass.objects.filter(job=OuterRef("pk")).exclude(outcome=PassOutcome.EXHAUSTED).order_by("-number")
    looked_at = CandidateDecision.objects.filter(technician=technician, matching_pass__job=OuterRef("pk"))
    asked = Offer.objects.filter(technician=technician, job=OuterRef("pk"))
    unseen = jobs.annotate(look=Subquery(looks.values("pk")[:1])).filter(~Exists(looked_at), ~Exists(asked))
    newest = unseen.filter(look__isnull=False).order_by("-created_at", "-pk").values_list("look", flat=True)[:limit]
    passes = MatchingPass.objects.filter(pk__in=list(newest)).select_related("job__service")
    return sorted(passes, key=lambda one: (one.started_at, one.pk), reverse=True)
