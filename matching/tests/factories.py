"""Offers in every state, made without the services."""

from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from jobs.tests.factories import job_assigned, job_matching
from matching.enums import OfferEventKind, OfferStatus, RejectReason
from matching.models import Offer, OfferEvent
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory


class OfferFactory(factory.django.DjangoModelFactory):
    """A PENDING offer of a job in MATCHING, made just now and good for a minute."""

    class Meta:
        model = Offer
        skip_postgeneration_save = True

    job = factory.LazyFunction(job_matching)
    technician = factory.SubFactory(TechnicianFactory)
    number = 1
    search_number = factory.SelfAttribute("job.search_number")
    created_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda offer: offer.created_at + timedelta(seconds=60))
    distance_m = 1200
    eta_min = 3.7
    amount_minor = 10_000
    technician_earnings_minor = 8_500
    currency = "USD"

    @factory.post_generation
    def history(offer, create, extracted, **kwargs):
        OfferEvent.objects.create(offer=offer, kind=OfferEventKind.CREATED, at=offer.created_at)
        if offer.status == OfferStatus.PENDING and offer.job.next_pass_at is not None:
            offer.job.next_pass_at = None
            offer.job.save(update_fields=["next_pass_at"])


def offer_accepted(technician=None, **kwargs):
    """An ACCEPTED offer and its ASSIGNED job."""
    technician = technician or TechnicianFactory()
    job = job_assigned(technician, **kwargs)
    offer = OfferFactory(job=job, technician=technician, created_at=job.created_at)
    offer.accept(at=job.created_at)
    offer.save()
    _count(offer, recent_decided=1, recent_accepted=1)
    return offer


def _count(offer, **answers):
    """Count the answer as the services do."""
    added = {name: F(name) + number for name, number in answers.items()}
    Technician.objects.filter(pk=offer.technician_id).update(**added)


def offer_rejected(reason=RejectReason.BUSY, **kwargs):
    offer = OfferFactory(**kwargs)
    offer.reject(reason=reason, note="", at=offer.created_at)
    offer.save()
    _count(offer, recent_decided=1)
    return offer


def offer_expired(**kwargs):
    offer = OfferFactory(**kwargs)
    offer.expire(at=offer.expires_at)
    offer.save()
    if offer.seen_at:
        _count(offer, recent_decided=1)
    return offer
