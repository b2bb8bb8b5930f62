"""Keeping a technician from a job, and two from each other."""

from datetime import timedelta

import pytest
from django.db import transaction

from fixmate.core.errors import IllegalTransition
from fixmate.core.events import publish
from fixmate.core.models import AuditEntry, OutboxMessage
from jobs.enums import BlockSide, JobStatus
from jobs.events import BlockSet
from jobs.models import Block
from jobs.services import block_lift
from jobs.tests.factories import JOB_IN, job_matching, job_unmatched
from jobs.tests.helpers import nothing_written, outbox, rows_of, stored
from matching.enums import OfferEventKind, OfferStatus
from matching.errors import TechnicianHasJob
from matching.events import PassDue
from matching.models import Exclusion, Offer
from matching.selectors import exclusions_of
from matching.services import offers_withdraw_blocked
from matching.tests.by_hand import (
    WHY,
    blocked,
    events_of,
    exclude,
    met,
    offers_of,
    withdrawn,
)
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand_allowed")]


# From a job


def test_exclude_keeps_the_technician_from_the_job(noon, staff):
    job, technician = job_matching(created_at=noon), TechnicianFactory()

    exclusion, is_new = exclude(job, technician, staff)

    assert (exclusion, is_new) == (Exclusion.objects.get(), True)
    assert (exclusion.job_id, exclusion.technician_id, exclusion.reason) == (job.pk, technician.pk, WHY)
    assert (exclusion.created_by_id, exclusion.created_at) == (staff.pk, noon)
    assert exclusions_of(job.pk) == {technician.pk: WHY}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.target_id) == ("job.exclude", WHY, str(job.pk))
    assert entry.after == {"technician_id": str(technician.pk)}
    assert outbox() == []


def test_exclude_takes_his_open_offer_back_and_searches_on(noon, staff):
    offer = OfferFactory(job=job_matching(created_at=noon), created_at=noon)

    exclude(offer.job, offer.technician, staff)

    assert offers_of(offer.job) == [(offer.technician_id, OfferStatus.WITHDRAWN)]
    assert events_of(offer)[-1] == OfferEventKind.WITHDRAWN
    assert stored(offer.job).next_pass_at == noon + timedelta(seconds=15)
    assert outbox() == rows_of(withdrawn(offer), PassDue(job_id=offer.job_id))


def test_exclude_leaves_the_offer_of_somebody_else(noon, staff):
    offer, technician = OfferFactory(), TechnicianFactory()

    exclude(offer.job, technician, staff)

    assert offers_of(offer.job) == [(offer.technician_id, OfferStatus.PENDING)]
    assert outbox() == []


def test_exclude_again_stays_as_it_is(staff):
    job, technician = job_matching(), TechnicianFactory()
    first, _ = exclude(job, technician, staff)

    with nothing_written():
        second, is_new = exclude(job, technician, staff, reason="Another.")

    assert (second, is_new, second.reason) == (first, False, WHY)
    assert Exclusion.objects.count() == 1


def test_exclude_from_a_job_of_his_is_a_transfer(staff):
    job = offer_accepted().job

    with nothing_written(), pytest.raises(TechnicianHasJob):
        exclude(job, job.technician, staff)

    assert Exclusion.objects.count() == 0


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.CANCELLED])
def test_exclude_is_for_open_jobs(staff, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        exclude(job, technician, staff)

    assert refusal.value.details == {"state": status, "action": "exclude"}
    assert Exclusion.objects.count() == 0


# From each other


def test_block_takes_back_the_open_offer_between_the_two(noon):
    job = job_matching(created_at=noon)
    technician = met(job.customer)
    offer = OfferFactory(job=job, technician=technician, created_at=noon)
    blocked(job.customer, technician)
    OutboxMessage.objects.all().delete()

    for _ in range(2):
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert offers_of(job) == [(technician.pk, OfferStatus.WITHDRAWN)]
    assert stored(job).next_pass_at == noon + timedelta(seconds=15)
    assert outbox() == rows_of(withdrawn(offer), PassDue(job_id=job.pk))


def test_block_leaves_his_offer_of_another_customers_job():
    job = job_matching()
    technician = met(job.customer)
    OfferFactory(technician=technician)
    blocked(job.customer, technician)

    with nothing_written():
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert Offer.objects.get().status == OfferStatus.PENDING


def test_block_that_was_lifted_meanwhile_takes_nothing_back():
    job = job_matching()
    technician = met(job.customer)
    OfferFactory(job=job, technician=technician)
    block_lift(block_id=blocked(job.customer, technician).pk, actor=job.customer)

    with nothing_written():
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert Offer.objects.get().status == OfferStatus.PENDING


def test_block_takes_back_the_offer_of_a_job_that_is_over_without_searching_on(noon):
    job = job_unmatched(created_at=noon)
    technician = met(job.customer)
    offer = OfferFactory(job=job, technician=technician, created_at=noon)
    blocked(job.customer, technician)
    OutboxMessage.objects.all().delete()

    offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert outbox() == rows_of(withdrawn(offer))


def test_block_is_heard(drain):
    job = job_matching()
    technician = met(job.customer)
    OfferFactory(job=job, technician=technician)
    Block.objects.create(
        customer=job.customer,
        technician=technician,
        set_by=BlockSide.TECHNICIAN,
        job=job,
        created_at=job.created_at,
    )

    with transaction.atomic():
        publish(BlockSet(customer_id=job.customer_id, technician_id=technician.pk))
    drain()

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN
