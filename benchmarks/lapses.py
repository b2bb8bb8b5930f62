"""The town of `make bench-expiry`: technicians at work, and as many offers past their deadline as are asked for.

Half of the offers were shown: these count as silence, and move the rank of their technicians.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from accounts.enums import Role, UserStatus
from accounts.models import User
from benchmarks import metro
from fixmate.core import clock
from jobs.enums import JobStatus
from jobs.models import Job
from matching.enums import OfferEventKind
from matching.models import Offer, OfferEvent
from matching.policies import POLICIES
from technicians.models import Technician
from technicians.selectors import technician_list_locked
from technicians.services.history import history_note_each

BEGAN_AGO, OPEN_FOR, SHOWN_AFTER = timedelta(minutes=3), timedelta(minutes=1), timedelta(seconds=3)
_AT_ONCE = 1_000


def peopled(count: int) -> metro.Metro:
    """Return a metro with so many technicians, each with his row of history as going online leaves it."""
    town = metro.found()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys that are right by making
        metro.grow(town, 0, count, POLICIES["index"])
        cursor.execute("RESET session_replication_role")
    for first in range(0, count, _AT_ONCE):
        with transaction.atomic():
            history_note_each(technician_list_locked(_technician_ids(first, _AT_ONCE)))
    metro.settle()
    return town


def offers_due(town: metro.Metro, first: int, count: int) -> list[tuple[UUID, UUID]]:
    """Make an offer past its deadline for each of so many technicians; return them as (job, offer)."""
    lots, at = random.Random(first), clock.now()
    customer = User.objects.create(
        email=f"customer-{at.timestamp()}@example.com", first_name="C", role=Role.CUSTOMER, status=UserStatus.ACTIVE
    )
    jobs = [_job(town, customer, lots) for _ in range(count)]
    technicians = _technician_ids(first, count)
    pairs = zip(jobs, technicians, strict=True)
    offers = [_offer(job, pk, is_shown=bool(number % 2)) for number, (job, pk) in enumerate(pairs)]
    with transaction.atomic():
        Job.objects.bulk_create(jobs, _AT_ONCE)
        Offer.objects.bulk_create(offers, _AT_ONCE)
        OfferEvent.objects.bulk_create(_beginnings(offers), _AT_ONCE)
    _settle()
    return [(offer.job_id, offer.pk) for offer in offers]


def _settle() -> None:
    """Vacuum and analyse what has been filled: outside a transaction."""
    metro.settle()
    with connection.cursor() as cursor:
        for model in (Job, Offer, OfferEvent):
            cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")


def _technician_ids(first: int, count: int) -> list[UUID]:
    return list(Technician.objects.order_by("pk").values_list("pk", flat=True)[first : first + count])


def _job(town: metro.Metro, customer: User, lots: random.Random) -> Job:
    latitude, longitude = town.place(lots)
    service, began = lots.choice(town.services), town.at - BEGAN_AGO
    return Job(
        customer=customer,
        service=service,
        status=JobStatus.MATCHING,
        description="It drips.",
        address="1 Street",
        latitude=latitude,
        longitude=longitude,
        duration_minutes=service.duration_minutes,
        created_at=began,
        search_started_at=began,
        search_number=1,
    )


def _offer(job: Job, technician_id: UUID, *, is_shown: bool) -> Offer:
    began = job.created_at
    return Offer(
        job=job,
        technician_id=technician_id,
        number=1,
        search_number=1,
        created_at=began,
        expires_at=began + OPEN_FOR,
        seen_at=began + SHOWN_AFTER if is_shown else None,
        distance_m=1_200,
        eta_min=3.7,
        amount_minor=10_000,
        technician_earnings_minor=8_500,
        currency="USD",
    )


def _beginnings(offers: list[Offer]) -> Iterator[OfferEvent]:
    return (OfferEvent(offer=offer, kind=OfferEventKind.CREATED, at=offer.created_at) for offer in offers)
