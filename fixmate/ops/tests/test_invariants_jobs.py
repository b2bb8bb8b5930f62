"""What must hold of jobs and offers, broken with the guards lifted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fixmate.ops.tests.breaking import broken_names, key_of, lifted, set_behind
from jobs.models import Job, JobEvent
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
)
from matching.models import Offer
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks_back_on")]


@pytest.mark.parametrize("make", [job_assigned, job_in_progress, job_completed])
def test_job_without_its_accepted_offer_is_found(make):
    make()

    assert broken_names() == ["job_has_one_accepted_offer"]


def test_job_with_the_accepted_offer_of_another_technician_is_found():
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    with lifted():
        set_behind(Offer, offer.pk, technician_id=key_of(TechnicianFactory().pk))

    assert broken_names() == ["job_has_one_accepted_offer", "offer_fits_job", "answers_are_those_of_the_offers"]


def test_job_with_two_accepted_offers_is_found():
    offer = offer_accepted()
    with lifted(("matching_offer", "offer_one_live_per_job")):
        second = OfferFactory(job=offer.job, technician=offer.technician, number=2)
        second.accept(at=second.created_at)
        second.save()
        Technician.objects.update(recent_decided=2, recent_accepted=2)

    assert broken_names() == ["job_has_one_accepted_offer"]


@pytest.mark.parametrize(("age", "expected"), [(29, []), (31, ["offer_fits_job"])])
def test_open_offer_of_a_cancelled_job_is_found_after_a_moment(age, expected):
    at = timezone.now()
    offer = OfferFactory(job=job_matching(created_at=at - timedelta(minutes=1)), created_at=at)
    offer.job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=at - timedelta(seconds=age))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="CANCELLED", status="CANCELLED", at=at)

    assert broken_names() == expected


@pytest.mark.parametrize(("age", "expected"), [(29, []), (31, ["offer_fits_job"])])
def test_accepted_offer_of_a_job_that_was_given_back_is_found_after_a_moment(age, expected):
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    offer.job.release(at=timezone.now() - timedelta(seconds=age))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="RELEASED", status="MATCHING", at=timezone.now())

    assert broken_names() == expected


def test_accepted_offer_of_a_job_cancelled_while_assigned_is_in_order():
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    offer.job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=timezone.now() - timedelta(minutes=4))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="CANCELLED", status="CANCELLED", at=timezone.now())

    assert broken_names() == []


@pytest.mark.parametrize(("late", "expected"), [(9, []), (11, ["offer_expires"])])
def test_offer_open_past_its_deadline_is_found(late, expected):
    OfferFactory(created_at=timezone.now() - timedelta(seconds=60 + late))

    assert broken_names() == expected


def test_job_in_matching_with_no_way_on_is_found():
    job = job_matching()
    Job.objects.filter(pk=job.pk).update(next_pass_at=None)

    assert broken_names() == ["matching_goes_on"]


def test_job_in_matching_with_an_offer_and_a_timer_is_found():
    offer = OfferFactory()
    Job.objects.filter(pk=offer.job_id).update(next_pass_at=timezone.now())

    assert broken_names() == ["matching_goes_on"]


def test_job_in_another_state_than_its_timeline_says_is_found():
    job = JobFactory()
    JobEvent.objects.create(job=job, kind="CANCELLED", status="CANCELLED", at=timezone.now())

    assert broken_names() == ["job_is_where_its_timeline_ends"]


def test_job_without_a_timeline_is_found():
    with lifted():
        JobEvent.objects.filter(job=JobFactory()).delete()

    assert broken_names() == ["job_is_where_its_timeline_ends"]


def test_technician_working_on_two_jobs_is_found():
    first = offer_accepted(created_at=timezone.now() - timedelta(hours=5))
    second = offer_accepted(first.technician)
    with lifted(("jobs_job", "job_one_in_progress_per_technician")):
        for job in (first.job, second.job):
            job.start(at=job.created_at)
            job.save()
            JobEvent.objects.create(job=job, kind="STARTED", status="IN_PROGRESS", at=job.created_at)

    assert broken_names() == ["technician_works_on_one_job"]


def test_overlapping_bookings_are_found():
    offer = offer_accepted()
    with lifted(("jobs_job", "job_no_overlapping_bookings")):
        offer_accepted(offer.technician)

    assert broken_names() == ["bookings_do_not_overlap"]


def test_bookings_one_after_the_other_are_in_order():
    at = timezone.now()
    offer = offer_accepted(created_at=at)
    offer_accepted(offer.technician, created_at=at - timedelta(minutes=60))

    assert broken_names() == []
