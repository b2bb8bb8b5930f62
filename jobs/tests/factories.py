"""Jobs in every state, made without the services, so that any app's tests can start from one."""

from datetime import timedelta
from decimal import Decimal

import factory
from django.db import transaction
from django.utils import timezone

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.money import share_minor
from jobs.enums import STATUS_AFTER, CancelReason, JobEventKind, JobStatus, LineKind, PriceKind
from jobs.models import Job, JobEvent, JobPrice, JobPriceLine, QuoteLine, QuoteRevision
from technicians.tests.factories import TechnicianFactory

RATE = Decimal("0.1500")


class JobFactory(factory.django.DjangoModelFactory):
    """A REQUESTED job in Boston, with its quote and its first event."""

    class Meta:
        model = Job
        skip_postgeneration_save = True

    customer = factory.SubFactory(UserFactory)
    service = factory.SubFactory(ServiceFactory)
    description = "The tap drips."
    address = "12 Beacon Street"
    latitude = 42.36
    longitude = -71.06
    duration_minutes = factory.SelfAttribute("service.duration_minutes")
    created_at = factory.LazyFunction(timezone.now)
    next_pass_at = factory.SelfAttribute("created_at")

    @factory.post_generation
    def history(job, create, extracted, **kwargs):
        price_for(job)
        event_for(job, JobEventKind.REQUESTED)


@transaction.atomic  # a price and its lines are committed together, or refused
def price_for(job, kind=PriceKind.QUOTE, amount_minor=None, revision=1):
    amount_minor = job.service.quoted_minor if amount_minor is None else amount_minor
    fee_minor = share_minor(amount_minor, RATE)
    price = JobPrice.objects.create(
        job=job,
        revision=revision,
        kind=kind,
        amount_minor=amount_minor,
        currency=job.service.currency,
        fee_rate=RATE,
        fee_source="standard",
        platform_fee_minor=fee_minor,
        technician_earnings_minor=amount_minor - fee_minor,
        created_at=job.created_at,
    )
    line = {"kind": LineKind.LABOUR, "description": job.service.name, "quantity": 1}
    JobPriceLine.objects.create(price=price, position=1, unit_minor=amount_minor, amount_minor=amount_minor, **line)
    return price


@transaction.atomic
def quote_for(job, amount_minor=5_000, **kwargs):
    """What the technician of a job in progress proposes: one part."""
    last = job.quotes.order_by("number").last()
    facts = {"note": "The pump is seized.", "currency": job.service.currency, "proposed_at": job.created_at}
    facts |= {"number": last.number + 1 if last else 1, "expires_at": job.created_at + timedelta(minutes=30)}
    quote = QuoteRevision.objects.create(
        job=job, technician=job.technician, amount_minor=amount_minor, **{**facts, **kwargs}
    )
    line = {"kind": LineKind.PARTS, "description": "Pump", "quantity": 1}
    QuoteLine.objects.create(quote=quote, position=1, unit_minor=amount_minor, amount_minor=amount_minor, **line)
    return quote


def event_for(job, kind):
    return JobEvent.objects.create(job=job, kind=kind, status=STATUS_AFTER.get(kind, job.status), at=job.created_at)


def job_matching(**kwargs):
    """A job being searched for, from its creation on."""
    job = JobFactory(**kwargs)
    job.begin_matching(at=job.created_at)
    return _saved(job, JobEventKind.MATCHING_STARTED)


def job_unmatched(**kwargs):
    job = job_matching(**kwargs)
    job.give_up()
    return _saved(job, JobEventKind.UNMATCHED)


def job_assigned(technician=None, **kwargs):
    """A job that a technician took at the moment it was created."""
    job = job_matching(**kwargs)
    at = job.created_at
    job.assign(
        technician=technician or TechnicianFactory(),
        booked_from=at,
        booked_until=at + timedelta(minutes=job.duration_minutes),
        at=at,
    )
    return _saved(job, JobEventKind.ASSIGNED)


def job_nobody_opens(technician=None, **kwargs):
    """A job whose technician has said, at the moment it was created, that he stands at the door."""
    job = job_assigned(technician, **kwargs)
    job.waiting_from = job.created_at
    job.save(update_fields=["waiting_from"])
    return job


def job_in_progress(technician=None, **kwargs):
    job = job_assigned(technician, **kwargs)
    job.start(at=job.created_at)
    return _saved(job, JobEventKind.STARTED)


def job_completed(technician=None, **kwargs):
    job = job_in_progress(technician, **kwargs)
    job.complete(work_summary="New washer.", at=job.created_at)
    return _saved(job, JobEventKind.COMPLETED)


def job_cancelled(**kwargs):
    job = JobFactory(**kwargs)
    job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=job.created_at)
    return _saved(job, JobEventKind.CANCELLED)


JOB_IN = {
    JobStatus.REQUESTED: JobFactory,
    JobStatus.MATCHING: job_matching,
    JobStatus.UNMATCHED: job_unmatched,
    JobStatus.ASSIGNED: job_assigned,
    JobStatus.IN_PROGRESS: job_in_progress,
    JobStatus.COMPLETED: job_completed,
    JobStatus.CANCELLED: job_cancelled,
}


def _saved(job, kind):
    job.save()
    event_for(job, kind)
    return job
