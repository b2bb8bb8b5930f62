"""Offers and answers, as policies and reputation count them: what staff assigned by hand was nobody's answer."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from matching.enums import OfferSource, OfferStatus
from matching.models import Offer
from technicians.models import Technician

_ACCEPTED = Q(status__in=[OfferStatus.ACCEPTED, OfferStatus.RELEASED])
_DECIDED = _ACCEPTED | Q(status=OfferStatus.REJECTED) | Q(status=OfferStatus.EXPIRED, seen_at__isnull=False)


def _answered(since: datetime) -> QuerySet[Offer]:
    return Offer.objects.filter(_DECIDED, source=OfferSource.ENGINE, created_at__gte=since)


def answers_count(*, technician_ids: Collection[UUID], since: datetime) -> dict[UUID, tuple[int, int]]:
    """Return how many offers made since then each has decided on, and how many of them accepted."""
    counts = {"decided": Count("pk"), "accepted": Count("pk", filter=_ACCEPTED)}
    rows = _answered(since).filter(technician__in=technician_ids).values_list("technician_id")
    counted = rows.annotate(**counts).order_by()
    return {technician_id: (decided, accepted) for technician_id, decided, accepted in counted}


def technician_list_moved(*, since: datetime) -> QuerySet[Technician]:
    """Return the technicians whose counts say something else than their offers made since then."""
    his = _answered(since).filter(technician=OuterRef("pk")).order_by().values("technician")
    decided = Subquery(his.annotate(count=Count("pk")).values("count"))
    accepted = Subquery(his.annotate(count=Count("pk", filter=_ACCEPTED)).values("count"))
    counted = Technician.objects.alias(decided=Coalesce(decided, 0), accepted=Coalesce(accepted, 0))
    return counted.exclude(recent_decided=F("decided"), recent_accepted=F("accepted")).order_by("pk")


def offers_count(technician_ids: Collection[UUID]) -> Iterable[Mapping[str, Any]]:
    """Return, of all times, how many offers each got, decided on and accepted, and how many jobs he was given."""
    by_engine = Q(source=OfferSource.ENGINE)
    rows = Offer.objects.filter(technician__in=technician_ids).values("technician_id").order_by()
    return rows.annotate(
        offers_received=Count("pk", filter=by_engine),
        offers_decided=Count("pk", filter=_DECIDED & by_engine),
        offers_accepted=Count("pk", filter=_ACCEPTED & by_engine),
        jobs_assigned=Count("pk", filter=_ACCEPTED),
    )
