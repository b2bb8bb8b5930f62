from datetime import timedelta

import pytest

from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.services import job_rematch_by_customer
from jobs.tests.factories import JobFactory, job_matching
from matching.enums import Gate, OfferStatus, PassOutcome
from matching.models import Offer
from matching.services import matching_pass_request_due, matching_run_pass, offer_expire_due, passes
from matching.tests.factories import OfferFactory, offer_rejected
from matching.tests.helpers import near, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


# Timers, radius, budget


def test_nobody_found_is_looked_for_again_soon(job, noon):
    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.outcome, this_pass.looked_at) == (PassOutcome.NOBODY, 0)
    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=15)


def test_last_look_comes_when_the_budget_ends(job, noon):
    matching_run_pass(job_id=job.pk)

    with clock.frozen(noon + timedelta(seconds=595)):
        matching_run_pass(job_id=job.pk)

    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=600)


def test_radius_widens_at_once_while_nobody_at_all_is_within_it(job):
    technician = near(job, 12.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.radius_m == 14_000
    assert Offer.objects.get().technician == technician


def test_radius_widens_with_time_while_those_within_it_refuse(job, noon):
    offer_rejected(job=job, technician=near(job, 1.0), created_at=noon, number=1)
    farther = near(job, 8.0)

    first = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=60)):
        farther.position.location_at = noon + timedelta(seconds=60)
        farther.position.save()
        second = matching_run_pass(job_id=job.pk)

    assert (first.radius_m, first.looked_at, first.outcome) == (6_000, 1, PassOutcome.NOBODY)
    assert second.radius_m == 10_000
    assert Offer.objects.get(status=OfferStatus.PENDING).technician == farther


def test_radius_never_passes_its_cap(job):
    near(job, 18.5)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.radius_m, this_pass.looked_at) == (18_000, 0)


def test_spent_budget_ends_in_unmatched_and_says_so(job, noon):
    matching_run_pass(job_id=job.pk)

    with clock.frozen(noon + timedelta(seconds=600)):
        last = matching_run_pass(job_id=job.pk)

    job = Job.objects.get()
    assert (last.outcome, job.status, job.next_pass_at) == (PassOutcome.EXHAUSTED, JobStatus.UNMATCHED, None)
    assert OutboxMessage.objects.filter(task="notifications.job_unmatched").count() == 1


def test_spent_offers_end_in_unmatched(job, noon, settings):
    settings.MAX_OFFERS_PER_JOB = 1
    job = job_matching(created_at=noon)
    offer_rejected(job=job, technician=near(job), created_at=noon)
    near(job)

    assert matching_run_pass(job_id=job.pk).outcome == PassOutcome.EXHAUSTED


def test_equal_candidates_and_verdicts_are_written_once(job, noon):
    near(job, base_latitude=42.40, travel_radius_m=100)

    first, second = matching_run_pass(job_id=job.pk), matching_run_pass(job_id=job.pk)

    assert (first.number, second.number) == (1, 2)
    assert first.digest == second.digest
    assert (first.decisions.count(), second.decisions.count()) == (1, 0)


# Who is asked again


def test_who_refused_is_not_asked_again_even_in_another_search(job, noon):
    technician = near(job)
    matching_run_pass(job_id=job.pk)
    offer = Offer.objects.get()
    offer.reject(reason="BUSY", note="", at=noon)
    offer.save()
    with clock.frozen(noon + timedelta(seconds=600)):
        matching_run_pass(job_id=job.pk)
        job_rematch_by_customer(job_id=job.pk, actor=job.customer)

        again = matching_run_pass(job_id=job.pk)

    decision = again.decisions.get(technician=technician)
    assert verdict(decision, Gate.NOT_TRIED)["value"] == OfferStatus.REJECTED


def test_who_let_it_lapse_is_asked_again_in_the_next_search_only(job, noon, settings):
    settings.POSITION_FRESH_S = 10_000
    near(job)
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=61)):
        offer_expire_due()
        same_search = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=600)):
        matching_run_pass(job_id=job.pk)
        job_rematch_by_customer(job_id=job.pk, actor=job.customer)
        next_search = matching_run_pass(job_id=job.pk)

    assert [same_search.outcome, next_search.outcome] == [PassOutcome.NOBODY, PassOutcome.OFFERED]
    assert list(Offer.objects.order_by("number").values_list("number", "search_number")) == [(1, 1), (2, 2)]


# For later


def test_job_for_later_waits_for_its_lead_time(noon):
    job = JobFactory(created_at=noon, scheduled_for=noon + timedelta(hours=5))
    near(job)

    early = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(hours=3)):
        technician = near(job)
        due = matching_run_pass(job_id=job.pk)
        offer = Offer.objects.get()

    assert early is None
    assert (due.outcome, offer.technician) == (PassOutcome.OFFERED, technician)
    assert offer.expires_at == noon + timedelta(hours=3, seconds=180)


def test_far_ahead_of_the_visit_bases_count_and_positions_do_not(noon, settings):
    settings.DISPATCH_LEAD_S = 86_400
    job = JobFactory(created_at=noon, scheduled_for=noon + timedelta(hours=6))
    technician = near(job, 1.0)
    with clock.frozen(noon + timedelta(hours=1)):
        this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == technician
    assert verdict(this_pass.decisions.get(), Gate.POSITION) == {
        "gate": "POSITION",
        "passed": True,
        "value": 3600,
        "limit": 120,
        "reason": "",
    }


# The timer


def test_due_jobs_are_ordered_a_pass_once(job, noon):
    ordered = matching_pass_request_due()
    again = matching_pass_request_due()

    assert (ordered, again) == (1, 0)
    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=15)
    assert OutboxMessage.objects.filter(task="matching.run_pass", payload__job_id=str(job.pk)).count() == 1


def test_job_that_is_not_due_is_left_alone(noon):
    JobFactory(created_at=noon, next_pass_at=noon + timedelta(seconds=1))

    assert matching_pass_request_due() == 0


def test_order_is_dropped_when_the_job_has_gone_on_meanwhile(job):
    OfferFactory(job=job_matching(created_at=job.created_at))
    offered = Job.objects.exclude(pk=job.pk).get()

    assert passes._request_pass(offered.pk) is False
