"""What the tests of what staff do by hand share."""

from jobs.models import Job
from jobs.services import block_set
from jobs.tests.factories import job_completed
from matching.events import OfferWithdrawn
from matching.models import Offer, OfferEvent
from matching.services import job_assign_by_hand, job_exclude, job_transfer_by_hand

WHY = "The customer asked for him on the phone."


def exclude(job, technician, actor, reason=WHY):
    return job_exclude(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def assign(job, technician, actor, reason=WHY):
    return job_assign_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def transfer(job, technician, actor, reason=WHY):
    return job_transfer_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def offers_of(job):
    """The job's offers as (technician, status), in their order."""
    return list(Offer.objects.filter(job=job).order_by("number").values_list("technician_id", "status"))


def events_of(offer):
    return list(OfferEvent.objects.filter(offer=offer).order_by("pk").values_list("kind", flat=True))


def withdrawn(offer):
    return OfferWithdrawn(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id)


def met(customer):
    """Return a technician who has worked for the customer."""
    return job_completed(customer=customer).technician


def blocked(customer, technician):
    job = Job.objects.get(customer=customer, technician=technician)
    return block_set(job_id=job.pk, actor=customer)[0]
