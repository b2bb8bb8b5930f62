"""What staff do with a job by hand: giving and moving."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.enums import TechnicianTier
from catalog.models import FeeRate
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import IllegalTransition
from fixmate.core.models import AuditEntry
from jobs.enums import CancelReason, JobEventKind, JobStatus, PriceKind
from jobs.errors import BookingOverlap
from jobs.events import JobAssigned, JobReleased
from jobs.services import job_release_by_technician
from jobs.tests.factories import JOB_IN, job_assigned, job_matching, job_unmatched, price_for
from jobs.tests.helpers import kinds_of, north_of, nothing_written, outbox, put, rows_of, stored
from matching.enums import OfferEventKind, OfferSource, OfferStatus
from matching.errors import TechnicianHasJob
from matching.models import Offer, OfferEvent
from matching.tests.by_hand import (
    WHY,
    assign,
    events_of,
    offers_of,
    transfer,
    withdrawn,
)
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand_allowed")]


HOUR = timedelta(hours=1)


# Giving


@pytest.mark.parametrize("make", [job_matching, job_unmatched])
def test_assign_gives_the_job_and_is_audited(noon, dispatcher, make):
    job, technician = make(created_at=noon), TechnicianFactory()
    before = job.status

    offer = assign(job, technician, dispatcher)

    after = stored(job)
    assert (after.status, after.technician_id, after.assigned_at) == (JobStatus.ASSIGNED, technician.pk, noon)
    assert after.next_pass_at is None
    assert (offer.status, offer.source, offer.number) == (OfferStatus.ACCEPTED, OfferSource.STAFF, 1)
    assert (offer.created_at, offer.closed_at, offer.expires_at) == (noon, noon, noon + timedelta(seconds=60))
    assert (offer.amount_minor, offer.technician_earnings_minor, offer.currency) == (10_000, 8_500, "USD")
    assert (offer.matching_pass_id, offer.search_number) == (None, job.search_number)
    assert events_of(offer) == [OfferEventKind.CREATED, OfferEventKind.ACCEPTED]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("job.assign", dispatcher.pk, WHY)
    assert entry.before == {"status": before, "technician_id": None}
    assert entry.after == {"status": "ASSIGNED", "technician_id": str(technician.pk)}
    assert outbox() == rows_of(JobAssigned(job_id=job.pk, technician_id=technician.pk))


def test_assign_pays_by_the_price_that_holds(noon, dispatcher):
    job = job_unmatched(created_at=noon)
    price_for(job, PriceKind.QUOTE_REVISION, amount_minor=15_000, revision=2)

    offer = assign(job, TechnicianFactory(), dispatcher)

    assert (offer.amount_minor, offer.technician_earnings_minor) == (15_000, 12_750)


@pytest.mark.parametrize(("act", "make"), [(assign, job_matching), (transfer, job_assigned)])
def test_by_hand_a_partner_is_paid_by_his_own_terms(noon, dispatcher, act, make):
    FeeRate.objects.create(name="partner", rate="0.1000", tier=TechnicianTier.PARTNER, valid_from=noon - HOUR)
    partner = TechnicianFactory(tier=TechnicianTier.PARTNER)

    offer = act(make(created_at=noon), partner, dispatcher)

    assert (offer.amount_minor, offer.technician_earnings_minor) == (10_000, 9_000)


def test_assign_takes_an_open_offer_back_first(noon, dispatcher):
    offer, technician = OfferFactory(), TechnicianFactory()

    assign(offer.job, technician, dispatcher)

    assert offers_of(offer.job) == [
        (offer.technician_id, OfferStatus.WITHDRAWN),
        (technician.pk, OfferStatus.ACCEPTED),
    ]
    assert outbox() == rows_of(withdrawn(offer), JobAssigned(job_id=offer.job_id, technician_id=technician.pk))


def test_assign_of_a_job_given_back_a_moment_ago(noon, dispatcher):
    held, technician = offer_accepted(created_at=noon), TechnicianFactory()
    job_release_by_technician(job_id=held.job_id, actor=held.technician.user, reason=CancelReason.CANNOT_COME)

    assign(held.job, technician, dispatcher)

    assert offers_of(held.job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]


def test_assign_to_who_is_looking_at_another_offer(dispatcher):
    job, other = job_matching(), OfferFactory()

    assign(job, other.technician, dispatcher)

    assert stored(job).technician_id == other.technician_id
    assert Offer.objects.get(pk=other.pk).status == OfferStatus.PENDING


@pytest.mark.parametrize("has_position", [True, False])
def test_assign_measures_from_where_he_is_or_from_his_base(noon, dispatcher, has_position):
    job = job_matching(created_at=noon)
    base = north_of(job, 3_000)
    technician = TechnicianFactory(base_latitude=base.latitude, base_longitude=base.longitude)
    if has_position:
        put(technician, north_of(job, 1_000), noon)

    offer = assign(job, technician, dispatcher)

    assert offer.distance_m == (1_000 if has_position else 3_000)


@pytest.mark.parametrize(
    "status", [status for status in JobStatus if status not in (JobStatus.MATCHING, JobStatus.UNMATCHED)]
)
def test_assign_needs_a_search_that_is_on_or_found_nobody(dispatcher, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        assign(job, technician, dispatcher)

    assert refusal.value.details == {"state": status, "action": "assign"}


def test_assign_of_overlapping_work_leaves_everything_as_it_was(noon, dispatcher):
    offer, busy = OfferFactory(job=job_matching(created_at=noon)), job_assigned(created_at=noon).technician

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        assign(offer.job, busy, dispatcher)

    assert type(conflict_of(refusal.value)) is BookingOverlap
    assert offers_of(offer.job) == [(offer.technician_id, OfferStatus.PENDING)]


# Moving


def test_transfer_moves_the_job_in_one_step(noon, dispatcher):
    held = offer_accepted(created_at=noon)
    job, technician = held.job, TechnicianFactory()

    offer = transfer(job, technician, dispatcher)

    after = stored(job)
    assert (after.status, after.technician_id, after.rematch_count) == (JobStatus.ASSIGNED, technician.pk, 0)
    assert offers_of(job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]
    assert (offer.source, offer.number) == (OfferSource.STAFF, 2)
    released = OfferEvent.objects.get(offer=held, kind=OfferEventKind.RELEASED)
    assert (released.actor_id, released.note) == (dispatcher.pk, "TRANSFERRED")
    assert kinds_of(job)[-2:] == [JobEventKind.RELEASED, JobEventKind.ASSIGNED]
    assert Technician.objects.get(pk=held.technician_id).jobs_released == 0
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("job.transfer", WHY)
    assert entry.before == {"status": "ASSIGNED", "technician_id": str(held.technician_id)}
    assert entry.after == {"status": "ASSIGNED", "technician_id": str(technician.pk)}
    assert outbox() == rows_of(
        JobReleased(job_id=job.pk, technician_id=held.technician_id, reason="TRANSFERRED"),
        JobAssigned(job_id=job.pk, technician_id=technician.pk),
    )


def test_transfer_is_settled_when_its_events_are_heard(noon, dispatcher, drain):
    held = offer_accepted(created_at=noon)
    technician = TechnicianFactory()

    transfer(held.job, technician, dispatcher)
    drain()

    assert stored(held.job).technician_id == technician.pk
    assert offers_of(held.job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]


def test_transfer_keeps_the_reason_off_the_timeline_both_can_read(dispatcher):
    job = offer_accepted().job

    transfer(job, TechnicianFactory(), dispatcher)

    assert list(job.events.exclude(note="")) == []


def test_transfer_to_who_has_it_is_refused(dispatcher):
    job = offer_accepted().job

    with nothing_written(), pytest.raises(TechnicianHasJob):
        transfer(job, job.technician, dispatcher)


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.ASSIGNED])
def test_transfer_is_possible_while_assigned_alone(dispatcher, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        transfer(job, technician, dispatcher)

    assert refusal.value.details == {"state": status, "action": "transfer"}


def test_transfer_to_one_who_has_other_work_then_leaves_everything_as_it_was(noon, dispatcher):
    held, busy = offer_accepted(created_at=noon), job_assigned(created_at=noon).technician

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        transfer(held.job, busy, dispatcher)

    assert type(conflict_of(refusal.value)) is BookingOverlap
    assert offers_of(held.job) == [(held.technician_id, OfferStatus.ACCEPTED)]
